/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** The type of a map with keys and values of certain types. */
final class CborMapType extends CborType {

    private final CborType key;
    private final CborType value;

    CborMapType(CborType key, CborType value) {
        super("a map");
        this.key = key;
        this.value = value;
    }

    @Override
    CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        if (!isMap) {
            throw mismatch("an array");
        }
        return new CborMap(parent, indefinite, size, presize, key, value);
    }
}
