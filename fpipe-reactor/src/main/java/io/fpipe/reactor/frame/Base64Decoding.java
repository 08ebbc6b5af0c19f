/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.BufferFunction;
import io.fpipe.reactor.CorruptStreamException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Decodes fours of characters. The decoder of the JDK does not say where the text is wrong, and lets some of it pass.
 */
final class Base64Decoding implements BufferFunction {

    private static final String COMMON = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /** The alphabets, as the value of each character or -1. */
    static final byte[] BASIC = values(COMMON + "+/");

    static final byte[] URL = values(COMMON + "-_");

    private final byte[] values;
    private final boolean mustPad;

    /** The bits of the {@code count} characters of an unfinished four. */
    private int bits;

    private int count;
    private int padding;
    private long offset;

    Base64Decoding(byte[] values, boolean mustPad) {
        this.values = values;
        this.mustPad = mustPad;
    }

    private static byte[] values(String alphabet) {
        byte[] values = new byte[256];
        Arrays.fill(values, (byte) -1);
        for (int i = 0; i < alphabet.length(); i++) {
            values[alphabet.charAt(i)] = (byte) i;
        }
        return values;
    }

    @Override
    public ByteBuffer apply(ByteBuffer input) {
        ByteBuffer out = ByteBuffer.allocate((int) ((count + (long) input.remaining()) / 4 * 3));
        for (int i = input.position(); i < input.limit(); i++) {
            int c = input.get(i) & 0xff;
            int value = values[c];
            if (c == '=') {
                pad();
            } else if (value < 0 || padding > 0) {
                throw new CorruptStreamException(
                        (value < 0 ? "not a character of base64" : "more after the padding of base64") + ": 0x"
                                + Integer.toHexString(c) + " at byte " + offset);
            } else {
                bits = (bits << 6) | value;
                if (++count == 4) {
                    out.put((byte) (bits >>> 16)).put((byte) (bits >>> 8)).put((byte) bits);
                    count = 0;
                }
            }
            offset++;
        }
        return out.flip();
    }

    private void pad() {
        if (count < 2 || count + padding == 4) {
            throw new CorruptStreamException("base64 is padded after " + count + " of 4 characters and " + padding
                    + " of padding, at byte " + offset);
        }
        padding++;
    }

    @Override
    public ByteBuffer end() {
        if (count == 1 || (count > 0 && count + padding < 4 && (mustPad || padding > 0))) {
            throw new CorruptStreamException(
                    "base64 ended at byte " + offset + ", after " + (count + padding) + " of 4 characters");
        }
        int spare = count == 2 ? 4 : count == 3 ? 2 : 0;
        if ((bits & ((1 << spare) - 1)) != 0) {
            throw new CorruptStreamException("base64 ended at byte " + offset + " with bits that belong to no byte");
        }
        ByteBuffer out = ByteBuffer.allocate(2);
        if (count >= 2) {
            int rest = bits >>> spare;
            if (count == 3) {
                out.put((byte) (rest >>> 8));
            }
            out.put((byte) rest);
        }
        return out.flip();
    }
}
