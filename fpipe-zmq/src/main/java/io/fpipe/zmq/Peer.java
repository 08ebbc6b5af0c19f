/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The other end of an exchange, and the streams between it and this end. */
final class Peer implements Outgoing.Origin {

    /** Payloads from here on are sent as a ZeroMQ frame of their own instead of being copied behind the header. */
    private static final int SEPARATE = 8 << 10;

    private static final int MAX_UNKNOWN = 1024;

    private final EventLoop loop;
    private final OwnedSocket socket;
    private final @Nullable ByteBuffer routingId;
    private final long incarnation;
    private final Consumer<ZmqException> unreachable;
    private final Map<Long, ExchangeStream> streams = new ConcurrentHashMap<>();
    private final AtomicLong lastStream = new AtomicLong();

    /** Loop thread only: how often the peer was told of bytes that belong to no stream. */
    private int unknown;

    private volatile int remoteWindow;
    private volatile int remotePayload;
    private volatile @Nullable Throwable failure;

    Peer(
            EventLoop loop,
            OwnedSocket socket,
            @Nullable ByteBuffer routingId,
            long incarnation,
            Consumer<ZmqException> unreachable) {
        this.loop = loop;
        this.socket = socket;
        this.routingId = routingId;
        this.incarnation = incarnation;
        this.unreachable = unreachable;
    }

    EventLoop loop() {
        return loop;
    }

    long incarnation() {
        return incarnation;
    }

    int remoteWindow() {
        return remoteWindow;
    }

    int remotePayload() {
        return remotePayload;
    }

    /** Whether the peer has introduced itself and was not lost. */
    boolean isReady() {
        return remoteWindow != 0 && failure == null;
    }

    Iterable<ExchangeStream> streams() {
        return streams.values();
    }

    boolean has(long id) {
        return streams.containsKey(id);
    }

    int streamCount() {
        return streams.size();
    }

    /** Begins a stream with the next number. */
    void begin(ExchangeStream stream) {
        begin(stream, lastStream.incrementAndGet());
    }

    void begin(ExchangeStream stream, long id) {
        stream.begin(this, id);
        streams.put(id, stream);
        Throwable lost = failure;
        if (lost != null) { // either this thread sees the failure, or the failing thread sees the stream
            loop.execute(() -> stream.lost(lost));
        }
    }

    void remove(long id) {
        streams.remove(id);
    }

    void sayHello(int window) {
        ByteBuffer payload =
                ByteBuffer.allocate(4).putInt(ExchangeSettings.MAX_PAYLOAD).flip();
        send(Frame.HELLO, 0, 0, window, List.of(payload), payload.remaining());
    }

    /** Takes the peer's introduction; returns false if it makes no sense. */
    boolean hello(Frame frame) {
        if (frame.payload().remaining() < 4 || frame.argument() < ExchangeSettings.MIN_WINDOW) {
            return false;
        }
        int payload = frame.payload().getInt(frame.payload().position());
        if (payload < ExchangeSettings.MIN_COST) {
            return false;
        }
        remotePayload = Math.min(payload, ExchangeSettings.MAX_PAYLOAD);
        remoteWindow = (int) Math.min(frame.argument(), Integer.MAX_VALUE);
        return true;
    }

    void send(int type, int flags, long stream, long argument, List<ByteBuffer> parts, int length) {
        boolean separate = parts.size() == 1 && length >= SEPARATE;
        ByteBuffer head = Frame.header(type, flags, incarnation, stream, argument, separate ? 0 : length);
        ByteBuffer body = null;
        if (separate) {
            body = parts.get(0);
        } else {
            for (ByteBuffer part : parts) {
                head.put(part);
            }
        }
        head.flip();
        socket.send(new Outgoing(this, frames(head, body)));
    }

    private ByteBuffer[] frames(ByteBuffer head, @Nullable ByteBuffer body) {
        if (routingId == null) {
            return body == null ? new ByteBuffer[] {head} : new ByteBuffer[] {head, body};
        }
        return body == null ? new ByteBuffer[] {routingId, head} : new ByteBuffer[] {routingId, head, body};
    }

    /** Hands a frame of a stream to it; on the loop. */
    void dispatch(Frame frame) {
        ExchangeStream stream = streams.get(frame.stream());
        if (stream == null) {
            // a client knows which streams it has had, and what is under way when one ends is no mistake
            if (frame.type() == Frame.DATA && frame.stream() > lastStream.get()) {
                refuse(frame.stream(), ZmqRemoteException.UNKNOWN_STREAM, "no stream " + frame.stream() + " is open");
            }
            return;
        }
        switch (frame.type()) {
            case Frame.DATA -> stream.onData(frame, frame.argument());
            case Frame.CREDIT -> stream.onCredit(frame.argument());
            case Frame.CANCEL -> stream.onCancel();
            case Frame.ABORT -> stream.onAbort((int) frame.argument(), frame.payload());
            default -> {} // a type of a later version
        }
    }

    /** Answers what belongs to no stream, a bounded number of times. */
    void refuse(long stream, int code, String text) {
        if (++unknown <= MAX_UNKNOWN) {
            ByteBuffer payload = StandardCharsets.UTF_8.encode(text);
            send(Frame.ABORT, 0, stream, code, List.of(payload), payload.remaining());
        }
    }

    /** Ends all streams because the peer is lost; on the loop. */
    void fail(Throwable reason) {
        failure = reason;
        streams.values().forEach(stream -> stream.lost(reason));
    }

    /** Ends all streams because this end is disposed, and says so; on the loop. */
    void dispose(Throwable reason) {
        failure = reason;
        send(Frame.GOAWAY, 0, 0, 0, List.of(), 0);
        streams.values().forEach(stream -> stream.disposed(reason));
    }

    @Override
    public void sent(int count) {
        // credit, not the socket, says how much may be sent
    }

    @Override
    public void failed(Outgoing message, ZmqException reason) {
        unreachable.accept(reason);
    }
}
