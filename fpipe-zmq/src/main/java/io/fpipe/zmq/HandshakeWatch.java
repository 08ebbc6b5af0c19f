/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import org.jspecify.annotations.Nullable;

/**
 * Helps connections that JeroMQ has forgotten. When a TCP connect ends, JeroMQ hands the channel from the entry of its
 * poller that connects to one that reads. If both change in one turn, they share a selection key, which the first one
 * cancels, and the second one is registered only when an entry of that poller changes again. On a busy machine that
 * happens to one connect in twenty; without help it waits until the handshake times out, and may happen again. Where the
 * peer's whole greeting is there already, it is even read in that turn, the handshake has no time limit any more, and
 * nothing is written: so each connect gets a look, and those that are not greeted get more.
 */
final class HandshakeWatch {

    private static final long FIRST_NANOS = 20_000_000;
    private static final int MOST = 6; // the last one after 1.26 s; then the handshake times out

    private final EventLoop loop;
    private final Runnable nudge;

    // Loop thread only.
    private int nudges;
    private boolean connected;
    private boolean greeted;
    private EventLoop.@Nullable Timer next;

    /**
     * Makes the watch of one socket.
     *
     * @param nudge changes an entry of JeroMQ's poller
     */
    HandshakeWatch(EventLoop loop, Runnable nudge) {
        this.loop = loop;
        this.nudge = nudge;
    }

    /** A TCP connect has ended well; on any thread. */
    void connected() {
        loop.execute(() -> {
            connected = true;
            greeted = false;
            nudges = 0;
            if (next != null) { // of a connection before: too late, or too soon, for this one
                loop.cancel(next);
            }
            schedule();
        });
    }

    /** The peer has greeted; on any thread. */
    void greeted() {
        loop.execute(() -> greeted = true);
    }

    /** The connection is lost; on any thread. */
    void over() {
        loop.execute(() -> connected = false);
    }

    private void schedule() {
        next = loop.schedule(FIRST_NANOS << nudges, this::check);
    }

    private void check() {
        next = null;
        if (connected && nudges < (greeted ? 1 : MOST)) {
            nudges++;
            nudge.run();
            schedule();
        }
    }
}
