/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.security.SecureRandom;
import java.util.List;
import org.jspecify.annotations.Nullable;
import zmq.Msg;

/**
 * One connection of a client. A client that connects gets a new link, with a new socket, for each connection: JeroMQ
 * would send what is queued in the old socket to whoever is reached next. A client that is bound keeps its socket,
 * whose queue is dropped with the connection; what a new server finds of the old one has an incarnation that is over.
 * It says hello when a server tells that it has connected: by a farewell to who was there before, or by an empty
 * message ({@code ZMQ_PROBE_ROUTER}).
 */
final class ClientLink implements SocketHandler {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final long EVENT_GRACE_NANOS = 50_000_000;
    private static final long GREETING_NANOS = 100_000_000;
    private static final int GREETINGS = 10;

    private final ClientExchange exchange;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;
    private final OwnedSocket socket;

    // Loop thread only.
    private boolean over;
    private boolean closed;

    private volatile Peer peer;

    ClientLink(ClientExchange exchange, ZmqResources resources, Endpoint endpoint, ExchangeSettings settings) {
        this.exchange = exchange;
        this.loop = resources.loop();
        this.endpoint = endpoint;
        this.settings = settings;
        this.socket = resources.open(ExchangeSettings.socket(SocketType.DEALER), List.of(endpoint), this);
        this.peer = newPeer();
    }

    private Peer newPeer() {
        return new Peer(loop, socket, null, RANDOM.nextLong(), reason -> {});
    }

    /** Begins; when the exchange knows of this link. */
    void start() {
        socket.start();
        if (!endpoint.bind()) { // or when a server tells that it has connected
            peer.sayHello(settings.window());
        }
    }

    boolean isReady() {
        return peer.isReady();
    }

    /** Whether the socket is gone for good; on the loop. */
    boolean isClosed() {
        return closed;
    }

    String address() {
        return socket.address();
    }

    Iterable<ExchangeStream> streams() {
        return peer.streams();
    }

    int streamCount() {
        return peer.streamCount();
    }

    void begin(ExchangeStream stream) {
        peer.begin(stream);
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
        Frame frame = Frame.read(parts, from, to);
        if (endpoint.bind() && to - from == 1 && parts.get(from).size() == 0) {
            lost(); // a server has connected, so the one before is gone
        } else if (frame == null) {
            ProtocolLog.notFpipe(socket, parts, from);
        } else if (frame.type() == Frame.GOAWAY) {
            if (frame.incarnation() == 0 || frame.incarnation() == peer.incarnation()) {
                lost();
            }
        } else if (frame.incarnation() != peer.incarnation()) {
            ProtocolLog.stale(socket, frame);
        } else if (frame.type() == Frame.HELLO) {
            if (peer.hello(frame)) {
                exchange.beginWaiting();
            }
        } else {
            peer.dispatch(frame);
        }
    }

    /**
     * In band there is a farewell if we had connected and the handshake was done; this is for the other cases. A
     * connection that failed in its handshake may be up again when this comes.
     */
    @Override
    public void disconnected() {
        Peer current = peer;
        loop.schedule(EVENT_GRACE_NANOS, () -> {
            if (current == peer && (endpoint.bind() || !current.isReady())) {
                lost();
            }
        });
    }

    /** The server is gone: its streams fail, and the next connection begins anew. */
    private void lost() {
        if (over) {
            return;
        }
        Peer gone = peer;
        ZmqDisconnectedException reason = new ZmqDisconnectedException("the connection to " + address() + " was lost");
        if (endpoint.bind()) {
            Peer next = newPeer();
            peer = next;
            gone.fail(reason);
            greet(next, 1);
        } else {
            over = true;
            gone.fail(reason);
            socket.close(0);
            exchange.reconnect(this);
        }
    }

    /** Says hello to a server that has connected: more than once, for JeroMQ may give one to a dying connection. */
    private void greet(Peer next, int time) {
        if (next == peer && !next.isReady() && !over) {
            next.sayHello(settings.window());
            if (time < GREETINGS) {
                loop.schedule(GREETING_NANOS, () -> greet(next, time + 1));
            }
        }
    }

    /** Ends everything; on the loop. */
    void dispose(Throwable reason) {
        peer.dispose(reason);
        over = true;
        socket.close(ExchangeSettings.LINGER_MILLIS);
    }

    @Override
    public void closed(@Nullable Throwable failure) {
        closed = true;
        if (failure != null && !over) {
            over = true;
            peer.fail(failure);
            exchange.reconnect(this);
        }
        exchange.linkClosed(this);
    }
}
