/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import zmq.ZMQ;

/**
 * A single ZeroMQ socket, not yet open: immutable, each method returns a changed copy. {@link #open()} gives the open
 * socket; {@link #receive()} and {@link #send} are short forms that open it for one subscription.
 *
 * <p>Its backpressure is ZeroMQ's: a receiver without demand fills the queues up to the high-water marks of both sides,
 * and then the sender's {@code send} stops asking its source.
 */
public final class ZmqSocket {

    private static final int HIGH_WATER_MARK = 1000;
    private static final long MAX_MESSAGE_BYTES = 64L << 20;
    private static final Duration LINGER = Duration.ofSeconds(1);

    private final SocketSettings settings;
    private final Duration linger;
    private final @Nullable Endpoint endpoint;
    private final @Nullable ZmqResources resources;

    private ZmqSocket(
            SocketSettings settings, Duration linger, @Nullable Endpoint endpoint, @Nullable ZmqResources resources) {
        this.settings = settings;
        this.linger = linger;
        this.endpoint = endpoint;
        this.resources = resources;
    }

    private static ZmqSocket of(int type) {
        return new ZmqSocket(
                new SocketSettings(type, HIGH_WATER_MARK, MAX_MESSAGE_BYTES, SocketSettings.BUFFER_BYTES, false),
                LINGER,
                null,
                null);
    }

    /**
     * Returns a DEALER: sends to its peers in turn and waits while it has none, receives from all in turn.
     *
     * @return the socket
     */
    public static ZmqSocket dealer() {
        return of(ZMQ.ZMQ_DEALER);
    }

    /**
     * Returns a ROUTER: each message it receives begins with the routing id of its peer, each message it sends with
     * the routing id of the peer it is for.
     *
     * @return the socket
     */
    public static ZmqSocket router() {
        return of(ZMQ.ZMQ_ROUTER);
    }

    /**
     * Binds to an address when it is opened.
     *
     * @param endpoint {@code tcp://HOST:PORT} ({@code *} as the port takes a free one) or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqSocket bind(String endpoint) {
        return new ZmqSocket(settings, linger, Endpoint.bind(endpoint), resources);
    }

    /**
     * Connects to an address when it is opened; ZeroMQ goes on trying while nobody is there.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqSocket connect(String endpoint) {
        return new ZmqSocket(settings, linger, Endpoint.connect(endpoint), resources);
    }

    /**
     * Sets what the socket runs on. Default: {@link ZmqResources#shared()}.
     *
     * @param resources the resources
     * @return a changed copy
     */
    public ZmqSocket runOn(ZmqResources resources) {
        return new ZmqSocket(settings, linger, endpoint, Objects.requireNonNull(resources, "resources"));
    }

