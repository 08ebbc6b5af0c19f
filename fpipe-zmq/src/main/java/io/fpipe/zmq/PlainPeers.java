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
import java.util.concurrent.atomic.AtomicInteger;
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

    /** The longest envelope, which is in no limit of messages: routing ids have 255 bytes at most. */
    private static final int MAX_ENVELOPE = MAX_HOPS << 8;

    /** How many of those for whom there is no room are told so at a time, and how many answers each may leave unread. */
    private static final int MAX_STRANGERS = 1 << 16;

    private static final int MAX_STRANGER_ANSWERS = 16;

    private final ServerPeers server;
    private final ZmqResources resources;
    private final ExchangeSettings settings;
    private final @Nullable Stage handler;
    private final boolean inproc;
    private final AtomicInteger running;
    private final Map<ByteBuffer, PlainPeer> peers = new HashMap<>();

    private final Map<ByteBuffer, PlainPeer> strangers = new HashMap<>();
    private final AtomicLong dropped = new AtomicLong();

    PlainPeers(
            ServerPeers server,
            ZmqResources resources,
            ExchangeSettings settings,
            @Nullable Stage handler,
            boolean inproc,
            AtomicInteger running) {
        this.server = server;
        this.resources = resources;
        this.settings = settings;
        this.handler = handler;
        this.inproc = inproc;
        this.running = running;
    }

    /** Takes a message without the routing id. */
    void received(OwnedSocket socket, ByteBuffer id, List<Msg> parts) {
        if (parts.size() == 1 && parts.get(0).size() == 0) {
            return; // ZMQ_PROBE_ROUTER: a peer has connected; an empty request has a delimiter
        }
        int delimiter = delimiter(parts);
        List<ByteBuffer> envelope = buffers(parts.subList(0, delimiter + 1));
        long length = bytes(parts.subList(0, delimiter + 1));
        PlainPeer peer = peers.get(id);
        if (peer == null) {
            peer = new PlainPeer(socket, id, settings.plain().errorReply(), running, dropped);
        }
        if (length > MAX_ENVELOPE) { // it would go back with any answer
            peer.drop("an envelope of " + length + " bytes, at most " + MAX_ENVELOPE);
            return;
        }
        if (!peers.containsKey(id)) {
            if (server.isFull()) {
                refuse(strangers.getOrDefault(id, peer), id, envelope);
                return;
            }
            strangers.remove(id);
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

    private void refuse(PlainPeer stranger, ByteBuffer id, List<ByteBuffer> envelope) {
        if (strangers.size() >= MAX_STRANGERS) {
            forgetStrangers();
        }
        if (strangers.size() >= MAX_STRANGERS || stranger.unread() >= MAX_STRANGER_ANSWERS) {
            stranger.drop("there is no room for it, and it does not read");
            return;
        }
        strangers.put(id, stranger);
        String text = "more than " + settings.limits().maxPeers() + " peers";
        stranger.refuse(envelope, new ZmqRemoteException(ZmqRemoteException.OVERLOADED, text));
    }

    /** Why a message does not become a request; null if it may. */
    private @Nullable Throwable wrong(PlainPeer peer, List<Msg> parts, int delimiter) {
        int bodies = parts.size() - delimiter - 1;
        if (bodies == 0 || (delimiter < 0 && bodies > 1)) {
            return malformed(
                    bodies == 0
                            ? "no body behind " + parts.size() + " frames of an envelope"
                            : parts.size() + " frames without an empty one among the first " + (MAX_HOPS + 1));
        }
        long body = bytes(parts.subList(delimiter + 1, parts.size()));
        if (body > settings.plainBytes()) {
            return settings.plainTooLarge(body);
        }
        return refusal(peer);
    }

    private static ZmqRemoteException malformed(String text) {
        return new ZmqRemoteException(ZmqRemoteException.MALFORMED, text);
    }

    private static long bytes(List<Msg> parts) {
        long bytes = 0;
        for (Msg part : parts) {
            bytes += part.size();
        }
        return bytes;
    }

    /** Why no request is taken now; null if one is. */
    private @Nullable ZmqRemoteException refusal(PlainPeer peer) {
        if (server.isDraining()) {
            return new ZmqRemoteException(ZmqRemoteException.SHUTTING_DOWN, "the server shuts down");
        }
        if (handler == null) {
            String text = "there is no handler for calls without a route, as those of plain peers are";
            return new ZmqRemoteException(ZmqRemoteException.UNKNOWN_ROUTE, text);
        }
        int most = settings.limits().maxStreamsPerPeer();
        if (peer.requests().size() + peer.unread() >= most) {
            String text = "more than " + most + " requests of one peer";
            return new ZmqRemoteException(ZmqRemoteException.TOO_MANY_STREAMS, text);
        }
        int mostOfAll = settings.limits().maxStreams();
        return server.streamCount() >= mostOfAll
                ? new ZmqRemoteException(ZmqRemoteException.OVERLOADED, "more than " + mostOfAll + " streams")
                : null;
    }

    private void begin(PlainPeer peer, List<ByteBuffer> envelope, List<Msg> parts, int delimiter) {
        List<ByteBuffer> body = buffers(parts.subList(delimiter + 1, parts.size()));
        long cost = bytes(parts) + (long) parts.size() * Peer.FRAME_COST;
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
        strangers.remove(id);
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

    /**
     * Forgets those of whom nothing is under way. Nothing tells that a peer over inproc is gone, and what it has not read
     * it may never read.
     */
    void forgetIdle() {
        peers.values()
                .removeIf(peer -> peer.isIdle() || (inproc && peer.requests().isEmpty()));
    }

    /** Forgets those for whom there was no room, and who have read that, or of whom nothing would tell it. */
    void forgetStrangers() {
        strangers.values().removeIf(peer -> inproc || peer.isIdle());
    }

    /** Ends what is under way, and tells who asked for it. */
    void shutDown(Throwable reason) {
        each(request -> request.fail(reason));
    }

    /** Ends what is under way because all connections are gone. */
    void fail() {
        each(PlainRequest::cancel);
        peers.clear();
        strangers.clear();
    }

    private void each(Consumer<PlainRequest> end) {
        for (PlainPeer peer : List.copyOf(peers.values())) {
            List.copyOf(peer.requests()).forEach(end);
        }
    }
}
