/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** Where in a value something is, for messages: {@code $.lines[3].price}. */
final class CborPath {

    /** Steps that are shown, the innermost. */
    static final int LONGEST = 32;

    /** Characters of a key that are shown. */
    private static final int LONGEST_KEY = 40;

    private final StringBuilder path;

    /**
     * Begins at the root.
     *
     * @param cut whether the first steps are left out
     */
    CborPath(boolean cut) {
        path = new StringBuilder(cut ? "$..." : "$");
    }

    void index(long index) {
        path.append('[').append(index).append(']');
    }

    /** Adds the key of a map: a text as {@code .text}, anything else in brackets. */
    void key(@Nullable Object key) {
        if (key instanceof String) {
            path.append('.').append(printable(key));
        } else {
            path.append('[').append(printable(key)).append(']');
        }
    }

    /** Returns what is fit for a message of a value that was read: its first characters, none that breaks a line. */
    static String printable(@Nullable Object value) {
        String text = String.valueOf(value);
        StringBuilder shown = new StringBuilder();
        text.chars().limit(LONGEST_KEY).forEach(c -> shown.append(Character.isISOControl(c) ? '?' : (char) c));
        return text.length() > LONGEST_KEY ? shown.append("...").toString() : shown.toString();
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
