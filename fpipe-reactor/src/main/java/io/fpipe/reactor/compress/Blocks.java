/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

/**
 * Sizes of output arrays. Messages of a few bytes are frequent, so the first array follows the first input; each one
 * that was filled makes the next larger, up to the size of a chunk.
 */
final class Blocks {

    /** The smallest array that is allocated. */
    static final int SMALLEST = 64;

    private Blocks() {}

    /** The size of the first array for an input of so many bytes, if output is about as large or a little larger. */
    static int first(int inputBytes, int chunkSize) {
        return (int) Math.max(SMALLEST, Math.min(chunkSize, inputBytes + 32L));
    }

    /** The size of the array that follows a full one. */
    static int next(int size, int chunkSize) {
        return (int) Math.min(chunkSize, 4L * size);
    }
}
