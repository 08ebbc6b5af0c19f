/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tags whose content is being read, the innermost last. Each belongs to a depth of the stack: the next value that
 * is whole at that depth is its content.
 */
final class CborTags {

    /** Marks a message as CBOR and means nothing else (RFC 8949, section 3.4.6). */
    static final int SELF_DESCRIBED = 55799;

    private final CborOptions options;
    private long[] numbers = new long[2];
    private int[] depths = new int[2];
    private long[] offsets = new long[2];
    private int size;

    CborTags(CborOptions options) {
        this.options = options;
    }

    int size() {
        return size;
    }

    /** Tells whether the next item at this depth is the content of a tag. */
    boolean isPending(int depth) {
        return size > 0 && depths[size - 1] == depth;
    }

    /** Tells whether that content is the byte string of an integer. */
    boolean isBignumPending(int depth) {
        return isPending(depth) && (numbers[size - 1] == CborTagged.BIGNUM || numbers[size - 1] == CborTagged.NEGATIVE);
    }

    /** Returns the number of the innermost tag, for messages. */
    String innermost() {
        return Long.toUnsignedString(numbers[size - 1]);
    }

    void open(long number, int depth, long at) {
        if (number == SELF_DESCRIBED) {
            return;
        } else if (!options.keepTags && !CborTagged.isKnown(number)) {
            throw new CorruptStreamException(
                    "CBOR tag " + Long.toUnsignedString(number) + " at byte " + at + " is not supported");
        } else if (depth + size >= options.limits.maxDepth) {
            throw new LimitExceededException(
                    "maxDepth",
                    options.limits.maxDepth,
                    "a CBOR tag within " + (depth + size) + " other tags, arrays or maps at byte " + at);
        } else if (size == numbers.length) {
            numbers = Arrays.copyOf(numbers, size * 2);
            depths = Arrays.copyOf(depths, size * 2);
            offsets = Arrays.copyOf(offsets, size * 2);
        }
        numbers[size] = number;
        depths[size] = depth;
        offsets[size++] = at;
    }

    /** Refuses an item that cannot be the content of the tag before it. */
    void checkContent(int major, int info, long at) {
        long number = numbers[size - 1];
        if (!CborTagged.allows(number, major, info)) {
            throw new CorruptStreamException("CBOR tag " + number + " at byte " + offsets[size - 1]
                    + " is not followed by " + CborTagged.content(number) + " but by major type " + major + " at byte "
                    + at);
        }
    }

    /** Returns what a whole value at this depth is with the tags before it. */
    @Nullable
    Object close(@Nullable Object content, int depth) {
        Object value = content;
        while (isPending(depth)) {
            size--;
            value = CborTagged.read(numbers[size], value, options.limits, offsets[size]);
        }
        return value;
    }

    /** Returns where the tag begins that was closed last. */
    long closedAt() {
        return offsets[size];
    }
}
