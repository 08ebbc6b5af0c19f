/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The array that a compressor fills and hands out. It is as small as the input of a small message, and grows up to the
 * size of a chunk.
 */
final class OutputChunk {

    private static final byte[] NONE = {};

    private final int chunkSize;

    private byte[] array = NONE;
    private int filled;
    private int nextSize = Blocks.SMALLEST;

    OutputChunk(int chunkSize) {
        this.chunkSize = chunkSize;
    }

    /** Lets the next array follow the size of an input, unless the message turned out to be large. */
    void expect(int inputBytes) {
        if (nextSize < chunkSize) {
            nextSize = Blocks.first(inputBytes, chunkSize);
        }
    }

    byte[] array() {
        if (array.length == 0) {
            array = new byte[nextSize];
        }
        return array;
    }

    int filled() {
        return filled;
    }

    int room() {
        return array().length - filled;
    }

    void add(int bytes) {
        filled += bytes;
    }

    void add(ByteBuffer bytes) {
        int count = Math.min(bytes.remaining(), room());
        bytes.get(array(), filled, count);
        filled += count;
    }

    /** Makes room in a full array; returns false if it is as large as a chunk. */
    boolean grow() {
        nextSize = Blocks.next(array.length, chunkSize);
        if (array.length == chunkSize) {
            return false;
        }
        array = Arrays.copyOf(array, nextSize);
        return true;
    }

    /** Hands the array out; it is not written again. */
    ByteBuffer take() {
        ByteBuffer output = ByteBuffer.wrap(array, 0, filled);
        array = NONE;
        filled = 0;
        return output;
    }
}
