/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.List;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** A peer that is not fpipe: a single socket, which sends and receives frames. */
final class RawPlain implements Disposable {

    private final ZmqConnection connection;
    private final Probe inbox = new Probe(Long.MAX_VALUE);

    /** One that does not read before {@link #read()}. */
    RawPlain(ZmqSocket socket) {
        connection = socket.openNow();
    }

    static RawPlain reading(ZmqSocket socket) {
        RawPlain peer = new RawPlain(socket);
        peer.read();
        return peer;
    }

    void read() {
        connection.receive().subscribe(inbox);
    }

    String endpoint() {
        return connection.endpoint();
    }

    void send(String... frames) {
        send(Probe.message(frames));
    }

    void send(ByteBuffer... frames) {
        send(ZmqMessage.of(frames));
    }

    void send(ZmqMessage message) {
        connection.send(Mono.just(message)).block(Rig.SOON);
    }

    /** The frames of the next message, as texts. */
    List<String> next() {
        return nextFrames().stream().map(Bytes::text).toList();
    }

    List<ByteBuffer> nextFrames() {
        try {
            return inbox.next().frames();
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    List<String> call(String... frames) {
        send(frames);
        return next();
    }

    @Override
    public void dispose() {
        connection.dispose();
    }
}
