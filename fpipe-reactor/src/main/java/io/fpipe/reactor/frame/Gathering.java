/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Gathers bytes in one buffer; a single one is not copied. */
final class Gathering {

    /** The largest array that every virtual machine allows. */
    static final int LARGEST = Integer.MAX_VALUE - 8;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private @Nullable ByteBuffer single;
    private byte @Nullable [] bytes;
    private int length;

    /** Adds bytes; there must not be more than {@link #LARGEST}. */
    void add(ByteBuffer more) {
        ByteBuffer first = single;
        if (length == 0) {
            single = more;
        } else if (first != null) {
            single = null;
            bytes = new byte[capacity(length + more.remaining(), 0)];
            first.duplicate().get(bytes, 0, length);
            copy(bytes, more);
        } else if (bytes != null) {
            int needed = length + more.remaining();
            if (needed > bytes.length) {
                bytes = Arrays.copyOf(bytes, capacity(needed, bytes.length));
            }
            copy(bytes, more);
        }
        length += more.remaining();
    }

    private void copy(byte[] to, ByteBuffer more) {
        more.duplicate().get(to, length, more.remaining());
    }

    private static int capacity(int needed, int old) {
        return (int) Math.min(LARGEST, Math.max(needed, 2L * old));
    }

    int length() {
        return length;
    }

    /** Returns what was gathered, perhaps nothing, and begins anew. */
    ByteBuffer take() {
        ByteBuffer result = single != null ? single : bytes != null ? ByteBuffer.wrap(bytes, 0, length) : NOTHING;
        single = null;
        bytes = null;
        length = 0;
        return result;
    }
}
