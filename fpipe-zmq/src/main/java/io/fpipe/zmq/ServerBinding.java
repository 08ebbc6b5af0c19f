/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;
import zmq.Msg;

/** The server's side of an exchange: many peers on one ROUTER. */
final class ServerBinding implements ZmqBinding, SocketHandler {

    private static final long RECONNECT_NANOS = 100_000_000;

    private final ZmqResources resources;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;
    private final Stage handler;
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Sinks.One<Void> closed = Sinks.one();

    /** Loop thread only: the peers by routing id. */
    private final Map<ByteBuffer, Peer> peers = new HashMap<>();

    /** Loop thread only: whether the socket was given up and the next one is not there yet. */
    private boolean renewing;

    private volatile OwnedSocket socket;

    ServerBinding(ZmqResources resources, Endpoint endpoint, ExchangeSettings settings, Stage handler) {
        this.resources = resources;
        this.loop = resources.loop();
        this.endpoint = endpoint;
        this.settings = settings;
        this.handler = handler;
        this.socket = resources.open(ExchangeSettings.socket(SocketType.ROUTER), List.of(endpoint), this);
        socket.start();
        if (!resources.attach(this)) {
            dispose();
        }
    }

    @Override
    public long demand() {
        return Long.MAX_VALUE;
    }

    @Override
    public void starved() {
        // never: there is always demand
    }

    @Override
    public void received(List<Msg> parts, int from, int to) {
        ByteBuffer id = parts.get(from).buf();
        Frame frame = Frame.read(parts, from + 1, to);
        if (frame == null) {
            ProtocolLog.notFpipe(socket, parts, Math.min(from + 1, to - 1));
            return;
        }
        Peer peer = peers.get(id);
        switch (frame.type()) {
            case Frame.HELLO -> hello(id, peer, frame);
            case Frame.GOAWAY -> {
                if (peer != null && (frame.incarnation() == 0 || frame.incarnation() == peer.incarnation())) {
                    lost(id, peer, "the peer has gone away");
                    if (!endpoint.bind() && endpoint.isInproc()) {
                        renew(); // there is no event over inproc, and JeroMQ does not connect again
                    }
                }
            }
            default -> {
                if (peer == null || peer.incarnation() != frame.incarnation()) {
                    unknown(id, frame);
                } else if (frame.type() == Frame.OPEN) {
                    open(peer, frame);
                } else {
                    peer.dispatch(frame);
                }
            }
        }
    }

    private void hello(ByteBuffer id, @Nullable Peer before, Frame frame) {
        if (before != null) {
            if (before.incarnation() == frame.incarnation()) {
                before.sayHello(settings.window()); // it asks again, for it has not heard us yet
                return;
            }
            lost(id, before, "the peer has begun anew");
        }
        Peer peer = new Peer(loop, socket, id, frame.incarnation(), reason -> loop.execute(() -> unreachable(id)));
        if (peer.hello(frame)) {
            peers.put(id, peer);
            peer.sayHello(settings.window());
        }
    }

    /** A frame of a stream that was begun with somebody else: JeroMQ sends it to whoever binds the address next. */
    private void unknown(ByteBuffer id, Frame frame) {
        ProtocolLog.stale(socket, frame);
        if (frame.type() == Frame.OPEN || frame.type() == Frame.DATA) {
            new Peer(loop, socket, id, frame.incarnation(), reason -> {})
                    .refuse(frame.stream(), ZmqRemoteException.UNKNOWN_STREAM, "no hello came before it");
        }
    }

    private void open(Peer peer, Frame frame) {
        long metadata = frame.argument();
        ByteBuffer payload = frame.payload();
        if (frame.stream() < 1 || metadata < 0 || metadata > payload.remaining() || peer.has(frame.stream())) {
            peer.refuse(frame.stream(), ZmqRemoteException.UNKNOWN_STREAM, "cannot open stream " + frame.stream());
            return;
        }
        if (peer.streamCount() >= ExchangeSettings.MAX_STREAMS) {
            peer.refuse(
                    frame.stream(),
                    ZmqRemoteException.TOO_MANY_STREAMS,
                    "more than " + ExchangeSettings.MAX_STREAMS + " streams");
            return;
        }
        ExchangeStream stream = new ExchangeStream(false, loop, settings, Context.empty());
        peer.begin(stream, frame.stream());
        int skip = (int) metadata;
        stream.onData(frame.withPayload(payload.slice(payload.position() + skip, payload.remaining() - skip)), 0);
        if (!peer.has(frame.stream()) && !frame.isEnd()) {
            return; // refused: more than the credit
        }
        Flux<ByteBuffer> reply;
        try {
            reply = requireNonNull(handler.apply(stream.receiver()), "the handler returned null");
        } catch (Throwable ex) { // an Error too: one call's handler must not end the calls of others
            reply = Flux.error(ex);
        }
        stream.send(reply);
    }

    /** How many messages are under way; on the loop. */
    int streamCount() {
        return peers.values().stream().mapToInt(Peer::streamCount).sum();
    }

    private void unreachable(ByteBuffer id) {
        Peer peer = peers.get(id);
        if (peer != null) {
            lost(id, peer, "the peer is not connected any more");
        }
    }

    private void lost(ByteBuffer id, Peer peer, String how) {
        peers.remove(id, peer);
        peer.fail(new ZmqDisconnectedException(how + " (" + socket + ")"));
    }

    /** Of a peer that has connected, a farewell comes in band; of one that we connect to, there is only this event. */
    @Override
    public void disconnected() {
        if (!endpoint.bind()) {
            renew(); // at once, before JeroMQ connects the old socket again
        }
    }

    /** The client that we connect to is gone: a new socket waits for the next one. */
    private void renew() {
        if (!renewing && !disposed.get()) {
            renewing = true;
            failPeers(new ZmqDisconnectedException("the connection to " + endpoint + " was lost"));
            socket.close(0);
            reconnect();
        }
    }

    private void reconnect() {
        loop.schedule(RECONNECT_NANOS, () -> Schedulers.boundedElastic().schedule(this::reopen));
    }

    private void reopen() {
        if (disposed.get()) {
            return;
        }
        OwnedSocket next;
        try {
            next = resources.open(ExchangeSettings.socket(SocketType.ROUTER), List.of(endpoint), this);
        } catch (ZmqException ex) { // no descriptors, or the name does not resolve now
            loop.execute(this::reconnect);
            return;
        }
        loop.execute(() -> {
            socket = next;
            renewing = false;
            next.start();
            if (disposed.get()) {
                next.close(0);
            }
        });
    }

    private void failPeers(Throwable reason) {
        List<Peer> all = List.copyOf(peers.values());
        peers.clear();
        all.forEach(peer -> peer.fail(reason));
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            loop.execute(() -> {
                ZmqException reason = new ZmqException("the server at " + endpoint() + " is disposed");
                List<Peer> all = List.copyOf(peers.values());
                peers.clear();
                all.forEach(peer -> peer.dispose(reason));
                socket.close(ExchangeSettings.LINGER_MILLIS);
                if (renewing) { // the old socket may be closed already, and the next one closes when it comes
                    finish(null);
                }
            });
        }
    }

    @Override
    public void closed(@Nullable Throwable failure) {
        if (failure != null) {
            disposed.set(true);
            failPeers(failure);
        }
        if (disposed.get()) {
            finish(failure);
        }
    }

    private void finish(@Nullable Throwable failure) {
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
}
