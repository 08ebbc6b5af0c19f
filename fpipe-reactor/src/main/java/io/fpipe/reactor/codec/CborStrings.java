/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Makes values of the bytes of strings: texts and byte arrays. */
final class CborStrings {

    private final CborLimits limits;

    /** The pieces so far of a string of indefinite length. */
    private @Nullable StringBuilder text;

    private @Nullable ByteArrayOutputStream bytes;
    private long pieced;

    CborStrings(CborLimits limits) {
        this.limits = limits;
    }

    boolean isInPieces() {
        return text != null || bytes != null;
    }

    /** Refuses an item that may not stand among the pieces of a string. */
    void checkItem(int major, boolean indefinite, long offset) {
        if (isInPieces() && (indefinite || major != (text != null ? CborMajor.TEXT : CborMajor.BYTES))) {
            throw new CorruptStreamException("an item of CBOR major type " + major + " at byte " + offset
                    + " is no piece of the string of indefinite length that is open");
        }
    }

    /** Refuses a length, unsigned, that goes beyond the limits. */
    void checkLength(int major, boolean bignum, long length, long offset) {
        long max = major == CborMajor.TEXT
                ? limits.maxStringBytes
                : bignum ? limits.maxBigIntegerBytes : limits.maxByteStringBytes;
        if (length < 0 || length > max - pieced) {
            String name =
                    major == CborMajor.TEXT ? "maxStringBytes" : bignum ? "maxBigIntegerBytes" : "maxByteStringBytes";
            throw new LimitExceededException(
                    name,
                    max,
                    "a CBOR string of " + Long.toUnsignedString(length) + " bytes at byte " + offset
                            + (pieced == 0 ? "" : " after pieces of " + pieced + " bytes"));
        }
    }

    /** Begins a string of indefinite length. */
    void open(int major) {
        if (major == CborMajor.TEXT) {
            text = new StringBuilder();
        } else {
            bytes = new ByteArrayOutputStream();
        }
    }

    /** Ends a string of indefinite length and returns its value. */
    Object close() {
        Object value = text != null ? text.toString() : bytes != null ? bytes.toByteArray() : "";
        text = null;
        bytes = null;
        pieced = 0;
        return value;
    }

    /**
     * Takes a string, or a piece of one.
     *
     * @param offset its place in the message
     * @param own whether the array is exactly the string and nobody else's
     * @return the value; null if it was a piece
     */
    @Nullable
    Object accept(int major, byte[] array, int from, int length, long offset, boolean own) {
        if (major == CborMajor.TEXT) {
            String string = decode(array, from, length, offset);
            if (text == null) {
                return string;
            }
            text.append(string);
        } else if (bytes == null) {
            return own ? array : Arrays.copyOfRange(array, from, from + length);
        } else {
            bytes.write(array, from, length);
        }
        pieced += length;
        return null;
    }

    /** Returns the text whose bytes, in UTF-8, have their place in the message at the given offset. */
    String decode(byte[] array, int from, int length, long offset) {
        String string = new String(array, from, length, StandardCharsets.UTF_8);
        // The fast decoder of the JDK puts U+FFFD for what is malformed; only then is a strict look needed.
        if (string.indexOf('\uFFFD') >= 0) {
            checkUtf8(ByteBuffer.wrap(array, from, length).slice(), offset);
        }
        return string;
    }

    private static void checkUtf8(ByteBuffer utf8, long offset) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // reports malformed input
        CharBuffer unused = CharBuffer.allocate(1024);
        CoderResult result;
        do {
            result = decoder.decode(utf8, unused.clear(), true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw new CorruptStreamException(
                    "invalid UTF-8 in a CBOR text string at byte " + (offset + utf8.position()));
        }
    }
}
