/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a length is written.
 *
 * @param width the number of bytes, or 0 for unsigned LEB128
 * @param order the order of the bytes
 */
record LengthHead(int width, ByteOrder order) {

    /** Unsigned LEB128: seven bits a byte, the lowest first, the high bit set in all but the last. */
    static final LengthHead VARINT = new LengthHead(0, ByteOrder.LITTLE_ENDIAN);

    /** A varint of 64 bits. */
    private static final int LONGEST_VARINT = 10;

    static LengthHead fixed(int width, ByteOrder order) {
        if (width != 1 && width != 2 && width != 4 && width != 8) {
            throw new IllegalArgumentException("a length has 1, 2, 4 or 8 bytes, not " + width);
        }
        return new LengthHead(width, order);
    }

    /** The largest length that can be written. */
    long largest() {
        return width == 0 || width == Long.BYTES ? Long.MAX_VALUE : (1L << (8 * width)) - 1;
    }

    ByteBuffer write(long length) {
        ByteBuffer head =
                ByteBuffer.allocate(width == 0 ? LONGEST_VARINT : width).order(order);
        switch (width) {
            case 1 -> head.put((byte) length);
            case 2 -> head.putShort((short) length);
            case 4 -> head.putInt((int) length);
            case 8 -> head.putLong(length);
            default -> writeVarint(head, length);
        }
        return head.flip();
    }

    private static void writeVarint(ByteBuffer head, long length) {
        long rest = length;
        while (rest > 0x7f) { // at most nine times: a length is not negative
            head.put((byte) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        head.put((byte) rest);
    }

    /** Reads lengths over any cut of their bytes. */
    static final class Reader {

        private final LengthHead head;
        private final FrameMeter meter;

        private long value;
        private int count;

        Reader(LengthHead head, FrameMeter meter) {
            this.head = head;
            this.meter = meter;
        }

        /** Whether a length was begun and not yet finished. */
        boolean isWithin() {
            return count > 0;
        }

        /** Takes bytes, moving the cursor, until the length is whole. */
        boolean read(ByteBuffer in) {
            while (in.hasRemaining()) {
                int b = in.get() & 0xff;
                if (count == 0) {
                    value = 0;
                }
                count++;
                boolean whole = head.width == 0 ? addVarint(b) : addFixed(b);
                meter.read(1);
                if (whole) {
                    count = 0;
                    return true;
                }
            }
            return false;
        }

        private boolean addFixed(int b) {
            value = head.order.equals(ByteOrder.BIG_ENDIAN)
                    ? (value << 8) | b
                    : value | ((long) b << (8 * (count - 1)));
            return count == head.width;
        }

        private boolean addVarint(int b) {
            if (count == LONGEST_VARINT && b > 1) {
                throw meter.corrupt("a length of more than 64 bits");
            }
            value |= (b & 0x7fL) << (7 * (count - 1));
            return b < 0x80;
        }

        /** The length that was read, unsigned. */
        long value() {
            return value;
        }
    }
}
