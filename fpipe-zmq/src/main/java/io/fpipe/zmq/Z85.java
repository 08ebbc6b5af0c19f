/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Bytes as text in which 5 characters stand for 4 bytes (Z85, https://rfc.zeromq.org/spec/32/). */
final class Z85 {

    private static final String ALPHABET =
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    private static final int[] VALUES = values();

    private Z85() {}

    private static int[] values() {
        int[] values = new int[128];
        Arrays.fill(values, -1);
        for (int i = 0; i < ALPHABET.length(); i++) {
            values[ALPHABET.charAt(i)] = i;
        }
        return values;
    }

    /** Encodes bytes, whose number is a multiple of 4. */
    static String encode(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length / 4 * 5);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (in.hasRemaining()) {
            long value = Integer.toUnsignedLong(in.getInt());
            for (int divisor = 85 * 85 * 85 * 85; divisor > 0; divisor /= 85) {
                text.append(ALPHABET.charAt((int) (value / divisor % 85)));
            }
        }
        return text.toString();
    }

    /**
     * Decodes a text.
     *
     * @param what begins the message of the error; the text itself may be a secret
     * @throws IllegalArgumentException if the text is not Z85 of that many bytes, a multiple of 4
     */
    static byte[] decode(String what, String text, int bytes) {
        int length = bytes / 4 * 5;
        if (text.length() != length) {
            throw new IllegalArgumentException(
                    what + " must have " + length + " characters of Z85, has " + text.length());
        }
        ByteBuffer out = ByteBuffer.allocate(bytes);
        long value = 0;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            int digit = c < VALUES.length ? VALUES[c] : -1;
            if (digit < 0) {
                throw new IllegalArgumentException(what + " is not Z85: its character " + (i + 1) + " is none of it");
            }
            value = value * 85 + digit;
            if (i % 5 == 4) {
                if (value > 0xffff_ffffL) {
                    throw new IllegalArgumentException(
                            what + " is not Z85: its characters " + (i - 3) + " to " + (i + 1) + " are too large");
                }
                out.putInt((int) value);
                value = 0;
            }
        }
        return out.array();
    }
}
