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
        super(message + " (" + limit + " is " + maximum + ")");
        this.limit = limit;
        this.maximum = maximum;
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
