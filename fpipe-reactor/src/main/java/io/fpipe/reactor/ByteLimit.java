/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

/**
 * Counts the bytes of one message and fails above a maximum: the limit that every transcoder needs whose output may be
 * larger than its input. Not thread-safe, as transcoders are not.
 */
public final class ByteLimit {

    private final String name;
    private final long maximum;
    private long count;

    /**
     * Creates a count of zero.
     *
     * @param name the name of the limit, as its option is called
     * @param maximum the bytes that are allowed, at least 0; {@code Long.MAX_VALUE} allows any number
     */
    public ByteLimit(String name, long maximum) {
        this.name = requireNonNull(name, "name");
        if (maximum < 0) {
            throw new IllegalArgumentException(name + " must be at least 0, was " + maximum);
        }
        this.maximum = maximum;
    }

    /**
     * Counts bytes.
     *
     * @param bytes how many more there are
     * @throws LimitExceededException if there are more than the maximum now
     */
    public void add(long bytes) {
        if (bytes > maximum - count) {
            throw new LimitExceededException(name, maximum, "the message has at least " + (count + bytes) + " bytes");
        }
        count += bytes;
    }

    /**
     * Returns how many bytes were counted.
     *
     * @return the number, at most the maximum
     */
    public long count() {
        return count;
    }
}
