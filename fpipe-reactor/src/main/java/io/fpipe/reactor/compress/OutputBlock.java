/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import java.nio.ByteBuffer;

/** The array of which a decompressor hands out what it filled, slice by slice; no slice is written again. */
final class OutputBlock {

    private static final byte[] NONE = {};

    private final int chunkSize;

    private byte[] array = NONE;
    private int used;
    private int nextSize;

    OutputBlock(int chunkSize) {
        this.chunkSize = chunkSize;
    }

    /** Lets the first array follow the size of the first input. */
    void expect(int inputBytes) {
        if (nextSize == 0) {
            nextSize = Blocks.first(2 * Math.min(chunkSize, inputBytes), chunkSize);
        }
    }

    /** An array with room behind {@link #used}. */
    byte[] array() {
        if (used == array.length) {
            array = new byte[Math.max(nextSize, Blocks.SMALLEST)];
            used = 0;
            nextSize = Blocks.next(array.length, chunkSize);
        }
        return array;
    }

    int used() {
        return used;
    }

    int room() {
        return array().length - used;
    }

    ByteBuffer slice(int bytes) {
        ByteBuffer output = ByteBuffer.wrap(array, used, bytes).slice();
        used += bytes;
        return output;
    }
}