    /**
     * Sets how many messages ZeroMQ queues for each peer, in each direction. Default: {@value #HIGH_WATER_MARK}. The
     * memory bound is this number times the size of a message, for each peer.
     *
     * @param messages the number, at least 1
     * @return a changed copy
     */
    public ZmqSocket highWaterMark(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("highWaterMark must be at least 1, was " + messages);
        }
        return with(new SocketSettings(
                settings.type(), messages, settings.maxMessageBytes(), settings.bufferBytes(), false));
    }

    /**
     * Limits the size of a received frame; a peer that sends a larger one is disconnected. Default: 64 MiB.
     *
     * @param bytes the limit, at least 1
     * @return a changed copy
     */
    public ZmqSocket maxMessageBytes(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("maxMessageBytes must be at least 1, was " + bytes);
        }
        return with(
                new SocketSettings(settings.type(), settings.highWaterMark(), bytes, settings.bufferBytes(), false));
    }

    /**
     * Sets the size of the kernel's send and receive buffers of each TCP connection, and with it how many bytes ZeroMQ
     * moves at once. Default: 1 MiB.
     *
     * @param bytes the size, at least 8192
     * @return a changed copy
     */
    public ZmqSocket bufferBytes(int bytes) {
        if (bytes < 8192) {
            throw new IllegalArgumentException("bufferBytes must be at least 8192, was " + bytes);
        }
        return with(new SocketSettings(
                settings.type(), settings.highWaterMark(), settings.maxMessageBytes(), bytes, false));
    }

    /**
     * Sets how long ZeroMQ goes on sending what it has taken when the socket is disposed. Default: 1 second.
     *
     * @param linger the time, 0 for not at all
     * @return a changed copy
     */
    public ZmqSocket linger(Duration linger) {
        if (linger.isNegative() || linger.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("linger must be between 0 and 24 days, was " + linger);
        }
        return new ZmqSocket(settings, linger, endpoint, resources);
    }

    private ZmqSocket with(SocketSettings changed) {
        return new ZmqSocket(changed, linger, endpoint, resources);
    }

    /**
     * Opens the socket. Runs on a thread that may block, for a host name may have to be resolved.
     *
     * @return the open socket, or {@link ZmqException} if it cannot be bound or connected; whoever subscribes disposes
     *     it, but for one that is opened after a cancel, which is disposed at once
     */
    public Mono<ZmqConnection> open() {
        return Opening.of(ZmqConnection.class, this::openNow);
    }

    /**
     * Opens the socket on the calling thread, which a host name may block for a while.
     *
     * @return the open socket; whoever calls disposes it
     * @throws ZmqException if it cannot be bound or connected
     */
    public ZmqConnection openNow() {
        if (endpoint == null) {
            throw new IllegalStateException("neither bind nor connect was called");
        }
        ZmqResources runOn = resources == null ? ZmqResources.shared() : resources;
        return new SocketConnection(runOn, settings, endpoint, (int) linger.toMillis());
    }

    /**
     * Opens the socket for each subscription, receives, and closes it on cancel and error; see
     * {@link ZmqConnection#receive()}.
     *
     * @return the messages
     */
    public Flux<ZmqMessage> receive() {
        return Flux.usingWhen(opening(), c -> c.flatMapMany(ZmqConnection::receive), ZmqSocket::close);
    }

    /**
     * Like {@link #receive()} for messages of one frame; see {@link ZmqConnection#receiveBytes()}.
     *
     * @return the bytes of each message
     */
    public Flux<ByteBuffer> receiveBytes() {
        return Flux.usingWhen(opening(), c -> c.flatMapMany(ZmqConnection::receiveBytes), ZmqSocket::close);
    }

    /**
     * Opens the socket for each subscription, sends, and closes it; see {@link ZmqConnection#send}.
     *
     * @param messages the messages
     * @return completes when ZeroMQ has taken all messages and the socket is closed, which leaves it the linger time to
     *     send them
     */
    public Mono<Void> send(Publisher<ZmqMessage> messages) {
        return sending(connection -> connection.send(messages));
    }

    /**
     * Like {@link #send} for messages of one frame; see {@link ZmqConnection#sendBytes}.
     *
     * @param messages the bytes of each message
     * @return completes when ZeroMQ has taken all messages and the socket is closed, which leaves it the linger time to
     *     send them
     */
    public Mono<Void> sendBytes(Publisher<ByteBuffer> messages) {
        return sending(connection -> connection.sendBytes(messages));
    }

    private Mono<Void> sending(Function<ZmqConnection, Mono<Void>> send) {
        return Mono.usingWhen(opening(), c -> c.flatMap(send), ZmqSocket::close);
    }

    /**
     * A socket that is being opened, whatever becomes of who waits for it: a cancel finds it and closes it when it is
     * open, which a cancel of {@link #open()} cannot promise in the instant when the socket is handed on.
     */
    private Mono<Mono<ZmqConnection>> opening() {
        return Mono.fromCallable(() -> {
            Sinks.One<ZmqConnection> opened = Sinks.one();
            open().subscribe(opened::tryEmitValue, opened::tryEmitError);
            return opened.asMono();
        });
    }

    private static Mono<Void> close(Mono<ZmqConnection> opening) {
        return opening.onErrorComplete().flatMap(connection -> {
            connection.dispose();
            return connection.onDispose();
        });
    }

    @Override
    public String toString() {
        return settings.typeName() + " " + (endpoint == null ? "without an endpoint" : endpoint);
    }
}
