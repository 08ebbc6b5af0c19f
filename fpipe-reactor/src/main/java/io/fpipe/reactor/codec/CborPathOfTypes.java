/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** Where in a type another is: the record and its components, for messages. */
final class CborPathOfTypes {

    private final Deque<String> components = new ArrayDeque<>();

    void enter(Class<?> type, String component) {
        components.addLast(components.isEmpty() ? type.getSimpleName() + "." + component : component);
    }

    void leave() {
        components.removeLast();
    }

    /** Returns the exception that refuses what is here. */
    IllegalArgumentException refuse(String message) {
        return new IllegalArgumentException(
                components.isEmpty() ? message : message + " (" + String.join(".", components) + ")");
    }

    /** Adds the place to what is thrown. */
    <T> T refusing(Supplier<T> find) {
        try {
            return find.get();
        } catch (IllegalArgumentException ex) {
            IllegalArgumentException placed = refuse(String.valueOf(ex.getMessage()));
            placed.initCause(ex);
            throw placed;
        }
    }
}
