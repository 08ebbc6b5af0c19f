/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A server for {@link ZmqClient}s, not yet serving: immutable, each method returns a changed copy.
 *
 * <p>The handler runs on the loop thread of the {@link ZmqResources}, once for each message, many at a time: work that
 * blocks or takes long belongs on another thread ({@code publishOn}, {@code subscribeOn}). A handler that throws or
 * whose reply fails gives its caller a {@link ZmqRemoteException} with the text of the error; everything else goes on.
 *
 * <p>Peers that are not fpipe are served on the same endpoint: {@link #plainPeers}.
 *
 * <p>What a handler may know of its call, such as its metadata, is in the Reactor {@code Context} of its reply:
 * {@link ZmqCall}. A call is refused without a handler where {@link #limits} do not allow it.
 *
 * <pre>{@code
 * ZmqBinding binding = ZmqServer.create().bind("tcp://127.0.0.1:*").serveNow(Stage.identity());
 * }</pre>
 */
public final class ZmqServer {

    private final ExchangeSettings settings;
    private final Routes routes;
    private final @Nullable Endpoint endpoint;
    private final @Nullable ZmqResources resources;

    private ZmqServer(
            ExchangeSettings settings, Routes routes, @Nullable Endpoint endpoint, @Nullable ZmqResources resources) {
        this.settings = settings;
        this.routes = routes;
        this.endpoint = endpoint;
        this.resources = resources;
        if (endpoint != null) {
            settings.security().check(endpoint);
        }
    }

    /**
     * Returns a server with the defaults, and neither bound nor connected.
     *
     * @return the server
     */
    public static ZmqServer create() {
        return new ZmqServer(ExchangeSettings.DEFAULT, Routes.NONE, null, null);
    }

    /**
     * Binds to an address when it begins to serve.
     *
     * @param endpoint {@code tcp://HOST:PORT} ({@code *} as the port takes a free one) or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqServer bind(String endpoint) {
        return new ZmqServer(settings, routes, Endpoint.bind(endpoint), resources);
    }

    /**
     * Connects to a client that is bound when it begins to serve, and again whenever the connection is lost.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqServer connect(String endpoint) {
        return new ZmqServer(settings, routes, Endpoint.connect(endpoint), resources);
    }

    /**
     * Sets how many bytes of a request may be under way before the handler has taken them: what a client may be ahead
     * in each call, and what a call may hold in memory. A call begins with 64 KiB at most and grows to this while its
     * handler reads, as far as {@link ZmqResources.Options#windowBudget} allows. Default: 4 MiB.
     *
     * @param bytes the window, at least 4096
     * @return a changed copy
     */
    public ZmqServer window(int bytes) {
        return new ZmqServer(settings.withWindow(bytes), routes, endpoint, resources);
    }

    /**
     * Sets the size of the kernel's send and receive buffers of each TCP connection, which the system may cap (Linux:
     * {@code net.core.wmem_max} and {@code rmem_max}), and with it how many bytes ZeroMQ moves at once; it holds as much
     * again for each connection and direction, outside the heap. Over a distance they bound the speed: about as much is
     * on its way in a round-trip time. Default: 128 KiB.
     *
     * @param bytes the size, at least 8192
     * @return a changed copy
     */
    public ZmqServer bufferBytes(int bytes) {
        return new ZmqServer(settings.withBufferBytes(bytes), routes, endpoint, resources);
    }

    /**
     * Sets the limits: what clients may do, and when they are taken for lost. {@link ZmqLimits#maxWaiting} and
     * {@link ZmqLimits#handshakeTimeout} are for clients.
     *
     * @param limits changes the limits
     * @return a changed copy
     */
    public ZmqServer limits(UnaryOperator<ZmqLimits> limits) {
        return new ZmqServer(settings.withLimits(limits.apply(settings.limits())), routes, endpoint, resources);
    }

    /**
     * Encrypts with CURVE (https://rfc.zeromq.org/spec/26/): nobody between can read or change anything, clients talk to
     * the server with these keys only, and the server to clients whose keys it accepts. All others are refused. Only over
     * {@code tcp}. Default: nothing is encrypted, and everybody is let in.
     *
     * @param keys the server's keys
     * @param accepts tells by its public key, 40 characters of Z85, whether a client is let in, each time that it
     *     connects; on the loop thread, so it must not block; what it throws refuses. {@code Set.of(..)::contains} will do
     * @return a changed copy
     * @throws IllegalStateException after {@link #plainLogin}
     */
    public ZmqServer curve(ZmqKeyPair keys, Predicate<? super String> accepts) {
        return new ZmqServer(settings.withSecurity(Security.curveServer(keys, accepts)), routes, endpoint, resources);
    }

    /**
     * Has each client log in with ZeroMQ's PLAIN mechanism, whose passwords are sent in clear. All others are refused.
     * Only over {@code tcp}. Default: everybody is let in.
     *
     * @param accepts tells whether a client is let in, each time that it connects; on the loop thread, so it must not
     *     block; what it throws refuses
     * @return a changed copy
     * @throws IllegalStateException after {@link #curve}
     */
    public ZmqServer plainLogin(Predicate<? super ZmqCredentials> accepts) {
        return new ZmqServer(settings.withSecurity(Security.plainServer(accepts)), routes, endpoint, resources);
    }

    /**
     * Adds a handler with a name, for {@link ZmqExchange#route(String)}. Calls of other names, and those without one, go
     * to the handler that is given to {@code serve}, or are refused with {@link ZmqRemoteException#UNKNOWN_ROUTE}.
     *
     * @param name the name, from 1 to 255 bytes of UTF-8, not used twice
     * @param handler gives the reply; see {@link #serve(Stage)}
     * @return a changed copy
     */
    public ZmqServer route(String name, Stage handler) {
        return new ZmqServer(settings, routes.with(name, requireNonNull(handler, "handler")), endpoint, resources);
    }

    /**
     * Adds a function of objects with a name; see {@link #serve(Deserializer, Function, Serializer)}.
     *
     * @param <Q> the type of the request
     * @param <R> the type of the reply
     * @param name the name, from 1 to 255 bytes of UTF-8, not used twice
     * @param request turns the request's bytes into an object
     * @param function gives the reply
     * @param reply turns the reply into bytes
     * @return a changed copy
     */
    public <Q, R> ZmqServer route(
            String name,
            Deserializer<Q> request,
            Function<? super Q, ? extends Mono<? extends R>> function,
            Serializer<? super R> reply) {
        return route(name, Handlers.toOne(request, function, reply));
    }

    /**
     * Makes a handler of a function that answers a request with many objects, each sent as soon as it is there and the
     * caller wants it.
     *
     * @param <Q> the type of the request
     * @param <R> the type of what is replied
     * @param request turns the request's bytes into an object; one that is nothing ({@code null}) has an empty reply
     * @param function gives the objects of the reply
     * @param reply turns them into bytes, such as a CBOR sequence
     * @return the handler, for {@link #serve(Stage)} or {@link #route(String, Stage)}
     */
    public static <Q, R> Stage toMany(
            Deserializer<Q> request,
            Function<? super Q, ? extends Publisher<? extends R>> function,
            Serializer<Flux<R>> reply) {
        return Handlers.toMany(request, function, reply);
    }

    /**
     * Makes a handler of a function of many objects to many objects: it may reply while the request still comes.
     *
     * @param <Q> the type of what is requested
     * @param <R> the type of what is replied
     * @param request turns the request's bytes into objects as they arrive
     * @param function gives the objects of the reply
     * @param reply turns them into bytes
     * @return the handler, for {@link #serve(Stage)} or {@link #route(String, Stage)}
     */
    public static <Q, R> Stage manyToMany(
            FluxDeserializer<Q> request,
            Function<? super Flux<Q>, ? extends Publisher<? extends R>> function,
            Serializer<Flux<R>> reply) {
        return Handlers.manyToMany(request, function, reply);
    }

    /**
     * Sets whether peers are served that are not fpipe, on the same endpoint: a REQ or a DEALER of any ZeroMQ library,
     * whose messages are one request each, of at most {@link ZmqLimits#maxPlainMessageBytes}. They go to the handler
     * that is given to {@code serve}, and the reply is one message. {@link ZmqLimits#maxStreamsPerPeer},
     * {@link ZmqLimits#maxStreams} and {@link ZmqLimits#maxPeers} hold for them, too. Without it, and with
     * {@link #curve}, their messages are dropped and logged. Default: true.
     *
     * @param accept whether they are served
     * @return a changed copy
     */
    public ZmqServer plainPeers(boolean accept) {
        PlainSettings plain = settings.plain().accepted(accept);
        return new ZmqServer(settings.withPlain(plain), routes, endpoint, resources);
    }

    /**
     * Sets what a peer that is not fpipe gets instead of a reply, for between such peers there are no errors: when the
     * handler fails (its error), when its reply is too long ({@link io.fpipe.reactor.LimitExceededException}) or not
     * there in time ({@link java.util.concurrent.TimeoutException}), and when the server refuses the request
     * ({@link ZmqRemoteException} with the code). It is logged in any case. Default: one empty message.
     *
     * @param reply gives the bytes, at most 65536; runs on the loop thread. Where it fails itself or returns null, or
     *     more bytes, the message is empty
     * @return a changed copy
     */
    public ZmqServer plainErrorReply(Function<? super Throwable, ? extends ByteBuffer> reply) {
        PlainSettings plain = settings.plain().errorReply(requireNonNull(reply, "reply"));
        return new ZmqServer(settings.withPlain(plain), routes, endpoint, resources);
    }

    /**
     * Sets how long the handler may take for the whole reply to a peer that is not fpipe, which cannot say so itself;
     * then it is cancelled, and the peer gets the reply to an error. Default: 30 seconds.
     *
     * @param timeout the time, more than 0
     * @return a changed copy
     */
    public ZmqServer plainTimeout(Duration timeout) {
        PlainSettings plain = settings.plain().timeout(ExchangeSettings.check("plainTimeout", timeout));
        return new ZmqServer(settings.withPlain(plain), routes, endpoint, resources);
    }

    /**
     * Sets what the server runs on. Default: {@link ZmqResources#shared()}.
     *
     * @param resources the resources
     * @return a changed copy
     */
    public ZmqServer runOn(ZmqResources resources) {
        return new ZmqServer(settings, routes, endpoint, requireNonNull(resources, "resources"));
    }

    /**
     * Serves with a stage, from the bytes of a request to the bytes of its reply. The reply may begin before the
     * request ends; one that ends before its request cancels the rest of it. The bytes of a request can be subscribed
     * to once; its source is asked for no more than the window ahead of the subscriber.
     *
     * @param handler gives the reply; called for each request without a route, or of one that was not added, at once
     *     when it begins
     * @return the binding when the server serves, or {@link ZmqException} if it cannot bind or connect; whoever
     *     subscribes disposes it
     */
    public Mono<ZmqBinding> serve(Stage handler) {
        requireNonNull(handler, "handler");
        return Opening.of(ZmqBinding.class, () -> serveNow(handler));
    }

    /**
     * Serves the routes that were added, and refuses calls of others.
     *
     * @return the binding when the server serves, or {@link ZmqException} if it cannot bind or connect; whoever
     *     subscribes disposes it
     */
    public Mono<ZmqBinding> serve() {
        return Opening.of(ZmqBinding.class, this::serveNow);
    }

    /**
     * Serves on the calling thread's account; see {@link #serve()}.
     *
     * @return the binding; whoever calls disposes it
     * @throws ZmqException if the server cannot bind or connect
     */
    public ZmqBinding serveNow() {
        if (routes.named().isEmpty()) {
            throw new IllegalStateException("neither a route nor a handler to serve");
        }
        return serveNow(routes);
    }

    private ZmqBinding serveNow(Routes served) {
        if (endpoint == null) {
            throw new IllegalStateException("neither bind nor connect was called");
        }
        return new ServerBinding(resources == null ? ZmqResources.shared() : resources, endpoint, settings, served);
    }

    /**
     * Serves with a function of objects. A request that deserializes to nothing ({@code null}) is not shown to the
     * function; its reply, like that of a function whose result is empty, is what the serializer makes of {@code null}.
     *
     * @param <Q> the type of the request
     * @param <R> the type of the reply
     * @param request turns the request's bytes into an object
     * @param function gives the reply
     * @param reply turns the reply into bytes; it chooses what they look like, compressed or not
     * @return the binding when the server serves, or {@link ZmqException} if it cannot bind or connect; whoever
     *     subscribes disposes it
     */
    public <Q, R> Mono<ZmqBinding> serve(
            Deserializer<Q> request,
            Function<? super Q, ? extends Mono<? extends R>> function,
            Serializer<? super R> reply) {
        return serve(Handlers.toOne(request, function, reply));
    }

    /**
     * Serves on the calling thread's account; see {@link #serve(Stage)}.
     *
     * @param handler gives the reply
     * @return the binding; whoever calls disposes it
     * @throws ZmqException if the server cannot bind or connect
     */
    public ZmqBinding serveNow(Stage handler) {
        return serveNow(routes.with(requireNonNull(handler, "handler")));
    }

    /**
     * Serves on the calling thread's account; see {@link #serve(Deserializer, Function, Serializer)}.
     *
     * @param <Q> the type of the request
     * @param <R> the type of the reply
     * @param request turns the request's bytes into an object
     * @param function gives the reply
     * @param reply turns the reply into bytes
     * @return the binding; whoever calls disposes it
     * @throws ZmqException if the server cannot bind or connect
     */
    public <Q, R> ZmqBinding serveNow(
            Deserializer<Q> request,
            Function<? super Q, ? extends Mono<? extends R>> function,
            Serializer<? super R> reply) {
        return serveNow(Handlers.toOne(request, function, reply));
    }

    @Override
    public String toString() {
        return "server at " + endpoint;
    }
}
