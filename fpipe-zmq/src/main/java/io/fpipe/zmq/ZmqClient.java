/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A client of a {@link ZmqServer}, not yet open: immutable, each method returns a changed copy.
 *
 * <pre>{@code
 * ZmqExchange remote = ZmqClient.create().connect("tcp://127.0.0.1:5555").openNow();
 * Flux<ByteBuffer> reply = remote.apply(message);
 * }</pre>
 *
 * <p>A call is made once. To make it again after an error is up to {@code retryWhen}: safe where the handler has not
 * begun, which {@link ZmqRemoteException} says of its codes, or may see the message twice.
 */
public final class ZmqClient {

    private final ExchangeSettings settings;
    private final List<Endpoint> endpoints;
    private final @Nullable ZmqResources resources;

    private ZmqClient(ExchangeSettings settings, List<Endpoint> endpoints, @Nullable ZmqResources resources) {
        this.settings = settings;
        this.endpoints = endpoints;
        this.resources = resources;
        endpoints.forEach(settings.security()::check);
    }

    /**
     * Returns a client with the defaults, and neither bound nor connected.
     *
     * @return the client
     */
    public static ZmqClient create() {
        return new ZmqClient(ExchangeSettings.DEFAULT, List.of(), null);
    }

    /**
     * Connects to a server when it is opened, and again whenever the connection is lost.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqClient connect(String endpoint) {
        return new ZmqClient(settings, List.of(Endpoint.connect(endpoint)), resources);
    }

    /**
     * Connects to several servers that serve the same, each with a connection of its own. A call goes to the one with
     * the fewest calls under way; one that is lost gets none until it is back. A call is made once: it is not repeated
     * with another server when its own is lost.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @param more more of them
     * @return a changed copy
     */
    public ZmqClient connect(String endpoint, String... more) {
        List<Endpoint> all = Stream.concat(Stream.of(endpoint), Stream.of(more))
                .map(Endpoint::connect)
                .distinct()
                .toList();
        return new ZmqClient(settings, all, resources);
    }

    /**
     * Binds to an address when it is opened, for one server that connects to it.
     *
     * @param endpoint {@code tcp://HOST:PORT} ({@code *} as the port takes a free one) or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqClient bind(String endpoint) {
        return new ZmqClient(settings, List.of(Endpoint.bind(endpoint)), resources);
    }

    /**
     * Sets how long a call waits for the first byte of its reply. The time begins anew with each frame of the request
     * that is sent, so it does not limit how long a large request takes. Default: 30 seconds.
     *
     * @param timeout the time, more than 0
     * @return a changed copy
     */
    public ZmqClient requestTimeout(Duration timeout) {
        return new ZmqClient(settings.withRequestTimeout(timeout), endpoints, resources);
    }

    /**
     * Sets how long a call may be silent after the first byte of its reply: no byte comes, and none of the request
     * goes. The time in which the subscriber leaves unread what has come does not count. Default: 1 minute; a reply
     * that pauses for longer needs more.
     *
     * @param timeout the time, more than 0
     * @return a changed copy
     */
    public ZmqClient idleTimeout(Duration timeout) {
        return new ZmqClient(settings.withIdleTimeout(timeout), endpoints, resources);
    }

