/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** A {@code int[]} or its like that is being written as an array of numbers. */
final class CborPrimitives extends CborFrame {

    private final int length;
    private final Range range;
    private int next;

    private CborPrimitives(int length, Range range) {
        this.length = length;
        this.range = range;
    }

    /** Writes the elements of one range, without looking for room, and returns the next index of the output. */
    private interface Range {
        int put(byte[] out, int at, int from, int to);
    }

    /** Returns the frame of an array of numbers or booleans; null if it is none. */
    static @Nullable CborPrimitives of(Object value) {
        if (value instanceof int[] a) {
            return new CborPrimitives(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putInt(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof long[] a) {
            return new CborPrimitives(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putLong(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof double[] a) {
            return new CborPrimitives(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putDouble(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof float[] a) {
            return new CborPrimitives(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putDouble(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof short[] a) {
            return new CborPrimitives(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putInt(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof boolean[] a) {
            return new CborPrimitives(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    out[at++] = (byte) (a[i] ? CborMajor.TRUE : CborMajor.FALSE);
                }
                return at;
            });
        }
        return null;
    }

    int length() {
        return length;
    }

    @Override
    void fill(CborEncoder encoder) {
        CborChunk chunk = encoder.chunk();
        while (next < length) {
            if (!chunk.hasRoom()) {
                return;
            }
            int room = (chunk.array.length - chunk.position) / CborChunk.HEAD;
            int end = (int) Math.min(length, (long) next + room);
            chunk.position = range.put(chunk.array, chunk.position, next, end);
            next = end;
        }
        encoder.closeFrame();
    }

    @Override
    void appendPlace(CborPath path) {
        path.index(next);
    }
}
