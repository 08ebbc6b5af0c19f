/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Arrays of numbers as a byte string with a tag (RFC 8746). The tag's lower five bits are, from the highest: float,
 * signed, little-endian, and two for the size. Those written are signed, or floats, and little-endian.
 */
final class CborTypedArray extends CborFrame {

    static final int FIRST = 64;
    static final int LAST = 87;

    private static final int FLOAT = 0x10;
    private static final int SIGNED = 8;
    private static final int LITTLE_ENDIAN = 4;
    private static final int SIZE = 3;

    private final int tag;
    private final int width;
    private final long length;
    private final Copy copy;
    private int heads;
    private int next;

    /** Copies elements from an index on into a buffer, as many as have room there. */
    private interface Copy {
        void put(int from, int elements, ByteBuffer to);
    }

    private CborTypedArray(int tag, int width, int length, Copy copy) {
        this.tag = tag;
        this.width = width;
        this.length = length;
        this.copy = copy;
    }

    /** Returns the frame that writes an array; null if that is of no type that is written so. */
    static @Nullable CborTypedArray of(Object value) {
        if (value instanceof short[] a) {
            return new CborTypedArray(
                    77, 2, a.length, (i, n, to) -> to.asShortBuffer().put(a, i, n));
        } else if (value instanceof int[] a) {
            return new CborTypedArray(
                    78, 4, a.length, (i, n, to) -> to.asIntBuffer().put(a, i, n));
        } else if (value instanceof long[] a) {
            return new CborTypedArray(
                    79, 8, a.length, (i, n, to) -> to.asLongBuffer().put(a, i, n));
        } else if (value instanceof float[] a) {
            return new CborTypedArray(
                    85, 4, a.length, (i, n, to) -> to.asFloatBuffer().put(a, i, n));
        } else if (value instanceof double[] a) {
            return new CborTypedArray(
                    86, 8, a.length, (i, n, to) -> to.asDoubleBuffer().put(a, i, n));
        }
        return null;
    }

    @Override
    void fill(CborEncoder encoder) {
        CborChunk chunk = encoder.chunk();
        for (; heads < 2; heads++) {
            if (!chunk.hasRoom()) {
                return;
            }
            chunk.putHead(heads == 0 ? CborMajor.TAG : CborMajor.BYTES, heads == 0 ? tag : length * width);
        }
        long wanted = (length - next) * width;
        int n = chunk.room((int) Math.min(wanted, CborEncoder.CHUNK)) / width;
        n = (int) Math.min(n, length - next);
        ByteBuffer to = ByteBuffer.wrap(chunk.array, chunk.position, n * width);
        copy.put(next, n, to.slice().order(ByteOrder.LITTLE_ENDIAN));
        chunk.position += n * width;
        next += n;
        if (next == length) {
            encoder.closeFrame();
        }
    }

    @Override
    void appendPlace(CborPath path) {
        path.index(next);
    }

    static boolean isKnown(long tag) {
        // 76 is reserved; Java has no type for the quadruple floats
        return tag >= FIRST && tag <= LAST && tag != 76 && tag != 83 && tag != 87;
    }

    /** Returns the array that a byte string with one of the tags stands for. */
    static Object read(int tag, byte[] bytes, CborLimits limits, long at) {
        boolean isFloat = (tag & FLOAT) != 0;
        int size = 1 << ((tag & SIZE) + (isFloat ? 1 : 0));
        int n = bytes.length / size;
        if (n * size != bytes.length) {
            throw new CorruptStreamException("CBOR tag " + tag + " at byte " + at + ": the typed array's "
                    + bytes.length + " bytes are not elements of " + size);
        } else if (n > limits.maxContainerSize) {
            throw new LimitExceededException(
                    "maxContainerSize", limits.maxContainerSize, n + " elements of a CBOR typed array at byte " + at);
        }
        ByteBuffer from = ByteBuffer.wrap(bytes)
                .order((tag & LITTLE_ENDIAN) != 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        if (isFloat) {
            return floats(size, n, from);
        }
        return (tag & SIGNED) != 0 ? signed(size, n, from) : unsigned(size, n, from);
    }

    private static Object floats(int size, int n, ByteBuffer from) {
        if (size == Double.BYTES) {
            double[] doubles = new double[n];
            from.asDoubleBuffer().get(doubles);
            return doubles;
        }
        float[] floats = new float[n];
        if (size == Float.BYTES) {
            from.asFloatBuffer().get(floats);
        } else {
            for (int i = 0; i < n; i++) {
                floats[i] = HalfFloat.toFloat(from.getShort(2 * i) & 0xffff);
            }
        }
        return floats;
    }

    private static Object signed(int size, int n, ByteBuffer from) {
        switch (size) {
            case Long.BYTES -> {
                long[] longs = new long[n];
                from.asLongBuffer().get(longs);
                return longs;
            }
            case Integer.BYTES -> {
                int[] ints = new int[n];
                from.asIntBuffer().get(ints);
                return ints;
            }
            default -> {
                short[] shorts = new short[n];
                for (int i = 0; i < n; i++) {
                    shorts[i] = size == 1 ? from.get(i) : from.getShort(2 * i);
                }
                return shorts;
            }
        }
    }

    /** Returns the smallest type that holds every value. */
    private static Object unsigned(int size, int n, ByteBuffer from) {
        switch (size) {
            case Long.BYTES -> {
                BigInteger[] integers = new BigInteger[n];
                for (int i = 0; i < n; i++) {
                    integers[i] = CborTagged.unsigned(from.getLong(8 * i));
                }
                return integers;
            }
            case Integer.BYTES -> {
                long[] longs = new long[n];
                for (int i = 0; i < n; i++) {
                    longs[i] = from.getInt(4 * i) & 0xffffffffL;
                }
                return longs;
            }
            case Short.BYTES -> {
                int[] ints = new int[n];
                for (int i = 0; i < n; i++) {
                    ints[i] = from.getShort(2 * i) & 0xffff;
                }
                return ints;
            }
            default -> {
                short[] shorts = new short[n];
                for (int i = 0; i < n; i++) {
                    shorts[i] = (short) (from.get(i) & 0xff);
                }
                return shorts;
            }
        }
    }
}
