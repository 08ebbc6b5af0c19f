/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A long array for those who have to cut it: its length in 8 bytes, then chunks of 64 KiB. */
final class Whole {

    private final byte[] head = new byte[8];
    private final CompletableFuture<byte[]> end = new CompletableFuture<>();
    private byte[] bytes = head;
    private int filled;

    /** How many chunks an array is cut into, with that of the length. */
    static int chunks(byte[] array) {
        return 1 + (array.length + Streams.CHUNK - 1) / Streams.CHUNK;
    }

    /** A chunk of an array, from where it is. */
    static ByteBuffer chunk(byte[] array, int i) {
        if (i == 0) {
            return ByteBuffer.allocate(8).putLong(0, array.length);
        }
        int from = (i - 1) * Streams.CHUNK;
        return ByteBuffer.wrap(array, from, Math.min(Streams.CHUNK, array.length - from));
    }

    /** A copy of a chunk. */
    static byte[] copy(byte[] array, int i) {
        ByteBuffer chunk = chunk(array, i);
        byte[] copy = new byte[chunk.remaining()];
        chunk.get(copy);
        return copy;
    }

    /** Takes what comes, cut anywhere; returns whether the array is whole. */
    boolean add(ByteBuffer part) {
        while (part.hasRemaining()) {
            int length = Math.min(part.remaining(), bytes.length - filled);
            if (length == 0) {
                throw new IllegalStateException(part.remaining() + " bytes after the end");
            }
            part.get(bytes, filled, length);
            filled += length;
            if (bytes == head && filled == 8) {
                bytes = new byte[Math.toIntExact(ByteBuffer.wrap(head).getLong())];
                filled = 0;
            }
        }
        boolean whole = bytes != head && filled == bytes.length;
        if (whole) {
            end.complete(bytes);
        }
        return whole;
    }

    /** The array. */
    CompletableFuture<byte[]> whole() {
        return end;
    }

    byte[] bytes() {
        return bytes;
    }
}
