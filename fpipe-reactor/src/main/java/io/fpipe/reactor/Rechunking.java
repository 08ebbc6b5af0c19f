/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Cuts and gathers buffers to one size. */
final class Rechunking implements Transcoder<ByteBuffer, ByteBuffer> {

    /** The first copy of a message is made this small, or as small as its bytes: many messages are. */
    private static final int SMALL = 256;

    private final int size;

    private @Nullable ByteBuffer input;
    private @Nullable ByteBuffer partial;
    private int firstCapacity = SMALL;
    private boolean ended;

    Rechunking(int size) {
        this.size = size;
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
        if (partial == null && in.remaining() >= size) {
            input = rest(in, size);
            return input == null ? in : in.slice(in.position(), size);
        }
        int gathered = partial == null ? 0 : partial.position();
        int take = Math.min(size - gathered, in.remaining());
        room(take).put(in.slice(in.position(), take));
        input = rest(in, take);
        if (gathered + take < size) {
            return ended ? takePartial() : null;
        }
        firstCapacity = size; // the message is a long one
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
        int capacity = Math.max(needed, old == null ? firstCapacity : (int) Math.min(size, 2L * old.capacity()));
        ByteBuffer larger = ByteBuffer.allocate(Math.min(size, capacity));
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
