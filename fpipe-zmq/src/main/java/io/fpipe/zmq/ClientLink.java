/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import zmq.Msg;

/**
 * One connection of a client. A client that connects gets a new link, with a new socket, for each connection: JeroMQ
 * would send what is queued in the old socket to whoever is reached next. A client that is bound keeps its socket,
 * whose queue is dropped with the connection; what a new server finds of the old one has an incarnation that is over.
 * It says hello when a server tells that it has connected: by a farewell to who was there before, or by an empty
 * message ({@code ZMQ_PROBE_ROUTER}).
 */
final class ClientLink implements SocketHandler, Peer.Owner {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final long EVENT_GRACE_NANOS = 50_000_000;
    private static final long GREETING_NANOS = 100_000_000;
    private static final int GREETINGS = 10;

    private final ClientExchange exchange;
    private final ClientLine line;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;
    private final int firstCredit;
    private final OwnedSocket socket;

    // Loop thread only.
    private boolean over;
    private boolean closed;
    private @Nullable String refusal;
    private EventLoop.@Nullable Timer handshake;
    private EventLoop.@Nullable Timer ticker;

    // Loop thread only, of a client that is bound: how often it still says hello, and has since the timer was set.
    private int greetings;
    private int hasty;
    private EventLoop.@Nullable Timer greeter;

    private volatile Peer peer;

    ClientLink(
            ClientExchange exchange,
            ClientLine line,
            ZmqResources resources,
            Endpoint endpoint,
            ExchangeSettings settings) {
        this.exchange = exchange;
        this.line = line;
        this.loop = resources.loop();
        this.endpoint = endpoint;
        this.settings = settings;
        this.firstCredit = settings.firstCredit(resources.windows());
        this.socket = resources.open(settings.socket(SocketType.DEALER), List.of(endpoint), this);
        this.peer = newPeer();
    }

    private Peer newPeer() {
        long incarnation = RANDOM.nextLong();
        while (incarnation == 0) { // reserved
            incarnation = RANDOM.nextLong();
        }
        return new Peer(loop, socket, null, incarnation, new AtomicInteger(), this);
    }

    /** Begins; when the exchange knows of this link. */
    void start() {
        socket.start();
        loop.execute(() -> {
            if (over) {
                return;
            }
            if (!endpoint.bind()) { // or when a server tells that it has connected
                peer.sayHello(firstCredit);
                handshake = loop.schedule(settings.limits().handshakeTimeout().toNanos(), this::checkHandshake);
            }
            ticker = loop.schedule(settings.limits().pingNanos(), this::tick);
        });
    }

    /** Gives up a link that was never started. */
    void discard() {
        over = true;
        socket.start();
        socket.close(0);
    }

    /** Nothing more is to be done at any time; on the loop. */
    private void over() {
        over = true;
        for (EventLoop.Timer timer : new EventLoop.@Nullable Timer[] {handshake, ticker, greeter}) {
            if (timer != null) {
                loop.cancel(timer);
            }
        }
    }

    private void checkHandshake() {
        if (!peer.isOpen()) {
            lost("nobody has answered the hello");
        }
    }

    /** Says that this end lives, and asks whether the other one does. */
    private void tick() {
        if (peer.isOpen() && peer.isSilent(settings.limits().maxSilent())) {
            lost("nothing was heard from it for too long");
        } else if (greetings < 0 && !peer.isOpen()) { // a server may be there that none of them has reached
            greetings = 1;
            greet();
        }
        if (!over) {
            ticker = loop.schedule(settings.limits().pingNanos(), this::tick);
        }
    }

    boolean isReady() {
        return peer.isReady();
    }

