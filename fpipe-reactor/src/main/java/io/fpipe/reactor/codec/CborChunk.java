/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The chunk that is being written. Its array begins small and grows up to the size of a chunk, so that a short message
 * costs no more than it needs; the next chunk of a long message has its full size at once.
 *
 * <p>The static methods write at an index and return the next: loops keep both array and index in local variables,
 * which is what makes them fast.
 */
final class CborChunk {

    /** The longest head of a data item. With that much room any head can be written. */
    static final int HEAD = 9;

    private static final int FIRST = 128;
    private static final int SHORT_TEXT = 64;
    private static final byte[] EMPTY = {};
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    byte[] array = EMPTY;
    int position;

    private final int size;
    private int first;

    CborChunk(int size) {
        this.size = size;
        this.first = Math.min(FIRST, size);
    }

    boolean isEmpty() {
        return position == 0;
    }

    /** Makes room for a head, if the chunk may still grow. */
    boolean hasRoom() {
        return array.length - position >= HEAD || room(HEAD) >= HEAD;
    }

    /** Returns how many bytes fit after growing for as many as are wanted, as far as the chunk may grow. */
    int room(int wanted) {
        int room = array.length - position;
        if (room < wanted && array.length < size) {
            long length = Math.max((long) position + wanted, Math.max(first, array.length * 4L));
            array = Arrays.copyOf(array, (int) Math.min(length, size));
            room = array.length - position;
        }
        return room;
    }

    /** Gives what was written away; the array is never touched again. */
    ByteBuffer take(boolean full) {
        ByteBuffer taken = ByteBuffer.wrap(array, 0, position);
        array = EMPTY;
        position = 0;
        first = full ? size : Math.min(FIRST, size);
        return taken;
    }

    void put(int oneByte) {
        array[position++] = (byte) oneByte;
    }

    void putHead(int major, long argument) {
        position = putHead(array, position, major << 5, argument);
    }

    void putLong(long value) {
        position = putLong(array, position, value);
    }

    void putDouble(double value) {
        position = putDouble(array, position, value);
    }

    /** Copies what fits and moves the source. */
    void putSome(ByteBuffer source) {
        int n = Math.min(source.remaining(), room(source.remaining()));
        source.get(array, position, n);
        position += n;
    }

    /**
     * Writes the first bytes of some words if all of the words fit and a head after them; if not, writes nothing. For
     * few bytes that is faster than to copy an array.
     */
    boolean putBeforeHead(long[] words, int bytes) {
        int wanted = words.length * Long.BYTES + HEAD;
        if (array.length - position < wanted && room(wanted) < wanted) {
            return false;
        }
        byte[] out = array;
        int at = position;
        for (int i = 0; i < words.length; i++) {
            LONG.set(out, at + i * Long.BYTES, words[i]);
        }
        position = at + bytes;
        return true;
    }

    /** Writes a whole text if it is short, fits and is ASCII, as most map keys are; if not, writes nothing. */
    boolean putShortAscii(String text) {
        int length = text.length();
        byte[] out = array;
        int at = position;
        if (length >= SHORT_TEXT || out.length - at < length + HEAD) {
            return false;
        }
        at = putHead(out, at, CborMajor.TEXT << 5, length);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return false;
            }
            out[at + i] = (byte) c;
        }
        position = at + length;
        return true;
    }

    /** Writes a head in its shortest form; the argument is unsigned. */
    static int putHead(byte[] out, int at, int major, long argument) {
        if (argument >>> 32 != 0) {
            out[at] = (byte) (major | 27);
            LONG.set(out, at + 1, argument);
            return at + 9;
        }
        return putHead(out, at, major, (int) argument);
    }

    private static int putHead(byte[] out, int at, int major, int argument) {
        if (argument >>> 16 != 0) {
            out[at] = (byte) (major | 26);
            INT.set(out, at + 1, argument);
            return at + 5;
        } else if (argument < 24) {
            out[at] = (byte) (major | argument);
            return at + 1;
        } else if (argument < 256) {
            out[at] = (byte) (major | 24);
            out[at + 1] = (byte) argument;
            return at + 2;
        }
        out[at] = (byte) (major | 25);
        SHORT.set(out, at + 1, (short) argument);
        return at + 3;
    }

    static int putInt(byte[] out, int at, int value) {
        int sign = value >> 31;
        return putHead(out, at, sign & 0x20, value ^ sign);
    }

    static int putLong(byte[] out, int at, long value) {
        long sign = value >> 63;
        return putHead(out, at, (int) sign & 0x20, value ^ sign);
    }

    /** Writes the shortest of the three forms that has exactly the given value (RFC 8949, section 4.1). */
    static int putDouble(byte[] out, int at, double value) {
        float single = (float) value;
        if (single != value && !Double.isNaN(value)) {
            out[at] = (byte) 0xfb;
            LONG.set(out, at + 1, Double.doubleToRawLongBits(value));
            return at + 9;
        }
        int half = Double.isNaN(value) ? HalfFloat.NAN : HalfFloat.ofExactly(single);
        if (half < 0) {
            out[at] = (byte) 0xfa;
            INT.set(out, at + 1, Float.floatToRawIntBits(single));
            return at + 5;
        }
        out[at] = (byte) 0xf9;
        SHORT.set(out, at + 1, (short) half);
        return at + 3;
    }
}
