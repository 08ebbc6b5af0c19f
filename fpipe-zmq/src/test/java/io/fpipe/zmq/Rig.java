/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Servers and clients on resources of their own, which are all gone when it is closed. */
final class Rig implements AutoCloseable {

    /** How long anything may take that is expected to happen. */
    static final Duration SOON = Duration.ofSeconds(10);

    /** What the two are connected by, and who of them is bound. */
    enum Wiring {
        INPROC,
        INPROC_CLIENT_BINDS,
        TCP,
        TCP_CLIENT_BINDS;

        boolean clientBinds() {
            return this == INPROC_CLIENT_BINDS || this == TCP_CLIENT_BINDS;
        }

        boolean isTcp() {
            return this == TCP || this == TCP_CLIENT_BINDS;
        }
    }

    final ZmqResources resources = ZmqResources.create();
    private final Wiring wiring;
    private final String endpoint;
    private ZmqResources apart;
    private final Deque<Disposable> opened = new ArrayDeque<>();

    Rig(Wiring wiring) {
        this.wiring = wiring;
        // a port that is known before anybody uses it: whoever had it is gone
        this.endpoint = wiring.isTcp() ? freeEndpoint() : "inproc://rig";
    }

    private static String freeEndpoint() {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "tcp://127.0.0.1:" + taken.getLocalPort();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    String endpoint() {
        return endpoint;
    }

    ZmqBinding serve(Stage handler) {
        return serve(handler, server -> server);
    }

    ZmqBinding serve(Stage handler, UnaryOperator<ZmqServer> options) {
        return track(server(options).serveNow(handler));
    }

    /** Serves on other resources where that is possible: a port is free for sure only when its context is gone. */
    ZmqBinding serveApart(Stage handler) {
        if (!wiring.isTcp()) {
            return serve(handler);
        }
        apart = track(ZmqResources.create());
        return serve(handler, server -> server.runOn(apart));
    }

    void closeApart() {
        if (wiring.isTcp()) {
            apart.dispose();
            apart.onDispose().block(SOON);
        }
    }

    ZmqServer server(UnaryOperator<ZmqServer> options) {
        ZmqServer server = ZmqServer.create().runOn(resources);
        return options.apply(wiring.clientBinds() ? server.connect(endpoint) : server.bind(endpoint));
    }

    ClientExchange client() {
        return client(client -> client);
    }

    ClientExchange client(UnaryOperator<ZmqClient> options) {
        ZmqClient client = ZmqClient.create().runOn(resources);
        client = wiring.clientBinds() ? client.bind(endpoint) : client.connect(endpoint);
        return track((ClientExchange) options.apply(client).openNow());
    }

    <T extends Disposable> T track(T open) {
        opened.push(open);
        return open;
    }

    /** Has the loop do something after some milliseconds. */
    void later(int millis, Runnable task) {
        resources.loop().execute(() -> resources.loop().schedule(millis * 1_000_000L, task));
    }

    /** Returns once the loop has done what it had to do. */
    void settle() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        resources.loop().execute(() -> done.complete(null));
        Mono.fromFuture(done).block(SOON);
    }

    /** Waits until a condition holds that only the loop changes. */
    void await(String what, Condition condition) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        resources.loop().execute(() -> poll(condition, done));
        try {
            done.get(SOON.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Exception ex) {
            throw new AssertionError(what + " did not come true", ex);
        }
    }

    /** Waits until neither end has a stream left. */
    void awaitNoStreams(ClientExchange exchange, ZmqBinding server) {
        await(
                "an end without streams",
                () -> exchange.streamCount() == 0 && ((ServerBinding) server).streamCount() == 0);
    }

    private void poll(Condition condition, CompletableFuture<Void> done) {
        if (condition.holds()) {
            done.complete(null);
        } else if (!done.isDone()) {
            resources.loop().schedule(1_000_000, () -> poll(condition, done));
        }
    }

    static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(SOON.toMillis(), TimeUnit.MILLISECONDS))
                    .as("it happens soon")
                    .isTrue();
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    static void join(Thread thread) {
        try {
            thread.join(SOON.toMillis());
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            opened.pop().dispose();
        }
        resources.dispose();
        resources.onDispose().block(SOON);
    }

    /** Something that comes true. */
    interface Condition {
        boolean holds();
    }
}