    /** What is known of why there is no server; on the loop. */
    String state() {
        if (peer.isReady()) {
            return "no reply from " + address();
        }
        String said = refusal == null ? line.handshakes().trouble() : refusal;
        return "nobody answers at " + address() + (said == null ? "" : " (" + said + ")");
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

    /**
     * Begins a call, if it was not given up meanwhile; on any thread. Returns false if this link is not ready any more:
     * another server has connected, and has not said hello.
     */
    boolean begin(ExchangeStream stream, Flux<ByteBuffer> message) {
        if (stream.isAbandoned()) {
            return true;
        }
        Peer current = peer;
        if (!current.hasSaidHello()) {
            return false;
        }
        current.begin(stream);
        exchange.begun(stream);
        if (stream.isAbandoned()) { // either this thread sees the cancellation, or the loop sees the link
            stream.abandon();
        } else {
            stream.send(message);
        }
        return true;
    }

    @Override
    public void received(List<Msg> parts, int from, int to) {
        Frame frame = Frame.read(parts, from, to);
        if (endpoint.bind() && to - from == 1 && parts.get(from).size() == 0) {
            lost("another server has connected"); // so the one before is gone
        } else if (frame == null) {
            ProtocolLog.notFpipe(socket, parts.subList(from, to));
        } else if (frame.type() == Frame.GOAWAY) {
            goaway(frame);
        } else if (frame.incarnation() != peer.incarnation()) {
            ProtocolLog.stale(socket, frame);
        } else {
            peer.heard();
            if (frame.type() == Frame.HELLO) {
                if (peer.hello(frame)) {
                    refusal = null;
                    line.handshakes().done();
                    exchange.beginWaiting();
                }
            } else if (frame.type() == Frame.ABORT && frame.stream() == 0) { // instead of a HELLO
                refusal = StandardCharsets.UTF_8
                        .decode(frame.payload().duplicate())
                        .toString();
            } else {
                peer.dispatch(frame);
            }
        }
    }

    private void goaway(Frame frame) {
        if (frame.incarnation() != 0 && frame.incarnation() != peer.incarnation()) {
            return;
        }
        if (frame.incarnation() != 0 && frame.argument() == Frame.DRAIN) {
            peer.drain(); // calls go elsewhere, or wait for who comes next
        } else {
            lost("the connection was lost");
        }
    }

    @Override
    public void unreachable(Peer peer) {
        // only a ROUTER says so
    }

    @Override
    public void cutOff(Peer peer, String why) {
        loop.execute(() -> {
            if (peer == this.peer) {
                peer.sayGoaway(0);
                lost("the connection was given up: " + why);
            }
        });
    }

    /**
     * In band there is a farewell if we had connected and the handshake was done; this is for the other cases. A
     * connection that failed in its handshake may be up again when this comes.
     */
    @Override
    public void disconnected() {
        Peer current = peer;
        loop.schedule(EVENT_GRACE_NANOS, () -> {
            if (current == peer && (endpoint.bind() || !current.isOpen())) {
                lost("the connection was lost");
            }
        });
    }

    /** Of who connects to this end nothing is concluded: it may be anybody. */
    @Override
    public void happened(ZmqEvent event) {
        if (!endpoint.bind() && !over && !peer.isOpen() && line.handshakes().happened(event)) {
            exchange.refused();
        }
    }

    /** The server is gone: its streams fail, and the next connection begins anew. */
    private void lost(String how) {
        if (over) {
            return;
        }
        Peer gone = peer;
        ZmqDisconnectedException reason = new ZmqDisconnectedException("lost " + address() + ": " + how, 0);
        if (endpoint.bind()) {
            peer = newPeer();
            gone.fail(reason);
            greetings = GREETINGS;
            // or else the timer does: whoever connects can tell it again and again
            if (greeter == null || ++hasty < GREETINGS) {
                greet();
            }
        } else {
            over();
            line.handshakes().begin();
            gone.fail(reason);
            socket.close(0);
            line.reconnect(this);
        }
    }

    /** Says hello to a server that has connected: more than once, for JeroMQ may give one to a dying connection. */
    private void greet() {
        if (over || peer.isOpen() || --greetings < 0) {
            return;
        }
        peer.sayHello(firstCredit);
        if (greeter == null) {
            greeter = loop.schedule(GREETING_NANOS, () -> {
                greeter = null;
                hasty = 0;
                greet();
            });
        }
    }

    /** Ends the calls that are under way, which the server hears; on the loop. */
    void shutDown(Throwable reason) {
        peer.shutDown(reason);
    }

    /** Ends everything; on the loop. */
    void dispose(Throwable reason) {
        if (!closed) {
            peer.dispose(reason);
            over();
            socket.close(ExchangeSettings.LINGER_MILLIS);
        }
    }

    @Override
    public void closed(@Nullable Throwable failure) {
        closed = true;
        if (failure != null && !over) {
            over();
            peer.fail(failure);
            line.reconnect(this);
        }
        exchange.finishIfClosed();
    }
}
