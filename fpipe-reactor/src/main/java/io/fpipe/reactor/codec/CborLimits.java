/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.LimitExceededException;

/**
 * What a CBOR message may hold at most; more fails with {@link LimitExceededException}. Where a message gives many
 * elements, as a sequence does, each of them may hold as much. Immutable: each method returns a changed copy.
 *
 * <p>A declared length is never believed: memory is allocated as the bytes that need it arrive. The worst that a peer
 * can do within the limits is to send many small items, each of which takes up to about 60 bytes of heap a byte;
 * {@link #maxItems} bounds that.
 */
public final class CborLimits {

    static final CborLimits DEFAULTS =
            new CborLimits(100, 16 << 20, 1 << 30, 16 << 20, 16 << 20, 1024, 10_000, Integer.MAX_VALUE);

    /** The longest array that every JVM can allocate. */
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    final int maxDepth;
    final int maxStringBytes;
    final int maxByteStringBytes;
    final int maxContainerSize;
    final long maxItems;
    final int maxBigIntegerBytes;
    final int maxExponent;
    final long maxBytes;

    private CborLimits(
            int maxDepth,
            int maxStringBytes,
            int maxByteStringBytes,
            int maxContainerSize,
            long maxItems,
            int maxBigIntegerBytes,
            int maxExponent,
            long maxBytes) {
        this.maxDepth = maxDepth;
        this.maxStringBytes = maxStringBytes;
        this.maxByteStringBytes = maxByteStringBytes;
        this.maxContainerSize = maxContainerSize;
        this.maxItems = maxItems;
        this.maxBigIntegerBytes = maxBigIntegerBytes;
        this.maxExponent = maxExponent;
        this.maxBytes = maxBytes;
    }

    /**
     * Limits how many arrays, maps and tags may be inside each other. Default: 100.
     *
     * @param levels the limit; 0 allows no array, map or tag
     * @return the changed copy
     */
    public CborLimits maxDepth(int levels) {
        check("maxDepth", levels, Integer.MAX_VALUE);
        return new CborLimits(
                levels,
                maxStringBytes,
                maxByteStringBytes,
                maxContainerSize,
                maxItems,
                maxBigIntegerBytes,
                maxExponent,
                maxBytes);
    }

    /**
     * Limits the bytes of one text string. Default: 16 MiB (16,777,216).
     *
     * @param bytes the limit, in bytes of UTF-8, up to 2,147,483,639
     * @return the changed copy
     */
    public CborLimits maxStringBytes(int bytes) {
        check("maxStringBytes", bytes, LONGEST_ARRAY);
        return new CborLimits(
                maxDepth,
                bytes,
                maxByteStringBytes,
                maxContainerSize,
                maxItems,
                maxBigIntegerBytes,
                maxExponent,
                maxBytes);
    }

    /**
     * Limits the bytes of one byte string. Default: 1 GiB (1,073,741,824). Its array is allocated when a sixteenth of
     * the bytes has arrived, so choose what the heap can hold.
     *
     * @param bytes the limit, up to 2,147,483,639
     * @return the changed copy
     */
    public CborLimits maxByteStringBytes(int bytes) {
        check("maxByteStringBytes", bytes, LONGEST_ARRAY);
        return new CborLimits(
                maxDepth, maxStringBytes, bytes, maxContainerSize, maxItems, maxBigIntegerBytes, maxExponent, maxBytes);
    }

    /**
     * Limits the elements of one array, typed arrays too, and the entries of one map. Default: 16,777,216.
     *
     * @param elements the limit, up to 2,147,483,639
     * @return the changed copy
     */
    public CborLimits maxContainerSize(int elements) {
        check("maxContainerSize", elements, LONGEST_ARRAY);
        return new CborLimits(
                maxDepth,
                maxStringBytes,
                maxByteStringBytes,
                elements,
                maxItems,
                maxBigIntegerBytes,
                maxExponent,
                maxBytes);
    }

    /**
     * Limits the data items of the message, or of one element: every scalar, array, map, tag and piece of a string counts, map keys as
     * well as values. Default: 16,777,216.
     *
     * @param items the limit
     * @return the changed copy
     */
    public CborLimits maxItems(long items) {
        check("maxItems", items, Long.MAX_VALUE);
        return new CborLimits(
                maxDepth,
                maxStringBytes,
                maxByteStringBytes,
                maxContainerSize,
                items,
                maxBigIntegerBytes,
                maxExponent,
                maxBytes);
    }

    /**
     * Limits the bytes of one integer that is written as a bignum (tags 2 and 3). Default: 1,024.
     *
     * @param bytes the limit, up to 65,536
     * @return the changed copy
     */
    public CborLimits maxBigIntegerBytes(int bytes) {
        check("maxBigIntegerBytes", bytes, 1 << 16);
        return new CborLimits(
                maxDepth, maxStringBytes, maxByteStringBytes, maxContainerSize, maxItems, bytes, maxExponent, maxBytes);
    }

    /**
     * Limits the exponent of a decimal fraction or bigfloat (tags 4 and 5), up or down: a few bytes can stand for a
     * number of as many digits. Default: 10,000.
     *
     * @param exponent the limit, of 10 or of 2, up to 1,000,000
     * @return the changed copy
     */
    public CborLimits maxExponent(int exponent) {
        check("maxExponent", exponent, 1_000_000);
        return new CborLimits(
                maxDepth,
                maxStringBytes,
                maxByteStringBytes,
                maxContainerSize,
                maxItems,
                maxBigIntegerBytes,
                exponent,
                maxBytes);
    }

    /**
     * Limits the bytes of the message, or of one element. Default: 2,147,483,647.
     *
     * @param bytes the limit
     * @return the changed copy
     */
    public CborLimits maxBytes(long bytes) {
        check("maxBytes", bytes, Long.MAX_VALUE);
        return new CborLimits(
                maxDepth,
                maxStringBytes,
                maxByteStringBytes,
                maxContainerSize,
                maxItems,
                maxBigIntegerBytes,
                maxExponent,
                bytes);
    }

    private static void check(String name, long value, long highest) {
        if (value < 0 || value > highest) {
            throw new IllegalArgumentException(name + " must be from 0 to " + highest + ", was " + value);
        }
    }
}
