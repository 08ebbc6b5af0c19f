/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A client of a {@link ZmqServer}, not yet open: immutable, each method returns a changed copy.
 *
 * <pre>{@code
 * ZmqExchange remote = ZmqClient.create().connect("tcp://127.0.0.1:5555").openNow();
 * Flux<ByteBuffer> reply = remote.apply(message);
 * }</pre>
 */
public final class ZmqClient {

    private final ExchangeSettings settings;
    private final @Nullable Endpoint endpoint;
    private final @Nullable ZmqResources resources;

    private ZmqClient(ExchangeSettings settings, @Nullable Endpoint endpoint, @Nullable ZmqResources resources) {
        this.settings = settings;
        this.endpoint = endpoint;
        this.resources = resources;
    }

    /**
     * Returns a client with the defaults, and neither bound nor connected.
     *
     * @return the client
     */
    public static ZmqClient create() {
        return new ZmqClient(ExchangeSettings.DEFAULT, null, null);
    }

    /**
     * Connects to a server when it is opened, and again whenever the connection is lost.
     *
     * @param endpoint {@code tcp://HOST:PORT} or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqClient connect(String endpoint) {
        return new ZmqClient(settings, Endpoint.connect(endpoint), resources);
    }

    /**
     * Binds to an address when it is opened, for one server that connects to it.
     *
     * @param endpoint {@code tcp://HOST:PORT} ({@code *} as the port takes a free one) or {@code inproc://NAME}
     * @return a changed copy
     */
    public ZmqClient bind(String endpoint) {
        return new ZmqClient(settings, Endpoint.bind(endpoint), resources);
    }

    /**
     * Sets how long a call waits for the first byte of its reply. The time begins anew with each frame of the request
     * that is sent, so it does not limit how long a large request takes. Default: 30 seconds.
     *
     * @param timeout the time, more than 0
     * @return a changed copy
     */
    public ZmqClient requestTimeout(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("requestTimeout must be more than 0, was " + timeout);
        }
        return new ZmqClient(new ExchangeSettings(settings.window(), timeout), endpoint, resources);
    }

    /**
     * Sets how many bytes of a reply may be under way before the subscriber has taken them: what the server may be
     * ahead in each call, and what a call may hold in memory. Default: 4 MiB.
     *
     * @param bytes the window, at least 4096
     * @return a changed copy
     */
    public ZmqClient window(int bytes) {
        return new ZmqClient(
                new ExchangeSettings(ExchangeSettings.checkWindow(bytes), settings.requestTimeout()),
                endpoint,
                resources);
    }

    /**
     * Sets what the client runs on. Default: {@link ZmqResources#shared()}.
     *
     * @param resources the resources
     * @return a changed copy
     */
    public ZmqClient runOn(ZmqResources resources) {
        return new ZmqClient(settings, endpoint, Objects.requireNonNull(resources, "resources"));
    }

    /**
     * Opens the client. Does not wait for a server: calls do. Runs on a thread that may block, for a host name may have
     * to be resolved.
     *
     * @return the exchange, or {@link ZmqException} if the client cannot bind or connect; whoever subscribes disposes it,
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
        if (endpoint == null) {
            throw new IllegalStateException("neither bind nor connect was called");
        }
        return new ClientExchange(resources == null ? ZmqResources.shared() : resources, endpoint, settings);
    }

    @Override
    public String toString() {
        return "client of " + endpoint;
    }
}
