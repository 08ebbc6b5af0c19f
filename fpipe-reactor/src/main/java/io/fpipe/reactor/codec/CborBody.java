/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one string that does not lie in one buffer. The array that is the result is allocated once, in its
 * exact size, and not before a sixteenth of the declared length has arrived; until then the received buffers are held.
 * So every byte is copied once, and a peer cannot make us allocate more than sixteen times what it sends.
 */
final class CborBody {

    /** A declared length that is believed at once. */
    private static final int TRUSTED = 64 << 10;

    private static final int PROOF = 16;

    /** Pieces below this size are copied together: a buffer object for each would outweigh its bytes. */
    private static final int SMALL = 1 << 10;

    /** Which of the two kinds of string this is: the major type. */
    final int major;

    /** Where its first byte lies in the message. */
    final long offset;

    private final int length;

    /** Whether nobody wants the bytes. */
    final boolean skipped;

    private int received;
    private byte @Nullable [] result;
    private final List<ByteBuffer> held = new ArrayList<>();

    /** The last of the held buffers while it is our own and may have room: pieces are appended at its limit. */
    private @Nullable ByteBuffer joined;

    CborBody(int major, int length, long offset, boolean skipped) {
        this.major = major;
        this.length = length;
        this.offset = offset;
        this.skipped = skipped;
    }

    /** Takes what belongs to the string and moves the position past it. */
    void take(ByteBuffer input) {
        int n = Math.min(length - received, input.remaining());
        if (skipped) {
            input.position(input.position() + n);
            received += n;
            return;
        }
        if (result == null && (length <= TRUSTED || received + n >= length / PROOF)) {
            result = allocate();
        }
        if (result != null) {
            input.get(result, received, n);
        } else {
            hold(input.slice(input.position(), n));
            input.position(input.position() + n);
        }
        received += n;
    }

    boolean isComplete() {
        return received == length;
    }

    int missing() {
        return length - received;
    }

    /** Returns the bytes, once they are complete. */
    byte[] bytes() {
        return result == null ? new byte[0] : result;
    }

    private byte[] allocate() {
        byte[] array = new byte[length];
        int at = 0;
        for (ByteBuffer piece : held) {
            int n = piece.remaining();
            piece.get(array, at, n);
            at += n;
        }
        held.clear();
        joined = null;
        return array;
    }

    private void hold(ByteBuffer piece) {
        int n = piece.remaining();
        if (n >= SMALL) {
            held.add(piece);
            joined = null;
            return;
        }
        if (joined == null || joined.capacity() - joined.limit() < n) {
            joined = ByteBuffer.allocate(2 * SMALL).limit(0);
            held.add(joined);
        }
        int end = joined.limit();
        joined.limit(end + n).put(end, piece, 0, n);
    }
}