    /**
     * Sets how many bytes of a reply may be under way before the subscriber has taken them: what the server may be
     * ahead in each call, and what a call may hold in memory. A call begins with 64 KiB at most and grows to this while
     * its subscriber reads, as far as {@link ZmqResources.Options#windowBudget} allows. Default: 4 MiB.
     *
     * @param bytes the window, at least 4096
     * @return a changed copy
     */
    public ZmqClient window(int bytes) {
        return new ZmqClient(settings.withWindow(bytes), endpoints, resources);
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
    public ZmqClient bufferBytes(int bytes) {
        return new ZmqClient(settings.withBufferBytes(bytes), endpoints, resources);
    }

    /**
     * Calls a peer that is not fpipe: a REP of any ZeroMQ library, or a ROUTER that answers as one. A request is one
     * ZeroMQ message, gathered whole before it is sent, and so is its reply; both are at most
     * {@link ZmqLimits#maxPlainMessageBytes} long. Any number of calls may be under way, for each carries a hop frame
     * that the peer sends back; how many wait for each other is up to the peer, a REP answers one after the other.
     * <ul>
     * <li>A call fails with {@link io.fpipe.reactor.LimitExceededException} if its request or its reply is too long, or
     * if {@link ZmqLimits#maxWaiting} calls are under way already; the peer's failures have no sign of their own.</li>
     * <li>{@link #requestTimeout} is the time to the whole reply; it begins anew when the request is sent.</li>
     * <li>A cancelled call is forgotten, and its reply dropped. The peer does not hear of it.</li>
     * <li>{@link ZmqExchange#tell(reactor.core.publisher.Flux)} completes when the reply has come, and drops it.</li>
     * <li>There are no routes, metadata and deadlines ({@link IllegalStateException}), and neither {@link #window} nor
     * {@link #idleTimeout}; nothing is said to tell whether the peer lives, beside TCP's keepalive.</li>
     * </ul>
     *
     * @return a changed copy
     * @throws IllegalStateException if {@link #window} or {@link #idleTimeout} was set
     */
    public ZmqClient plain() {
        PlainSettings plain = settings.plain().calling();
        return new ZmqClient(settings.withPlain(plain), endpoints, resources);
    }

    /**
     * Sets the limits: {@link ZmqLimits#maxWaiting}, {@link ZmqLimits#maxMessageBytes},
     * {@link ZmqLimits#handshakeTimeout} and {@link ZmqLimits#ping}, and {@link ZmqLimits#maxPlainMessageBytes} for
     * {@link #plain()}; the others are for servers.
     *
     * @param limits changes the limits
     * @return a changed copy
     */
    public ZmqClient limits(UnaryOperator<ZmqLimits> limits) {
        return new ZmqClient(settings.withLimits(limits.apply(settings.limits())), endpoints, resources);
    }

    /**
     * Encrypts with CURVE (https://rfc.zeromq.org/spec/26/): nobody between can read or change anything, and only the
     * server with this key is talked to. The client's own keys are new ones, so this is for servers that let everybody
     * in. Only over {@code tcp}. Default: nothing is encrypted.
     *
     * @param serverKey the server's public key, 40 characters of Z85
     * @return a changed copy
     * @throws IllegalArgumentException if that is no key
     * @throws IllegalStateException after {@link #plainLogin}
     */
    public ZmqClient curve(String serverKey) {
        return curve(serverKey, ZmqKeyPair.generate());
    }

    /**
     * Encrypts with CURVE, as {@link #curve(String)} does, and shows the server who the client is. A server that does
     * not let it in fails its calls with {@link ZmqRefusedException}, not so with {@link #plain()}.
     *
     * @param serverKey the server's public key, 40 characters of Z85
     * @param keys the client's own keys
     * @return a changed copy
     * @throws IllegalArgumentException if the server's key is none
     * @throws IllegalStateException after {@link #plainLogin}
     */
    public ZmqClient curve(String serverKey, ZmqKeyPair keys) {
        return new ZmqClient(settings.withSecurity(Security.curveClient(serverKey, keys)), endpoints, resources);
    }

    /**
     * Logs in with ZeroMQ's PLAIN mechanism. The password is sent in clear, to whoever answers at the address. A server
     * that does not let the client in fails its calls with {@link ZmqRefusedException}, not so with {@link #plain()}.
     * Only over {@code tcp}. Default: no login.
     *
     * @param user the name, 1 to 127 ASCII characters
     * @param password the password, at most 127 ASCII characters
     * @return a changed copy
     * @throws IllegalStateException after {@link #curve(String)}
     */
    public ZmqClient plainLogin(String user, String password) {
        return new ZmqClient(settings.withSecurity(Security.plainClient(user, password)), endpoints, resources);
    }

    /**
     * Sets what the client runs on. Default: {@link ZmqResources#shared()}.
     *
     * @param resources the resources
     * @return a changed copy
     */
    public ZmqClient runOn(ZmqResources resources) {
        return new ZmqClient(settings, endpoints, Objects.requireNonNull(resources, "resources"));
    }

    /**
     * Opens the client. Does not wait for a server: calls do. Runs on a thread that may block, for a host name may have
     * to be resolved.
     *
     * @return the exchange, or {@link ZmqException} if the client cannot bind or connect; whoever subscribes disposes
     * it,
     *     but for one that is opened after a cancel, which is disposed at once
     */
    public Mono<ZmqExchange> open() {
        return Opening.of(ZmqExchange.class, this::openNow);
    }

    /**
     * Opens the client on the calling thread, which a host name may block for a while. Does not wait for a server.
     *
     * @return the exchange; whoever calls disposes it
     * @throws ZmqException if the client cannot bind or connect
     */
    public ZmqExchange openNow() {
        if (endpoints.isEmpty()) {
            throw new IllegalStateException("neither bind nor connect was called");
        }
        ZmqResources on = resources == null ? ZmqResources.shared() : resources;
        return settings.plain().calls()
                ? new PlainExchange(on, endpoints, settings)
                : new ClientExchange(on, endpoints, settings);
    }

    @Override
    public String toString() {
        return "client of " + endpoints;
    }
}
