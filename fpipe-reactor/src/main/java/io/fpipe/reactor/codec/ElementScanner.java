/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;

/**
 * Finds where the elements of a message begin and end, in bytes that may be cut anywhere, without recursion. It knows
 * no more of the format than that takes: who reads the element finds out whether it is valid.
 */
abstract sealed class ElementScanner permits CborScanner, JsonScanner {

    final JacksonLayout layout;

    private final int maxDepth;

    /**
     * Creates a scanner at the beginning of a message.
     *
     * @param maxDepth how many arrays and maps may be inside each other within an element
     */
    ElementScanner(JacksonLayout layout, int maxDepth) {
        this.layout = layout;
        this.maxDepth = maxDepth;
    }

    /**
     * Moves to the first byte of the next element, past what stands between elements. It stops also at a byte that
     * cannot be there: {@link #scan} refuses it, so that what came before is not held up by it.
     */
    abstract void skip(CborWindow window);

    /**
     * Moves to the end of the element.
     *
     * @return whether it was reached; if not, the window is used up and the element goes on
     */
    abstract boolean scan(CborWindow window);

    /** Tells whether the element that was begun is whole if no more bytes come. */
    abstract boolean endsWithMessage();

    /** Tells whether no more elements are needed, nor the end of the array that they are in. */
    abstract boolean isClosed();

    final void checkDepth(int depth, long at) {
        if (depth == maxDepth) {
            throw new LimitExceededException(
                    "maxNestingDepth", maxDepth, "an array or map within " + depth + " others at byte " + at);
        }
    }

    static CorruptStreamException corrupt(String what, long at) {
        return new CorruptStreamException(what + " at byte " + at);
    }
}
