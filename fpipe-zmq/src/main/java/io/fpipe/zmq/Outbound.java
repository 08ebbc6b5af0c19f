/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import zmq.SocketBase;
import zmq.ZError;
import zmq.ZMQ;

/**
 * The sending side of a socket; used by the socket's owner only. Keeps what the socket refused, by peer for a ROUTER,
 * so that one full peer stops nobody else, and remembers what has to be told after the release.
 */
final class Outbound {

    private static final ByteBuffer ANY_PEER = ByteBuffer.allocate(0);
    private static final int PEER_BUDGET = 16;
    private static final long RETRY_NANOS = 1_000_000;
    private static final long MAX_RETRY_NANOS = 10_000_000;

    private final OwnedSocket owned;
    private final SocketBase socket;
    private final SocketSettings settings;
    private final FrameWriter writer;
    private final boolean router;
    private final Map<ByteBuffer, ArrayDeque<Outgoing>> blocked = new HashMap<>();

    // Loop thread only.
    private EventLoop.@Nullable Timer retryTimer;
    private long retryNanos = RETRY_NANOS;

    private Outgoing.@Nullable Origin sentTo;
    private int sentCount;
    private @Nullable List<Runnable> told;

    Outbound(OwnedSocket owned, SocketBase socket, SocketSettings settings) {
        this.owned = owned;
        this.socket = socket;
        this.settings = settings;
        this.writer = new FrameWriter(owned, socket, settings);
        this.router = settings.type() == SocketType.ROUTER;
    }

    boolean isBlocked() {
        return !blocked.isEmpty();
    }

    /** Sends a message, or keeps it behind those of the same peer that the socket refused. */
    void transmit(Outgoing message) {
        if (!blocked.isEmpty()) {
            ArrayDeque<Outgoing> waiting = blocked.get(peerOf(message));
            if (waiting != null) {
                waiting.add(message);
                return;
            }
        }
        if (!attempt(message)) {
            blocked.computeIfAbsent(peerOf(message), peer -> new ArrayDeque<>()).add(message);
        }
    }

    /** Tries again what was refused; on the loop. Returns how many messages went. */
    int retry(int budget) {
        if (blocked.isEmpty()) {
            return 0;
        }
        if (settings.type().hidesRoom()) {
            events(); // what made room may have woken this turn; seen after the retry it would be lost (F7)
        }
        int sent = retryPeers(budget);
        if (sent > 0) {
            retryNanos = RETRY_NANOS;
        }
        return sent;
    }

    /** Some types give no reliable sign that a full peer has room again, so they are asked while one is blocked. */
    void armRetry(EventLoop loop) {
        if (!settings.type().hidesRoom() || blocked.isEmpty()) {
            retryNanos = RETRY_NANOS;
        } else if (retryTimer == null) {
            retryTimer = loop.schedule(retryNanos, () -> {
                retryTimer = null;
                owned.wake();
            });
            retryNanos = Math.min(2 * retryNanos, MAX_RETRY_NANOS);
        }
    }

    void cancelRetry(EventLoop loop) {
        if (retryTimer != null) {
            loop.cancel(retryTimer);
        }
    }

    /** A few messages of each peer in turn. */
    private int retryPeers(int budget) {
        int done = 0;
        for (int before = -1; before != done && done < budget; ) {
            before = done;
            for (var peers = blocked.values().iterator(); peers.hasNext(); ) {
                ArrayDeque<Outgoing> waiting = peers.next();
                for (int i = 0; i < PEER_BUDGET && !waiting.isEmpty() && attempt(waiting.element()); i++) {
                    waiting.remove();
                    done++;
                }
                if (waiting.isEmpty()) {
                    peers.remove();
                }
            }
        }
        return done;
    }

    boolean readable() {
        return (events() & ZMQ.ZMQ_POLLIN) != 0;
    }

    /** The socket's readiness; 0 if it cannot be told. Consumes the socket's commands. */
    int events() {
        int events;
        try {
            events = socket.getSocketOpt(ZMQ.ZMQ_EVENTS);
        } catch (ZError.IOException ex) {
            LateByte.check(ex);
            owned.wake();
            return 0;
        }
        if (events >= 0) {
            return events;
        }
        // -1 has every bit set, and means interrupted (and the flag is cleared) or terminated
        if (socket.errno() == ZError.EINTR) {
            writer.noteInterrupt();
            owned.wake();
        }
        return 0;
    }

    boolean wasInterrupted() {
        return writer.wasInterrupted();
    }

    void refuse(Outgoing message) {
        tell(message, new ZmqException(owned + " is closed"));
    }

    void refuseBlocked() {
        blocked.values().forEach(waiting -> waiting.forEach(this::refuse));
        blocked.clear();
    }

    /** What has to be told first after the release. */
    @Nullable
    List<Runnable> takeTold() {
        List<Runnable> list = told;
        told = null;
        return list;
    }

    /** Who has to be told then that messages were sent. */
    Outgoing.@Nullable Origin takeOrigin() {
        Outgoing.Origin origin = sentTo;
        sentTo = null;
        return origin;
    }

    /** How many messages were sent for that origin. */
    int takeSent() {
        int count = sentCount;
        sentCount = 0;
        return count;
    }

    private ByteBuffer peerOf(Outgoing message) {
        return router ? message.frames()[0] : ANY_PEER;
    }

    /** Tries to send; false means "not now". */
    private boolean attempt(Outgoing message) {
        try {
            return sendFrames(message);
        } catch (RuntimeException | AssertionError ex) { // with assertions on, JeroMQ throws AssertionError
            ZmqException reason = new ZmqException(owned + " failed: " + ex, ex);
            owned.fail(reason);
            tell(message, reason);
            return true;
        }
    }

    private boolean sendFrames(Outgoing message) {
        ByteBuffer[] frames = message.frames();
        ZmqException refused = writer.check(frames);
        if (refused != null) {
            tell(message, refused);
            return true;
        }
        int last = frames.length - 1;
        for (int i = 0; i <= last; i++) {
            int error = writer.send(frames[i], i == 0, i < last, message.taken());
            if (error == ZError.EAGAIN && i == 0 && (settings.isWaiting() || !router)) {
                return false;
            }
            if (error != 0) {
                ZmqException reason = writer.failure(frames[0], error);
                if (i > 0 || error == ZError.ETERM) { // the socket waits for the rest of half a message
                    owned.fail(reason);
                }
                tell(message, reason);
                return true;
            }
        }
        if (sentTo != message.origin()) {
            flushSent();
            sentTo = message.origin();
        }
        sentCount++;
        return true;
    }

    private void tell(Outgoing message, ZmqException reason) {
        flushSent();
        tell(() -> message.origin().failed(message, reason));
    }

    private void flushSent() {
        Outgoing.Origin origin = sentTo;
        if (origin != null) {
            int count = sentCount;
            tell(() -> origin.sent(count));
            sentTo = null;
            sentCount = 0;
        }
    }

    private void tell(Runnable what) {
        List<Runnable> list = told;
        if (list == null) {
            list = new ArrayList<>();
            told = list;
        }
        list.add(what);
    }
}
