/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The type of an {@code Optional}: null and nothing are empty. */
final class CborOptionalType extends CborType {

    private final CborType type;

    CborOptionalType(CborType type) {
        super(type.name() + " or null");
        this.type = type;
    }

    @Override
    Object of(Object scalar) {
        return Optional.ofNullable(type.of(scalar));
    }

    @Override
    Object of(long integer) {
        return Optional.ofNullable(type.of(integer));
    }

    @Override
    Object of(double number) {
        return Optional.ofNullable(type.of(number));
    }

    @Override
    Object ofNull() {
        return Optional.empty();
    }

    @Override
    Object ofMissing() {
        return Optional.empty();
    }

    @Override
    CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        return type.open(parent, isMap, indefinite, size, presize);
    }

    @Override
    Object ofContainer(@Nullable Object value) {
        return Optional.ofNullable(type.ofContainer(value));
    }
}
