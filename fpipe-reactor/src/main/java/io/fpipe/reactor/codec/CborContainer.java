/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** An array or a map that is being read. What it becomes is up to the type of its place. */
abstract class CborContainer {

    /** Elements that get room before one has come. */
    static final int PRESIZE = 4096;

    /** The part of a declared size that must have come before all of it is believed. */
    static final int PROOF = 16;

    final @Nullable CborContainer parent;
    final boolean indefinite;

    /** Elements, or keys and values, that may still come: what was declared, or the limit. */
    long left;

    /**
     * Opens a container.
     *
     * @param left elements, or keys and values, that may come
     */
    CborContainer(@Nullable CborContainer parent, boolean indefinite, long left) {
        this.parent = parent;
        this.indefinite = indefinite;
        this.left = left;
    }

    final boolean isFull() {
        return left == 0 && !indefinite;
    }

    /** Tells whether the next item is the key of a map. */
    boolean expectsKey() {
        return false;
    }

    /** Tells whether a map has a key that has no value yet. */
    boolean expectsValue() {
        return false;
    }

    /** The type of the next item. */
    abstract CborType expected();

    /** Adds an item, converted, that begins at the given offset; the caller has checked that one may come. */
    abstract void add(@Nullable Object item, long offset);

    /**
     * Takes items that lie whole in the window without a look at each of them: scalars, and keys that are expected.
     *
     * @param most the most items to take
     * @return how many were taken
     */
    int takeAhead(CborAhead ahead, long most) {
        return 0;
    }

    /** Returns what the container has become, once all has come. */
    abstract @Nullable Object value();

    /** Adds the place of the current item. */
    abstract void appendPlace(CborPath path);
}
