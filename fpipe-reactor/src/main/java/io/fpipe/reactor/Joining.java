/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Gathers a message in one array, which grows with it. */
final class Joining implements Transcoder<ByteBuffer, byte[]> {

    /** The largest array that every virtual machine can make. */
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private static final byte[] EMPTY = {};

    private final int largest;
    private final ByteLimit limit;

    private byte @Nullable [] bytes = EMPTY;
    private boolean ended;

    Joining(long maxBytes) {
        largest = (int) Math.min(maxBytes, LARGEST_ARRAY);
        limit = new ByteLimit("maxBytes", largest);
    }

    @Override
    public void feed(ByteBuffer input) {
        int start = (int) limit.count();
        limit.add(input.remaining());
        int end = (int) limit.count();
        byte[] array = bytes == null ? EMPTY : bytes;
        if (end > array.length) {
            array = Arrays.copyOf(array, (int) Math.min(largest, Math.max(end, 2L * array.length)));
            bytes = array;
        }
        input.duplicate().get(array, start, end - start);
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public byte @Nullable [] poll() {
        byte[] array = bytes;
        if (!ended || array == null) {
            return null;
        }
        bytes = null;
        int length = (int) limit.count();
        return array.length == length ? array : Arrays.copyOf(array, length);
    }

    @Override
    public boolean isFinished() {
        return ended && bytes == null;
    }
}
