/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A peer of a server that is not fpipe, while anything of it is under way: its running requests, and the replies that
 * its connection has not taken yet. It has no credit, so those are counted. On the loop, but for what ZeroMQ tells.
 */
final class PlainPeer implements Outgoing.Origin {

    /** The longest error reply; it is made for whoever cannot get a reply for want of memory, too. */
    private static final int MAX_ERROR_REPLY = 1 << 16;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final OwnedSocket socket;
    private final ByteBuffer routingId;
    private final Function<? super Throwable, ? extends ByteBuffer> errorReply;
    private final Set<PlainRequest> requests = new LinkedHashSet<>();
    private final AtomicInteger unread = new AtomicInteger();
    private final AtomicLong unreadBytes = new AtomicLong();

    /** How many messages of all peers are under way. */
    private final AtomicInteger running;

    /** How many requests of all peers were not answered. */
    private final AtomicLong dropped;

    PlainPeer(
            OwnedSocket socket,
            ByteBuffer routingId,
            Function<? super Throwable, ? extends ByteBuffer> errorReply,
            AtomicInteger running,
            AtomicLong dropped) {
        this.socket = socket;
        this.routingId = routingId;
        this.errorReply = errorReply;
        this.running = running;
        this.dropped = dropped;
    }

    /** A name for users. */
    String name() {
        return "plain-" + FrameWriter.hex(routingId);
    }

    /** Those that are under way. */
    Set<PlainRequest> requests() {
        return requests;
    }

    void begun(PlainRequest request) {
        requests.add(request);
        running.incrementAndGet();
    }

    void ended(PlainRequest request) {
        if (requests.remove(request)) {
            running.decrementAndGet();
        }
    }

    /** How many replies its connection has not taken yet. */
    int unread() {
        return unread.get();
    }

    /** Whether nothing would be forgotten with it. */
    boolean isIdle() {
        return requests.isEmpty() && unread.get() == 0;
    }

    /** Sends a reply, or the error that there are too many bytes of those that it has not read. */
    void reply(List<ByteBuffer> envelope, ByteBuffer body) {
        if (unreadBytes.get() > Peer.MAX_UNREAD) {
            String text = "more than " + Peer.MAX_UNREAD + " bytes of replies were not read";
            refuse(envelope, new ZmqRemoteException(ZmqRemoteException.OVERLOADED, text));
        } else {
            send(envelope, body);
        }
    }

    /** Sends what the server replies to an error, so that nobody waits for ever. */
    void refuse(List<ByteBuffer> envelope, Throwable error) {
        ProtocolLog.plainFailed(name(), error);
        if (unreadBytes.get() > 2 * Peer.MAX_UNREAD) {
            drop("it does not read its replies");
        } else {
            send(envelope, errorReply(error));
        }
    }

    /** What it asked for is not answered. */
    void drop(String why) {
        ProtocolLog.plainDropped(name(), dropped.incrementAndGet(), why);
    }

    private ByteBuffer errorReply(Throwable error) {
        try {
            @Nullable ByteBuffer body = errorReply.apply(error);
            if (body != null && body.remaining() <= MAX_ERROR_REPLY) {
                return body.slice();
            }
            ProtocolLog.plainErrorReply(
                    body == null ? "it is null" : body.remaining() + " bytes are more than " + MAX_ERROR_REPLY);
        } catch (Throwable ex) { // of one call, which must not end the calls of others
            ProtocolLog.plainErrorReply(ex);
        }
        return NOTHING;
    }

    private void send(List<ByteBuffer> envelope, ByteBuffer body) {
        long cost = (long) body.remaining() + Peer.FRAME_COST;
        for (ByteBuffer part : envelope) {
            cost += part.remaining() + Peer.FRAME_COST;
        }
        long bytes = cost;
        unread.incrementAndGet();
        unreadBytes.addAndGet(bytes);
        List<ByteBuffer> frames = new ArrayList<>(envelope.size() + 2);
        frames.add(routingId);
        frames.addAll(envelope);
        frames.add(body);
        socket.send(new Outgoing(
                this,
                () -> {
                    unread.decrementAndGet();
                    unreadBytes.addAndGet(-bytes);
                },
                frames.toArray(new ByteBuffer[0])));
    }

    @Override
    public void sent(int count) {
        // what counts is that the connection has taken it
    }

    @Override
    public void failed(Outgoing message, ZmqException reason) { // it is gone, as its farewell says
        Runnable taken = message.taken();
        if (taken != null) {
            taken.run();
        }
    }
}
