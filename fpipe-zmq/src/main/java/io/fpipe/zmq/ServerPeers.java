/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import zmq.Msg;

/** The clients of a server and what they may do. Everything runs on the loop. */
final class ServerPeers implements Peer.Owner {

    /** How many frames of those who were cut off are ignored before the socket is given up. */
    private static final int MAX_IGNORED = 1_000_000;

    /**
     * How many answers those get who have not introduced themselves, each of them and all together while they are
     * connected: nothing shows that they read them.
     */
    private static final int MAX_STRANGER_ANSWERS = 1 << 10;

    private static final int MAX_STRANGERS_ANSWERS = 1 << 16;

    private final ServerBinding binding;
    private final EventLoop loop;
    private final WindowBudget budget;
    private final ExchangeSettings settings;
    private final ZmqLimits limits;
    private final Routes routes;
    private final boolean inproc;
    private final Map<ByteBuffer, Peer> peers = new HashMap<>();
    private final PlainPeers plain;

    /** How many answers each of those had who have not introduced themselves. */
    private final Map<ByteBuffer, Integer> strangers = new HashMap<>();

    /** How many messages are under way. */
    private final AtomicInteger running = new AtomicInteger();

    private boolean draining;
    private int strangersAnswers;
    private int ignored;

    ServerPeers(
            ServerBinding binding, ZmqResources resources, ExchangeSettings settings, Routes routes, boolean inproc) {
        this.binding = binding;
        this.loop = resources.loop();
        this.budget = resources.windows();
        this.settings = settings;
        this.limits = settings.limits();
        this.routes = routes;
        this.inproc = inproc;
        this.plain = new PlainPeers(this, resources, settings, routes.otherwise(), inproc, running);
    }

    /** Takes a frame; returns whether its peer has gone away with it. */
    boolean received(OwnedSocket socket, ByteBuffer id, Frame frame) {
        Peer peer = peers.get(id);
        if (frame.isFarewell()) {
            plain.gone(id);
            forgetStranger(id);
        }
        boolean goaway = frame.type() == Frame.GOAWAY;
        if (!frame.isFarewell() && ignores(peer) && !(goaway && inproc)) {
            return false;
        }
        if (goaway) {
            return peer != null && goaway(peer, frame);
        }
        if (frame.type() == Frame.HELLO) {
            hello(socket, id, peer, frame);
        } else if (peer == null || !peer.isOpen() || peer.incarnation() != frame.incarnation()) {
            unknown(socket, id, frame);
        } else {
            peer.heard();
            if (frame.type() == Frame.OPEN) {
                open(peer, frame);
            } else {
                peer.dispatch(frame);
            }
        }
        return false;
    }

    /** Whether a peer was cut off; when enough of such was ignored, the binding begins anew to be rid of them. */
    private boolean ignores(@Nullable Peer peer) {
        if (peer == null || !peer.isCutOff()) {
            return false;
        }
        if (++ignored > MAX_IGNORED) {
            ignored = 0;
            binding.rebind();
        }
        return true;
    }

    /** Takes a message that is no frame: it is of a plain peer, if its connection does not speak FPIPE/1. */
    void receivedPlain(OwnedSocket socket, ByteBuffer id, List<Msg> parts) {
        Peer peer = peers.get(id);
        if (ignores(peer)) {
            return;
        }
        boolean claimed = parts.isEmpty() || Frame.isClaimed(parts.get(0).buf());
        if (claimed || peer != null || !settings.servesPlain() || socket.isClosing()) {
            ProtocolLog.notFpipe(socket, parts);
        } else {
            plain.received(socket, id, parts);
        }
    }

    private boolean goaway(Peer peer, Frame frame) {
        if (frame.isFarewell()) { // the connection is gone
            forget(peer);
            lost(peer, "the connection was lost");
            return true;
        }
        if (frame.incarnation() == peer.incarnation()) {
            if (inproc) { // nothing tells when the connection is gone
                forget(peer);
            }
            lost(peer, "the peer has gone away");
            return true;
        }
        return false;
    }

    private void forget(Peer peer) {
        ByteBuffer id = peer.routingId();
        if (id != null) {
            peers.remove(id, peer);
        }
    }

