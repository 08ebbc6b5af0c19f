/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import org.jspecify.annotations.Nullable;

/** The bytes of a message are not what their format allows: damaged, truncated or followed by something else. */
public final class CorruptStreamException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what was wrong and where, with numbers
     */
    public CorruptStreamException(String message) {
        super(message);
    }

    /**
     * Creates the exception.
     *
     * @param message what was wrong and where, with numbers
     * @param cause the failure that showed it
     */
    public CorruptStreamException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /**
     * Returns this exception with a place at the end of its message.
     *
     * @param place where in the value it happened, for example {@code $.lines[3].price}
     * @return the exception, with the same cause and stack trace
     */
    public CorruptStreamException at(String place) {
        CorruptStreamException placed = new CorruptStreamException(getMessage() + ", at " + place, getCause());
        placed.setStackTrace(getStackTrace());
        return placed;
    }
}
