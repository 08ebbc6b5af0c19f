/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bytes that are being read, always in an array: the buffer's own, a copy of a piece of a buffer that has none
 * (direct or read-only), or a head that was cut and is whole now.
 */
final class CborWindow {

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final int COPIED = 8 << 10;

    byte[] array;
    int position;
    int limit;

    /** What the window has not yet been opened on, and its place in the message. */
    private ByteBuffer rest = ByteBuffer.allocate(0);

    private long restOffset;

    /** The place in the message of the array's index 0. */
    private long origin;

    private byte[] copy = {};

    /** The beginning of a head that was cut. */
    private final byte[] stash = new byte[CborChunk.HEAD];

    private int stashed;

    CborWindow() {
        array = stash;
    }

    /** Takes the next input; the one before is used up. */
    void feed(ByteBuffer input) {
        rest = input.duplicate();
    }

    /** Tells whether any input is left, in the window or after it. */
    boolean hasInput() {
        return position < limit || rest.hasRemaining();
    }

    /** Returns the place in the message of what is read next. */
    long place() {
        return restOffset - remaining();
    }

    /**
     * Opens the window, which is empty, on the next bytes of the input.
     *
     * @return false if there are none, or they do not complete a head that was cut
     */
    boolean open() {
        int n = rest.remaining();
        if (n == 0 || stashed > 0) {
            return n > 0 && joinHead();
        } else if (rest.hasArray()) {
            array = rest.array();
            position = rest.arrayOffset() + rest.position();
        } else {
            n = Math.min(n, COPIED);
            if (copy.length < n) {
                copy = new byte[n];
            }
            rest.get(rest.position(), copy, 0, n);
            array = copy;
            position = 0;
        }
        limit = position + n;
        origin = restOffset - position;
        advance(n);
        return true;
    }

    /** Closes the window on what was not read: a body may keep slices of the input, not of what was copied. */
    void giveBack() {
        advance(-remaining());
        position = limit;
    }

    /** Returns the next bytes of the input as a slice of it, up to a length; the window is closed. */
    ByteBuffer slice(long longest) {
        int n = (int) Math.min(longest, rest.remaining());
        ByteBuffer slice = rest.slice(rest.position(), n);
        advance(n);
        return slice;
    }

    /** Gives a body its part of the input and tells whether it is complete. */
    boolean fill(CborBody body) {
        int before = rest.remaining();
        body.take(rest);
        restOffset += before - rest.remaining();
        return body.isComplete();
    }

    /** Returns the next byte of the input, which has one, without taking it. */
    int peek() {
        if (remaining() == 0) {
            open();
        }
        return array[position] & 0xff;
    }

    private void advance(int bytes) {
        rest.position(rest.position() + bytes);
        restOffset += bytes;
    }

    boolean isHeadCut() {
        return stashed > 0;
    }

    /** Moves bytes of the input to the head that was cut and opens the window on it when it is whole. */
    private boolean joinHead() {
        origin = restOffset - stashed;
        int missing = headLength(stash[0]) - stashed;
        int n = Math.min(missing, rest.remaining());
        rest.get(stash, stashed, n);
        restOffset += n;
        stashed += n;
        if (n < missing) {
            return false;
        }
        array = stash;
        position = 0;
        limit = stashed;
        stashed = 0;
        return true;
    }

    /** Tells whether the window has the next head whole; if not, the head's bytes are kept and the window is empty. */
    boolean hasHead() {
        int n = limit - position;
        if (n >= CborChunk.HEAD || n >= headLength(array[position])) {
            return true;
        }
        System.arraycopy(array, position, stash, 0, n);
        stashed = n;
        position = limit;
        return false;
    }

    int remaining() {
        return limit - position;
    }

    /** Returns the place of the next byte in the message. */
    long offset() {
        return origin + position;
    }

    /** Returns the place in the message of an index of the array. */
    long offset(int index) {
        return origin + index;
    }

    int next() {
        return array[position++] & 0xff;
    }

    /** Reads the argument of a head that has one; it is unsigned (RFC 8949, section 3). */
    long argument(int info) {
        if (info > 27 && info < 31) {
            throw new CorruptStreamException(
                    "reserved CBOR additional information " + info + " at byte " + (offset() - 1));
        }
        int at = position;
        position = at + argumentLength(info);
        return argument(array, at, info);
    }

    static long argument(byte[] array, int at, int info) {
        return switch (info) {
            case 24 -> array[at] & 0xffL;
            case 25 -> (short) SHORT.get(array, at) & 0xffffL;
            case 26 -> (int) INT.get(array, at) & 0xffffffffL;
            case 27 -> (long) LONG.get(array, at);
            default -> info;
        };
    }

    private static int headLength(byte initial) {
        return 1 + argumentLength(initial & 0x1f);
    }

    static int argumentLength(int info) {
        return info < 24 || info > 27 ? 0 : 1 << (info - 24);
    }
}
