/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;

/** Finds a delimiter over any cut of the bytes, each byte read once (Knuth, Morris and Pratt). */
final class DelimiterMatcher {

    private final byte[] delimiter;

    /** For each number of bytes that match: how many still do if the next does not. */
    private final int[] shorter;

    private int matched;

    DelimiterMatcher(byte[] delimiter) {
        this.delimiter = delimiter;
        this.shorter = new int[delimiter.length + 1];
        for (int i = 1, k = 0; i < delimiter.length; i++) {
            k = next(k, delimiter[i]);
            shorter[i + 1] = k;
        }
    }

    private int next(int matching, byte b) {
        int k = matching;
        while (k > 0 && b != delimiter[k]) {
            k = shorter[k];
        }
        return b == delimiter[k] ? k + 1 : k;
    }

    /**
     * Searches a buffer.
     *
     * @return the index after the delimiter, or -1 if it does not end in this buffer
     */
    int find(ByteBuffer buffer, int from) {
        int k = matched;
        for (int i = from; i < buffer.limit(); i++) {
            k = next(k, buffer.get(i));
            if (k == delimiter.length) {
                matched = 0;
                return i + 1;
            }
        }
        matched = k;
        return -1;
    }

    /** How many bytes of the delimiter the bytes end with that were searched last. */
    int matched() {
        return matched;
    }

    int length() {
        return delimiter.length;
    }

    /** The first bytes of the delimiter, read-only. */
    ByteBuffer prefix(int length) {
        return ByteBuffer.wrap(delimiter, 0, length).slice().asReadOnlyBuffer();
    }
}
