/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A message on its way out of a socket. */
final class Outgoing {

    private static final int SMALL = 4 << 10;

    private final ByteBuffer[] frames;
    private final Origin origin;
    private final @Nullable Runnable taken;

    Outgoing(Origin origin, ByteBuffer... frames) {
        this(origin, null, frames);
    }

    /** With what is to be told, on any thread, when the last frame leaves ZeroMQ's queue; not if it never does. */
    Outgoing(Origin origin, @Nullable Runnable taken, ByteBuffer... frames) {
        this.frames = frames;
        this.origin = origin;
        this.taken = taken;
    }

    /** Its frames, the peer's routing id first where the socket is a ROUTER. */
    ByteBuffer[] frames() {
        return frames;
    }

    /** Whether it is so small that its cost is not in its bytes. */
    boolean isSmall() {
        return frames[frames.length - 1].remaining() < SMALL;
    }

    @Nullable
    Runnable taken() {
        return taken;
    }

    /** Who hears what becomes of it. */
    Origin origin() {
        return origin;
    }

    /** Who sent a message. Called on any thread, never by the owner of the socket. */
    interface Origin {

        /** ZeroMQ has taken messages of this origin. */
        void sent(int count);

        /** A message cannot be sent; those after it are tried. */
        void failed(Outgoing message, ZmqException reason);
    }
}
