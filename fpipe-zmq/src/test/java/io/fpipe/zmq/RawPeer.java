/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;

/** One end of an exchange, made by hand of a raw socket. */
final class RawPeer {

    static final int END = 1;

    private static final byte[] HELLO = {0, 1, 0, 0};

    private final ZmqConnection connection;
    private final boolean router;
    private final BlockingQueue<Received> inbox = new LinkedBlockingQueue<>();

    volatile ByteBuffer routingId;
    volatile long incarnation;

    /** A frame as it came, with its header taken apart. */
    record Received(
            int parts,
            String head,
            int type,
            int flags,
            long incarnation,
            long stream,
            long argument,
            ByteBuffer body,
            ByteBuffer from) {

        byte[] payload() {
            return Bytes.of(body);
        }

        String text() {
            return Bytes.text(body);
        }
    }

    RawPeer(ZmqSocket socket, boolean router) {
        this.connection = socket.openNow();
        this.router = router;
        connection.receive().subscribe(this::received);
    }

    String endpoint() {
        return connection.endpoint();
    }

    ZmqConnection connection() {
        return connection;
    }

    private void received(ZmqMessage message) {
        List<ByteBuffer> frames = new ArrayList<>(message.frames());
        if (router) {
            routingId = frames.remove(0);
        }
        ByteBuffer head = frames.get(0).slice();
        if (head.remaining() < 32) {
            return; // the reply to what a server has taken for the request of a plain peer
        }
        byte[] bytes = new byte[32];
        head.get(bytes);
        if (frames.size() == 2) {
            head = frames.get(1).slice();
        }
        ByteBuffer fields = ByteBuffer.wrap(bytes);
        inbox.add(new Received(
                frames.size(),
                HexFormat.of().formatHex(bytes),
                fields.get(3),
                fields.get(4),
                fields.getLong(8),
                fields.getLong(16),
                fields.getLong(24),
                head,
                routingId));
    }

    /** Sends parts as they are. */
    void sendRaw(ByteBuffer... parts) {
        List<ByteBuffer> frames = new ArrayList<>(List.of(parts));
        if (router) {
            frames.add(0, routingId);
        }
        connection
                .send(Mono.just(ZmqMessage.of(frames.toArray(new ByteBuffer[0]))))
                .block(Rig.SOON);
    }

    /** As a server: sends parts to whoever was heard last, if anybody was and is still there. */
    void offer(ByteBuffer... parts) {
        if (routingId != null) {
            List<ByteBuffer> frames = new ArrayList<>(List.of(parts));
            frames.add(0, routingId);
            connection
                    .send(Mono.just(ZmqMessage.of(frames.toArray(new ByteBuffer[0]))))
                    .onErrorComplete(ZmqException.class)
                    .block(Rig.SOON);
        }
    }

    /** As a server: answers the last hello that came, if one did since. */
    void greet() {
        long before = incarnation;
        for (Received r = poll(); r != null; r = poll()) {
            if (r.type() == 1) {
                incarnation = r.incarnation();
            }
        }
        if (incarnation != before) {
            offer(frame(1, 0, incarnation, 0, 1 << 20, HELLO));
        }
    }

    /** Sends a frame of this peer's incarnation. */
    void send(int type, int flags, long stream, long argument, byte[] payload) {
        sendRaw(frame(type, flags, incarnation, stream, argument, payload));
    }

    void send(int type, int flags, long stream, long argument, String payload) {
        send(type, flags, stream, argument, Bytes.of(Bytes.utf8(payload)));
    }

    static ByteBuffer frame(int type, int flags, long incarnation, long stream, long argument, byte[] payload) {
        return ByteBuffer.allocate(32 + payload.length)
                .put((byte) 0xF1)
                .put((byte) 0x9E)
                .put((byte) 1)
                .put((byte) type)
                .put((byte) flags)
                .put(new byte[3])
                .putLong(incarnation)
                .putLong(stream)
                .putLong(argument)
                .put(payload)
                .flip();
    }

    /** As a client: introduces itself and hears the server's introduction. */
    void hello(long number, long window) {
        incarnation = number;
        send(1, 0, 0, window, HELLO);
        assertThat(next().type()).isEqualTo(1);
    }

    /** The next frame that arrives. */
    Received next() {
        try {
            Received next = inbox.poll(Rig.SOON.toMillis(), TimeUnit.MILLISECONDS);
            assertThat(next).as("a frame arrives").isNotNull();
            return next;
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    /** The next frame of a type; others are passed over. */
    Received next(int type) {
        Received next = next();
        while (next.type() != type) {
            next = next();
        }
        return next;
    }

    Received next(int type, long stream) {
        Received next = next();
        assertThat(next.type()).as("type of %s", next).isEqualTo(type);
        assertThat(next.stream()).isEqualTo(stream);
        assertThat(next.incarnation()).isEqualTo(incarnation);
        return next;
    }

    void nextAbort(long stream, int code) {
        assertThat(next(6, stream).argument()).isEqualTo(code);
    }

    /** The next frame if it is here, or null. */
    Received poll() {
        return inbox.poll();
    }

    boolean inboxIsEmpty() {
        return inbox.isEmpty();
    }

    void clearInbox() {
        inbox.clear();
    }
}
