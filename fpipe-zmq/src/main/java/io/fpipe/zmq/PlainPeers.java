/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import zmq.Msg;

/**
 * The peers of a server that are not fpipe: one ZeroMQ message is one request. A message is {@code [hop…][empty][body…]},
 * or a body of one frame; its reply goes back with the same hops. Everything runs on the loop.
 */
final class PlainPeers {

    /** More proxies in a row than anybody has; each of their frames comes back with the reply. */
    private static final int MAX_HOPS = 32;

    /** How many answers those get in all for whom there is no room: nothing shows that they read them. */
    private static final int MAX_STRANGERS = 1 << 16;

    private final ServerPeers server;
    private final ZmqResources resources;
    private final ExchangeSettings settings;
    private final @Nullable Stage handler;
    private final boolean inproc;
    private final Map<ByteBuffer, PlainPeer> peers = new HashMap<>();

    private final AtomicLong dropped = new AtomicLong();

    private int strangers;

    PlainPeers(
            ServerPeers server,
            ZmqResources resources,
            ExchangeSettings settings,
            @Nullable Stage handler,
            boolean inproc) {
        this.server = server;
        this.resources = resources;
        this.settings = settings;
        this.handler = handler;
        this.inproc = inproc;
    }

    /** Takes a message without the routing id. */
    void received(OwnedSocket socket, ByteBuffer id, List<Msg> parts) {
        if (parts.size() == 1 && parts.get(0).size() == 0) {
            return; // ZMQ_PROBE_ROUTER: a peer has connected; an empty request has a delimiter
        }
        int delimiter = delimiter(parts);
        List<ByteBuffer> envelope = buffers(parts.subList(0, delimiter + 1));
        PlainPeer peer = peers.get(id);
        if (peer == null) {
            peer = new PlainPeer(socket, id, settings.plain().errorReply(), dropped);
            if (isFull()) {
                refuseStranger(peer, envelope);
                return;
            }
            peers.put(id, peer);
        }
        int most = settings.limits().maxStreamsPerPeer();
        if (peer.unread() >= 2L * most) {
            peer.drop("it does not read " + peer.unread() + " replies");
            return;
        }
        Throwable wrong = wrong(peer, parts, delimiter);
        if (wrong == null) {
            begin(peer, envelope, parts, delimiter);
        } else {
            peer.refuse(envelope, wrong);
        }
    }

    /** The place of the empty frame behind the hops, -1 if there is none. */
    private static int delimiter(List<Msg> parts) {
        for (int i = 0; i < parts.size() && i <= MAX_HOPS; i++) {
            if (parts.get(i).size() == 0) {
                return i;
            }
        }
        return -1;
    }

    private static List<ByteBuffer> buffers(List<Msg> parts) {
        List<ByteBuffer> buffers = new ArrayList<>(parts.size());
        parts.forEach(part -> buffers.add(part.buf()));
        return buffers;
    }

    private boolean isFull() {
        int limit = settings.limits().maxPeers();
        if (server.peerCount() >= limit) {
            // nothing tells that a peer over inproc is gone, and what it has not read may never be
            peers.values()
                    .removeIf(
                            peer -> peer.isIdle() || (inproc && peer.requests().isEmpty()));
        }
        return server.peerCount() >= limit;
    }

    private void refuseStranger(PlainPeer stranger, List<ByteBuffer> envelope) {
        if (++strangers <= MAX_STRANGERS) {
            String text = "more than " + settings.limits().maxPeers() + " peers";
            stranger.refuse(envelope, new ZmqRemoteException(ZmqRemoteException.OVERLOADED, text));
        }
    }

    /** Why a message does not become a request; null if it may. */
    private @Nullable Throwable wrong(PlainPeer peer, List<Msg> parts, int delimiter) {
        int bodies = parts.size() - delimiter - 1;
        long bytes = 0;
        for (Msg part : parts) {
            bytes += part.size();
        }
        ZmqLimits limits = settings.limits();
        if (bytes > settings.plainBytes()) {
            return settings.plainTooLarge(bytes);
        }
        if (bodies == 0 || (delimiter < 0 && bodies > 1)) {
            String text = bodies == 0
                    ? "no body behind " + parts.size() + " frames of an envelope"
                    : parts.size() + " frames without an empty one among the first " + (MAX_HOPS + 1);
            return new ZmqRemoteException(ZmqRemoteException.MALFORMED, text);
        }
        if (server.isDraining()) {
            return new ZmqRemoteException(ZmqRemoteException.SHUTTING_DOWN, "the server shuts down");
        }
        if (handler == null) {
            String text = "there is no handler for calls without a route, as those of plain peers are";
            return new ZmqRemoteException(ZmqRemoteException.UNKNOWN_ROUTE, text);
        }
        if (peer.requests().size() + peer.unread() >= limits.maxStreamsPerPeer()) {
            String text = "more than " + limits.maxStreamsPerPeer() + " requests of one peer";
            return new ZmqRemoteException(ZmqRemoteException.TOO_MANY_STREAMS, text);
        }
        if (server.streamCount() >= limits.maxStreams()) {
            String text = "more than " + limits.maxStreams() + " streams";
            return new ZmqRemoteException(ZmqRemoteException.OVERLOADED, text);
        }
        return null;
    }

    private void begin(PlainPeer peer, List<ByteBuffer> envelope, List<Msg> parts, int delimiter) {
        List<ByteBuffer> body = buffers(parts.subList(delimiter + 1, parts.size()));
        long cost = 0;
        for (Msg part : parts) {
            cost += Peer.FRAME_COST + part.size();
        }
        body.removeIf(buffer -> !buffer.hasRemaining());
        PlainRequest request = new PlainRequest(resources, settings, peer, envelope);
        if (!request.memory().reserve(cost)) {
            String text = "no room for one message more";
            peer.refuse(envelope, new ZmqRemoteException(ZmqRemoteException.OVERLOADED, text));
            return;
        }
        long millis = Math.max(1, settings.plain().timeout().toMillis());
        Metadata metadata = new Metadata("", millis, Map.of());
        request.begin(requireNonNull(handler, "handler"), body, new ZmqCall(metadata, peer.name()));
    }

    /** A connection is gone. */
    void gone(ByteBuffer id) {
        PlainPeer peer = peers.remove(id);
        if (peer != null) {
            List.copyOf(peer.requests()).forEach(PlainRequest::cancel);
        }
    }

    int peerCount() {
        return peers.size();
    }

    /** How many requests were not answered because their peers do not read. */
    long dropped() {
        return dropped.get();
    }

    /** How many requests are under way. */
    int requestCount() {
        int count = 0;
        for (PlainPeer peer : peers.values()) {
            count += peer.requests().size();
        }
        return count;
    }

    /** Forgets those of whom nothing is under way. */
    void tick() {
        peers.values().removeIf(PlainPeer::isIdle);
    }

    /** Ends what is under way, and tells who asked for it. */
    void shutDown(Throwable reason) {
        each(request -> request.fail(reason));
    }

    /** Ends what is under way because all connections are gone. */
    void fail() {
        each(PlainRequest::cancel);
        peers.clear();
    }

    private void each(Consumer<PlainRequest> end) {
        for (PlainPeer peer : List.copyOf(peers.values())) {
            List.copyOf(peer.requests()).forEach(end);
        }
    }
}
