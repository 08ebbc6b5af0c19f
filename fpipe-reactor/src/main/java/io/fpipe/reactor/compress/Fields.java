/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads fields of known length from buffers that cut them anywhere. A field that lies in one buffer is read there; the
 * others are gathered, in memory that grows with what was received, not with what a header announces.
 */
final class Fields {

    private static final byte[] NONE = {};

    private ByteBuffer input = ByteBuffer.wrap(NONE);
    private long before;
    private byte[] gathered = NONE;
    private int count;

    /** The longest field that was gathered so far; that much was received, so another may get as much at once. */
    private int longest;

    void feed(ByteBuffer next) {
        before += input.limit();
        input = next.slice();
    }

    /**
     * Returns the next bytes as soon as there are enough of them: a little-endian slice that native code can read.
     *
     * @param length how many
     * @param keep whether they must stay as they are when more fields are read
     */
    @Nullable
    ByteBuffer take(int length, boolean keep) {
        // Codecs in native code do not take a read-only view, or are slow with it: it is gathered too.
        if (count == 0 && input.remaining() >= length && (input.hasArray() || input.isDirect())) {
            ByteBuffer field = input.slice(input.position(), length);
            skip(length);
            return field.order(ByteOrder.LITTLE_ENDIAN);
        }
        int more = Math.min(length - count, input.remaining());
        if (gathered.length < count + more) {
            int room = Math.max(Math.max(count + more, 2 * gathered.length), longest);
            gathered = Arrays.copyOf(gathered, Math.min(length, room));
        }
        input.get(gathered, count, more);
        count += more;
        if (count < length) {
            return null;
        }
        count = 0;
        longest = Math.max(longest, length);
        ByteBuffer field = ByteBuffer.wrap(gathered, 0, length).slice();
        if (keep) {
            gathered = NONE;
        }
        return field.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Drops at most so many bytes and returns how many. */
    int skip(long length) {
        int skipped = (int) Math.min(length, input.remaining());
        input.position(input.position() + skipped);
        return skipped;
    }

    /** The bytes of this input that were not taken; a codec may take from it. */
    ByteBuffer input() {
        return input;
    }

    /** How many bytes of a field were gathered. */
    int gathered() {
        return count;
    }

    /** Drops what was gathered. */
    void drop() {
        count = 0;
    }

    boolean isEmpty() {
        return count == 0 && !input.hasRemaining();
    }

    /** The bytes of the message that were taken or gathered. */
    long position() {
        return before + input.position();
    }
}
