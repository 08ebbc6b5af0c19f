/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import zmq.Msg;

/** The server's side of an exchange: many peers on one ROUTER. */
final class ServerBinding implements ZmqBinding {

    private static final long RECONNECT_NANOS = 100_000_000;

    private final ZmqResources resources;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;
    private final ServerPeers peers;
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Sinks.One<Void> closed = Sinks.one();

    /** Loop thread only. */
    private EventLoop.@Nullable Timer ticker;

    /** Loop thread only, after the constructor: who hears of the socket; null while the next one is not there yet. */
    private @Nullable Hearer hearer;

    private volatile OwnedSocket socket;

    ServerBinding(ZmqResources resources, Endpoint endpoint, ExchangeSettings settings, Routes routes) {
        this.resources = resources;
        this.loop = resources.loop();
        this.endpoint = endpoint;
        this.settings = settings;
        this.peers = new ServerPeers(this, resources, settings, routes, endpoint.isInproc());
        Hearer first = new Hearer();
        this.hearer = first;
        this.socket = resources.open(settings.socket(SocketType.ROUTER), List.of(endpoint), first);
        socket.start();
        loop.execute(this::scheduleTick);
        if (!resources.attach(this)) {
            dispose();
        }
    }

    private void scheduleTick() {
        if (!disposed.get()) {
            ticker = loop.schedule(settings.limits().pingNanos(), () -> {
                peers.tick();
                scheduleTick();
            });
        }
    }

    private void received(List<Msg> parts, int from, int to) {
        ByteBuffer id = parts.get(from).buf();
        Frame frame = Frame.read(parts, from + 1, to);
        if (frame == null) {
            peers.receivedPlain(socket, id, parts.subList(from + 1, to));
        } else if (peers.received(socket, id, frame) && !endpoint.bind() && endpoint.isInproc()) {
            renew(); // there is no event over inproc, and JeroMQ does not connect again
        }
    }

    ServerPeers peers() {
        return peers;
    }

    /** How many messages are under way; on the loop. */
    int streamCount() {
        return peers.streamCount();
    }

    boolean isBound() {
        return endpoint.bind();
    }

    /** Gives the socket up, and all connections with it, for there is no other way to be rid of one of them. */
    void rebind() {
        renew();
    }

    /** A new socket takes the place of this one. */
    private void renew() {
        if (hearer != null && !disposed.get()) {
            hearer = null;
            Endpoint next = endpoint.again(socket.address());
            peers.fail(new ZmqDisconnectedException("the connection to " + next + " was lost", 0));
            socket.close(0);
            reconnect(next);
        }
    }

    private void reconnect(Endpoint next) {
        loop.schedule(RECONNECT_NANOS, () -> Schedulers.boundedElastic().schedule(() -> reopen(next)));
    }

    private void reopen(Endpoint where) {
        if (disposed.get()) {
            return;
        }
        Hearer nextHearer = new Hearer();
        OwnedSocket next;
        try {
            next = resources.open(settings.socket(SocketType.ROUTER), List.of(where), nextHearer);
        } catch (Throwable ex) { // no descriptors, the name does not resolve now, the address is not free yet
            loop.execute(() -> reconnect(where));
            return;
        }
        loop.execute(() -> {
            socket = next;
            hearer = nextHearer;
            next.start();
            if (disposed.get()) {
                next.close(0);
            }
        });
    }

    @Override
    public Mono<Void> shutdownGracefully(Duration atMost) {
        requireNonNull(atMost, "atMost");
        return Mono.defer(() -> {
            loop.execute(peers::drain);
            Draining.await(loop, atMost, peers::streamCount, () -> {
                peers.shutDown(new ZmqRemoteException(ZmqRemoteException.SHUTTING_DOWN, "the server shuts down"));
                dispose();
            });
            return onDispose();
        });
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            loop.execute(() -> {
                peers.dispose(new ZmqException("the server at " + endpoint() + " is disposed"));
                socket.close(ExchangeSettings.LINGER_MILLIS);
                if (hearer == null) { // the old socket may be closed already, and the next one closes when it comes
                    finish(null);
                }
            });
        }
    }

    private void closed(@Nullable Throwable failure) {
        if (failure != null) {
            disposed.set(true);
            peers.fail(failure);
        }
        if (disposed.get()) {
            finish(failure);
        }
    }

    private void finish(@Nullable Throwable failure) {
        EventLoop.Timer next = ticker;
        if (next != null) {
            loop.cancel(next);
        }
        resources.detach(this);
        if (failure == null) {
            closed.tryEmitEmpty();
        } else {
            closed.tryEmitError(failure);
        }
    }

    @Override
    public String endpoint() {
        return socket.address();
    }

    @Override
    public boolean isDisposed() {
        return disposed.get();
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    @Override
    public String toString() {
        return "server at " + endpoint();
    }

    /** Hears of one socket, until it is given up, and its connections with it: what comes of it later is over. */
    private final class Hearer implements SocketHandler {

        private boolean isCurrent() {
            return hearer == this;
        }

        @Override
        public void received(List<Msg> parts, int from, int to) {
            if (isCurrent()) {
                ServerBinding.this.received(parts, from, to);
            }
        }

        /** Of a peer that has connected, a farewell comes in band; of one that we connect to, there is only this event. */
        @Override
        public void disconnected() {
            if (isCurrent() && !endpoint.bind()) {
                renew(); // at once, before JeroMQ connects the old socket again
            }
        }

        @Override
        public void closed(@Nullable Throwable failure) {
            if (isCurrent()) {
                ServerBinding.this.closed(failure);
            }
        }
    }
}
