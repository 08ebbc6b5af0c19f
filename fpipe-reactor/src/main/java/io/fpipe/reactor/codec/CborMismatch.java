/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** What was read does not fit the type of its place; the decoder knows where that is and says so. */
final class CborMismatch extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CborMismatch(String message) {
        this(message, null);
    }

    CborMismatch(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }
}
