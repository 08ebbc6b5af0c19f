/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** An array or a map nobody asked for: its items are counted and forgotten. */
final class CborSkipped extends CborContainer {

    private final boolean isMap;
    private long seen;

    CborSkipped(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size) {
        super(parent, indefinite, isMap ? 2L * size : size);
        this.isMap = isMap;
    }

    @Override
    boolean expectsKey() {
        return isMap && (seen & 1) == 0;
    }

    @Override
    boolean expectsValue() {
        return isMap && (seen & 1) == 1;
    }

    @Override
    CborType expected() {
        return CborType.SKIPPED;
    }

    @Override
    void add(@Nullable Object item, long offset) {
        left--;
        seen++;
    }

    @Override
    Object value() {
        return CborType.MISSING;
    }

    @Override
    void appendPlace(CborPath path) {
        path.index(isMap ? seen / 2 : seen);
    }
}
