/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A single ZeroMQ socket, not yet open: immutable, each method returns a changed copy. {@link #open()} gives the open
 * socket; {@link #receive()} and {@link #send} are short forms that open it for one subscription.
 *
 * <p>Its backpressure is ZeroMQ's: a receiver without demand fills the queues up to the high-water marks of both sides,
 * and then the sender's {@code send} stops asking its source.
 */
public final class ZmqSocket extends SocketOptions {

    private final SocketSettings settings;
    private final List<Endpoint> endpoints;
    private final @Nullable ZmqResources resources;

    private ZmqSocket(SocketSettings settings, List<Endpoint> endpoints, @Nullable ZmqResources resources) {
        this.settings = settings;
        this.endpoints = endpoints;
        this.resources = resources;
    }

    private static ZmqSocket of(SocketType type) {
        return new ZmqSocket(SocketSettings.of(type), List.of(), null);
    }

    /**
     * Returns a PULL: receives from all its peers in turn.
     *
     * @return the socket
     */
    public static ZmqSocket pull() {
        return of(SocketType.PULL);
    }

    /**
     * Returns a PUSH: sends each message to one of its peers, in turn, and waits while none has room.
     *
     * @return the socket
     */
    public static ZmqSocket push() {
        return of(SocketType.PUSH);
    }

    /**
     * Returns a PUB: sends each message to all peers that have subscribed to how it begins, and drops it for those that
     * have no room, unless {@link #waitForFullPeers} says otherwise.
     *
     * @return the socket
     */
    public static ZmqSocket pub() {
        return of(SocketType.PUB);
    }

    /**
     * Returns a SUB: receives the messages that begin with one of its topics. A publisher may drop messages for it while
     * it has no demand.
     *
     * @param topics what to subscribe to, in UTF-8; the empty text is for all messages, no topic for none before {@link
     *     ZmqConnection#subscribe}
     * @return the socket
     */
    public static ZmqSocket sub(String... topics) {
        for (String topic : topics) {
            Objects.requireNonNull(topic, "topic");
        }
        return new ZmqSocket(SocketSettings.of(SocketType.SUB).topics(topics), List.of(), null);
    }

    /**
     * Returns an XPUB: a PUB that receives what its peers subscribe to. They are kept until they are received.
     *
     * @return the socket
     */
    public static ZmqSocket xpub() {
        return of(SocketType.XPUB);
    }

    /**
     * Returns a PAIR: sends to and receives from one peer, and ignores all others.
     *
     * @return the socket
     */
    public static ZmqSocket pair() {
        return of(SocketType.PAIR);
    }

    /**
     * Returns a DEALER: sends to its peers in turn and waits while it has none, receives from all in turn.
     *
     * @return the socket
     */
    public static ZmqSocket dealer() {
        return of(SocketType.DEALER);
    }

    /**
     * Returns a ROUTER: each message it receives begins with the routing id of its peer, each message it sends with
     * the routing id of the peer it is for.
     *
     * @return the socket
     */
    public static ZmqSocket router() {
        return of(SocketType.ROUTER);
    }

    /**
     * Returns a REQ: sends a request to one of its peers, in turn, then receives the reply, and so on. A request before
     * the reply fails with {@link ZmqUndeliverableException}, unless the socket is {@link #relaxed}.
     *
     * @return the socket
     */
    public static ZmqSocket req() {
        return of(SocketType.REQ);
    }

    /**
     * Returns a REP: receives a request, then sends the reply, and so on. A reply without a request fails with {@link
     * ZmqUndeliverableException}; one to a peer that has gone is dropped.
     *
     * @return the socket
     */
    public static ZmqSocket rep() {
        return of(SocketType.REP);
    }

    /**
     * Binds to an address, too, when it is opened. Any number of binds and connects may be given.
     *
     * @param endpoint {@code tcp://HOST:PORT} ({@code *} as the port takes a free one) or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqSocket bind(String endpoint) {
        return with(Endpoint.bind(endpoint));
    }

    /**
     * Connects to an address, too, when it is opened; ZeroMQ goes on trying while nobody is there. What is sent waits
     * until one of the connections over {@code tcp} is up for the first time, unless the socket also binds or uses
     * {@code inproc}.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqSocket connect(String endpoint) {
        return with(Endpoint.connect(endpoint));
    }

    private ZmqSocket with(Endpoint endpoint) {
        if (endpoints.contains(endpoint) && !endpoint.address().endsWith("*")) {
            throw new IllegalArgumentException(endpoint + " is named twice");
        }
        return new ZmqSocket(
                settings, Stream.concat(endpoints.stream(), Stream.of(endpoint)).toList(), resources);
    }

    /**
     * Sets what the socket runs on. Default: {@link ZmqResources#shared()}.
     *
     * @param resources the resources
     * @return a changed copy
     */
    public ZmqSocket runOn(ZmqResources resources) {
        return new ZmqSocket(settings, endpoints, Objects.requireNonNull(resources, "resources"));
    }

    @Override
    SocketSettings settings() {
        return settings;
    }

    @Override
    ZmqSocket with(SocketSettings changed) {
        return new ZmqSocket(changed, endpoints, resources);
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
        if (endpoints.isEmpty()) {
            throw new IllegalStateException("neither bind nor connect was called");
        }
        ZmqResources runOn = resources == null ? ZmqResources.shared() : resources;
        return new SocketConnection(runOn, settings, endpoints);
    }

    /**
     * Opens the socket for each subscription, receives, and closes it on cancel and error; see
     * {@link ZmqConnection#receive()}.
     *
     * @return the messages
     */
    public Flux<ZmqMessage> receive() {
        settings.requireReceives();
        return Flux.usingWhen(opening(), c -> c.flatMapMany(ZmqConnection::receive), ZmqSocket::close);
    }

    /**
     * Like {@link #receive()} for messages of one frame; see {@link ZmqConnection#receiveBytes()}.
     *
     * @return the bytes of each message
     */
    public Flux<ByteBuffer> receiveBytes() {
        settings.requireReceives();
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
        settings.requireSends();
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
        settings.requireSends();
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
        return settings.type() + " " + (endpoints.isEmpty() ? "without an endpoint" : endpoints);
    }
}