    private void hello(OwnedSocket socket, ByteBuffer id, @Nullable Peer before, Frame frame) {
        if (frame.incarnation() == 0) { // reserved: it makes no sense
            return;
        }
        if (before != null && before.isOpen() && before.incarnation() == frame.incarnation()) {
            before.heard();
            before.sayHello(settings.firstCredit(budget)); // it asks again, for it has not heard us yet
            return;
        }
        Peer peer = new Peer(loop, socket, id, frame.incarnation(), running, this);
        if (!peer.hello(frame)) {
            return;
        }
        if (before != null) {
            peer.follow(before);
            lost(before, "the peer has begun anew");
        } else if (isFull()) {
            refuseStranger(id, peer, 0, ZmqRemoteException.OVERLOADED, "more than " + limits.maxPeers() + " peers");
            return;
        }
        peers.put(id, peer);
        peer.sayHello(settings.firstCredit(budget));
        if (draining) {
            peer.sayGoaway(Frame.DRAIN);
        }
    }

    /** A frame of a stream that was begun with somebody else: JeroMQ sends it to whoever binds the address next. */
    private void unknown(OwnedSocket socket, ByteBuffer id, Frame frame) {
        ProtocolLog.stale(socket, frame);
        if (frame.type() == Frame.OPEN || frame.type() == Frame.DATA) {
            Peer stranger = new Peer(loop, socket, id, frame.incarnation(), running, this);
            String text = "no hello came before it";
            refuseStranger(id, stranger, frame.stream(), ZmqRemoteException.UNKNOWN_STREAM, text);
        }
    }

    private void refuseStranger(ByteBuffer id, Peer stranger, long stream, int code, String text) {
        int had = strangers.getOrDefault(id, 0);
        if (had < MAX_STRANGER_ANSWERS && strangersAnswers < MAX_STRANGERS_ANSWERS) {
            strangers.put(id, had + 1);
            strangersAnswers++;
            stranger.refuse(stream, code, text);
        }
    }

    private void forgetStranger(ByteBuffer id) {
        Integer had = strangers.remove(id);
        strangersAnswers -= had == null ? 0 : had;
    }

    private void open(Peer peer, Frame frame) {
        long length = frame.argument();
        ByteBuffer payload = frame.payload();
        if (frame.stream() < 1 || length < 0 || length > payload.remaining() || peer.has(frame.stream())) {
            String text = "cannot open stream " + frame.stream();
            peer.refuse(frame.stream(), ZmqRemoteException.UNKNOWN_STREAM, text);
            peer.broken(text);
            return;
        }
        int skip = (int) length;
        Metadata metadata;
        try {
            metadata = skip == 0 ? Metadata.NONE : Metadata.decode(payload.slice(payload.position(), skip));
        } catch (IllegalArgumentException ex) {
            peer.refuse(frame.stream(), ZmqRemoteException.MALFORMED, String.valueOf(ex.getMessage()));
            peer.broken("it sends metadata that cannot be read");
            return;
        }
        Frame first = skip == 0
                ? frame
                : frame.withPayload(payload.slice(payload.position() + skip, payload.remaining() - skip));
        Stage handler = routes.find(metadata.route());
        if (draining) {
            peer.refuse(frame.stream(), ZmqRemoteException.SHUTTING_DOWN, "the server shuts down");
        } else if (handler == null) {
            peer.refuse(frame.stream(), ZmqRemoteException.UNKNOWN_ROUTE, noRoute(metadata.route()));
        } else if (peer.streamCount() >= limits.maxStreamsPerPeer()) {
            String text = "more than " + limits.maxStreamsPerPeer() + " streams of one client";
            peer.refuse(frame.stream(), ZmqRemoteException.TOO_MANY_STREAMS, text);
        } else if (streamCount() >= limits.maxStreams()) {
            String text = "more than " + limits.maxStreams() + " streams";
            peer.refuse(frame.stream(), ZmqRemoteException.OVERLOADED, text);
        } else {
            begin(peer, first, new ZmqCall(metadata, peer.name()), handler);
        }
    }

    private static String noRoute(String name) {
        return name.isEmpty() ? "there is no handler for calls without a route" : "there is no route \"" + name + "\"";
    }

