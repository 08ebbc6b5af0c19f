/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * An input and what must come of it.
 *
 * @param input the input
 * @param expected the expected result, if no error is expected
 * @param error the type of the expected error, or null
 */
record Sample<I, O>(I input, @Nullable O expected, @Nullable Class<? extends Throwable> error) {

    private static final int MOST_BYTES = 48;
    private static final int MOST_CHARS = 200;

    boolean accepts(@Nullable O result, Settings settings) {
        return settings.equality().test(result, expected);
    }

    void check(@Nullable O result, @Nullable Throwable actual, Settings settings) {
        if (error != null) {
            if (actual == null) {
                throw new AssertionError(
                        "completed with " + text(result) + " where " + error.getName() + " is expected");
            }
            if (!error.isInstance(actual)) {
                throw new AssertionError(
                        "failed with " + actual + " where " + error.getName() + " is expected", actual);
            }
            if (actual.getMessage() == null) {
                throw new AssertionError("failed with an error that does not say what was wrong", actual);
            }
        } else if (actual != null) {
            throw new AssertionError("failed with " + actual + " where " + text(expected) + " is expected", actual);
        } else if (!accepts(result, settings)) {
            throw new AssertionError(difference(result, expected));
        }
    }

    private static String difference(@Nullable Object result, @Nullable Object expected) {
        String text = "gave " + text(result) + " where " + text(expected) + " is expected";
        if (result instanceof byte[] a && expected instanceof byte[] b) {
            text += "; the first difference is at byte " + Arrays.mismatch(a, b);
        }
        return text;
    }

    static String text(@Nullable Object value) {
        if (value instanceof byte[] bytes) {
            HexFormat hex = HexFormat.of();
            return bytes.length + " bytes 0x"
                    + (bytes.length <= MOST_BYTES ? hex.formatHex(bytes) : hex.formatHex(bytes, 0, MOST_BYTES) + "...");
        }
        String text = String.valueOf(value);
        return text.length() <= MOST_CHARS ? text : text.substring(0, MOST_CHARS) + "...";
    }

    @Override
    public String toString() {
        return text(input);
    }
}
