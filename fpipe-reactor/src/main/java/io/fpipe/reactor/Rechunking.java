/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Gathers buffers that are too small and cuts those that are too large. */
final class Rechunking implements Transcoder<ByteBuffer, ByteBuffer> {

    /** The first copy of a message is made this small, or as small as its bytes: many messages are. */
    private static final int SMALL = 256;

    private final int min;
    private final int max;

    private @Nullable ByteBuffer input;
    private @Nullable ByteBuffer partial;
    private int firstCapacity = SMALL;
    private boolean ended;

    Rechunking(int min, int max) {
        this.min = min;
        this.max = max;
    }

    @Override
    public void feed(ByteBuffer next) {
        input = next.hasRemaining() ? next : null;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        ByteBuffer in = input;
        if (in == null) {
            return ended ? takePartial() : null;
        }
        if (partial == null && in.remaining() >= min) {
            int take = Math.min(max, in.remaining());
            input = rest(in, take);
            return input == null ? in : in.slice(in.position(), take);
        }
        int gathered = partial == null ? 0 : partial.position();
        int take = Math.min(min - gathered, in.remaining()); // no more: a byte that need not be copied is not
        room(take).put(in.slice(in.position(), take));
        input = rest(in, take);
        if (gathered + take < min) {
            return ended ? takePartial() : null;
        }
        firstCapacity = min; // the message is a long one
        return takePartial();
    }

    private static @Nullable ByteBuffer rest(ByteBuffer in, int taken) {
        int rest = in.remaining() - taken;
        return rest == 0 ? null : in.slice(in.position() + taken, rest);
    }

    /** Returns the partial buffer with room for more bytes. */
    private ByteBuffer room(int bytes) {
        ByteBuffer old = partial;
        if (old != null && old.remaining() >= bytes) {
            return old;
        }
        int needed = bytes + (old == null ? 0 : old.position());
        int capacity = Math.max(needed, old == null ? firstCapacity : (int) Math.min(min, 2L * old.capacity()));
        ByteBuffer larger = ByteBuffer.allocate(Math.min(min, capacity));
        if (old != null) {
            larger.put(old.flip());
        }
        partial = larger;
        return larger;
    }

    private @Nullable ByteBuffer takePartial() {
        ByteBuffer output = partial;
        partial = null;
        return output == null ? null : output.flip();
    }

    @Override
    public boolean isFinished() {
        return ended && input == null && partial == null;
    }
}