    private void begin(Peer peer, Frame first, ZmqCall call, Stage handler) {
        ExchangeStream stream = ExchangeStream.serving(loop, budget, settings, call);
        // of a request that is here whole there is no more to come
        int bytes = first.isEnd() ? ExchangeSettings.cost(first.payload().remaining()) : settings.firstCredit(budget);
        if (!stream.receiver().reserve(bytes)) {
            String text = "no room for one message more";
            peer.refuse(first.stream(), ZmqRemoteException.OVERLOADED, text);
            return;
        }
        peer.begin(stream, first.stream());
        stream.onData(first, 0);
        if (!peer.has(first.stream())) {
            return; // refused: more than the credit or than a message may have
        }
        stream.expireAtDeadline();
        stream.send(reply(handler, stream, first));
    }

    private Flux<ByteBuffer> reply(Stage handler, ExchangeStream stream, Frame first) {
        Flux<ByteBuffer> reply;
        try {
            reply = requireNonNull(handler.apply(stream.receiver()), "the handler returned null");
        } catch (Throwable ex) { // an Error too: one call's handler must not end the calls of others
            return Flux.error(ex);
        }
        if (first.wantsReply()) {
            return reply;
        }
        // no credit limits what nobody reads: without this an endless reply would never let go of the loop
        return Chunks.limit(settings.window()).apply(reply).ignoreElements().flux();
    }

    /** Whether there is no room for one peer more. */
    boolean isFull() {
        if (peers.size() + plain.peerCount() >= limits.maxPeers()) {
            plain.forgetIdle();
        }
        return peers.size() + plain.peerCount() >= limits.maxPeers();
    }

    PlainPeers plain() {
        return plain;
    }

    boolean isDraining() {
        return draining;
    }

    /** How many messages are under way. */
    int streamCount() {
        return running.get();
    }

    /** Says to each peer that this end lives, and gives up those who do not. */
    void tick() {
        plain.forgetIdle();
        plain.forgetStrangers();
        if (inproc) { // nothing tells when they are gone
            strangers.clear();
            strangersAnswers = 0;
        }
        for (Peer peer : List.copyOf(peers.values())) {
            if (peer.isOpen() && peer.isSilent(limits.maxSilent())) {
                peer.sayGoaway(0); // should it wake up
                lost(peer, "nothing was heard from the peer for too long");
            }
        }
    }

    @Override
    public void unreachable(Peer peer) {
        loop.execute(() -> {
            forget(peer);
            lost(peer, "the peer is not connected any more");
        });
    }

    /** ZeroMQ cannot disconnect one peer of a ROUTER: what it sends from now on is ignored and counted. */
    @Override
    public void cutOff(Peer peer, String why) {
        loop.execute(() -> {
            ProtocolLog.cutOff(peer.name(), why);
            peer.sayGoaway(0);
            peer.fail(new ZmqDisconnectedException("the peer was cut off: " + why, 0));
            if (!binding.isBound()) { // there is no other peer, and the connection would be of no use any more
                binding.rebind();
            }
        });
    }

    /** Ends a peer's streams. It is remembered while its connection is there, or its limits would begin anew. */
    private void lost(Peer peer, String how) {
        peer.fail(new ZmqDisconnectedException(how + " (" + binding + ")", 0));
    }

    /** Refuses all calls from now on. */
    void drain() {
        draining = true;
        peers.values().stream().filter(Peer::isOpen).forEach(peer -> peer.sayGoaway(Frame.DRAIN));
    }

    /** Ends what is under way, and tells of each stream why. */
    void shutDown(Throwable reason) {
        List.copyOf(peers.values()).forEach(peer -> peer.shutDown(reason));
        plain.shutDown(reason);
    }

    /** All connections are gone. */
    void fail(Throwable reason) {
        strangers.clear();
        strangersAnswers = 0;
        List<Peer> all = List.copyOf(peers.values());
        peers.clear();
        all.forEach(peer -> peer.fail(reason));
        plain.fail();
    }

    void dispose(Throwable reason) {
        draining = true;
        List<Peer> all = List.copyOf(peers.values());
        peers.clear();
        all.forEach(peer -> peer.dispose(reason));
        plain.shutDown(reason);
    }
}
