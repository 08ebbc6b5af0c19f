/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A server for {@link ZmqClient}s, not yet serving: immutable, each method returns a changed copy.
 *
 * <p>The handler runs on the loop thread of the {@link ZmqResources}, once for each message, many at a time: work that
 * blocks or takes long belongs on another thread ({@code publishOn}, {@code subscribeOn}). A handler that throws or
 * whose reply fails gives its caller a {@link ZmqRemoteException} with the text of the error; everything else goes on.
 *
 * <pre>{@code
 * ZmqBinding binding = ZmqServer.create().bind("tcp://127.0.0.1:*").serveNow(Stage.identity());
 * }</pre>
 */
public final class ZmqServer {

    private final ExchangeSettings settings;
    private final @Nullable Endpoint endpoint;
    private final @Nullable ZmqResources resources;

    private ZmqServer(ExchangeSettings settings, @Nullable Endpoint endpoint, @Nullable ZmqResources resources) {
        this.settings = settings;
        this.endpoint = endpoint;
        this.resources = resources;
    }

    /**
     * Returns a server with the defaults, and neither bound nor connected.
     *
     * @return the server
     */
    public static ZmqServer create() {
        return new ZmqServer(ExchangeSettings.DEFAULT, null, null);
    }

    /**
     * Binds to an address when it begins to serve.
     *
     * @param endpoint {@code tcp://HOST:PORT} ({@code *} as the port takes a free one) or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqServer bind(String endpoint) {
        return new ZmqServer(settings, Endpoint.bind(endpoint), resources);
    }

    /**
     * Connects to a client that is bound when it begins to serve, and again whenever the connection is lost.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqServer connect(String endpoint) {
        return new ZmqServer(settings, Endpoint.connect(endpoint), resources);
    }

    /**
     * Sets how many bytes of a request may be under way before the handler has taken them: what a client may be ahead
     * in each call, and what a call may hold in memory. Default: 4 MiB.
     *
     * @param bytes the window, at least 4096
     * @return a changed copy
     */
    public ZmqServer window(int bytes) {
        return new ZmqServer(
                new ExchangeSettings(ExchangeSettings.checkWindow(bytes), settings.requestTimeout()),
                endpoint,
                resources);
    }

    /**
     * Sets what the server runs on. Default: {@link ZmqResources#shared()}.
     *
     * @param resources the resources
     * @return a changed copy
     */
    public ZmqServer runOn(ZmqResources resources) {
        return new ZmqServer(settings, endpoint, requireNonNull(resources, "resources"));
    }

    /**
     * Serves with a stage, from the bytes of a request to the bytes of its reply. The reply may begin before the
     * request ends; one that ends before its request cancels the rest of it. The bytes of a request can be subscribed
     * to once; its source is asked for no more than the window ahead of the subscriber.
     *
     * @param handler gives the reply; called for each request, at once when it begins
     * @return the binding when the server serves, or {@link ZmqException} if it cannot bind or connect; whoever
     *     subscribes disposes it
     */
    public Mono<ZmqBinding> serve(Stage handler) {
        requireNonNull(handler, "handler");
        return Opening.of(ZmqBinding.class, () -> serveNow(handler));
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
        return serve(handler(request, function, reply));
    }

    /**
     * Serves on the calling thread's account; see {@link #serve(Stage)}.
     *
     * @param handler gives the reply
     * @return the binding; whoever calls disposes it
     * @throws ZmqException if the server cannot bind or connect
     */
    public ZmqBinding serveNow(Stage handler) {
        requireNonNull(handler, "handler");
        if (endpoint == null) {
            throw new IllegalStateException("neither bind nor connect was called");
        }
        return new ServerBinding(resources == null ? ZmqResources.shared() : resources, endpoint, settings, handler);
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
        return serveNow(handler(request, function, reply));
    }

    @SuppressWarnings("NullAway") // a serializer says itself whether it takes null
    private static <Q, R> Stage handler(
            Deserializer<Q> request,
            Function<? super Q, ? extends Mono<? extends R>> function,
            Serializer<? super R> reply) {
        requireNonNull(request, "request");
        requireNonNull(function, "function");
        requireNonNull(reply, "reply");
        return bytes -> request.deserialize(bytes)
                .<R>flatMap(value -> requireNonNull(function.apply(value), "the function returned null")
                        .map(result -> result))
                .map(Optional::of)
                .defaultIfEmpty(Optional.empty())
                .flatMapMany(result -> reply.serialize(result.orElse(null)));
    }

    @Override
    public String toString() {
        return "server at " + endpoint;
    }
}
