/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

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
    public CorruptStreamException(String message, Throwable cause) {
        super(message, cause);
    }
}
