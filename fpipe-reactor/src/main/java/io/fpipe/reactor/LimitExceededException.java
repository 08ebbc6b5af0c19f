/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

/** A message is larger, deeper or longer than a limit that was set for it. */
public final class LimitExceededException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The name of the limit. */
    private final String limit;

    /** The value of the limit. */
    private final long maximum;

    /**
     * Creates the exception.
     *
     * @param limit the name of the limit, as its option is called
     * @param maximum the value that was exceeded
     * @param message what exceeded it and where
     */
    public LimitExceededException(String limit, long maximum, String message) {
        this(message + " (" + limit + " is " + maximum + ")", limit, maximum);
    }

    private LimitExceededException(String message, String limit, long maximum) {
        super(message);
        this.limit = limit;
        this.maximum = maximum;
    }

    /**
     * Returns this exception with a place at the end of its message.
     *
     * @param place where in the value it happened, for example {@code $.lines[3].price}
     * @return the exception, with the same stack trace
     */
    public LimitExceededException at(String place) {
        LimitExceededException placed = new LimitExceededException(getMessage() + ", at " + place, limit, maximum);
        placed.setStackTrace(getStackTrace());
        return placed;
    }

    /**
     * Returns the name of the limit, as its option is called.
     *
     * @return the name
     */
    public String limit() {
        return limit;
    }

    /**
     * Returns the value that was exceeded.
     *
     * @return the value, in the unit of the option
     */
    public long maximum() {
        return maximum;
    }
}
