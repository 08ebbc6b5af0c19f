/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The type of a place in a value that is read: it converts the scalars that stand there and opens the arrays and maps.
 * What it throws is a {@link CborMismatch}.
 */
abstract class CborType {

    /** Stands for a component that did not come. */
    static final Object MISSING = new Object();

    /** Anything but null, as it comes; there may be null further inside. */
    static final CborType OBJECT = new Any();

    /** Anything, as it comes. */
    static final CborType ANY = OBJECT.orNull();

    /** Anything, and nothing is kept of it. */
    static final CborType SKIPPED = new Skipped();

    /** What is expected, with its article: "an int". */
    private final String name;

    CborType(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    /** Converts a scalar, or a value that a tag made. */
    @Nullable
    Object of(Object scalar) {
        throw mismatch(describe(scalar));
    }

    @Nullable
    Object of(long integer) {
        return of(narrow(integer));
    }

    @Nullable
    Object of(double number) {
        return of((Object) number);
    }

    @Nullable
    Object ofNull() {
        throw mismatch("null");
    }

    /** Returns the value of a component that did not come, {@link #MISSING} if it has none. */
    @Nullable
    Object ofMissing() {
        return MISSING;
    }

    /**
     * Opens an array or a map.
     *
     * @param size the declared size; the limit if it is indefinite
     * @param presize room that the bytes at hand could fill
     */
    CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        throw mismatch(isMap ? "a map" : "an array");
    }

    /** Converts what the container has become. */
    @Nullable
    Object ofContainer(@Nullable Object value) {
        return value;
    }

    /** The integers, of the long, that this type takes as they are; none if the second is below the first. */
    long least() {
        return 0;
    }

    long greatest() {
        return -1;
    }

    /** Returns this type with null as one more value, and the one to assume where nothing comes. */
    final CborType orNull() {
        return new OrNull(this);
    }

    final CborMismatch mismatch(String found) {
        return new CborMismatch("expected " + name + ", found " + found);
    }

    static Object narrow(long integer) {
        if ((int) integer == integer) {
            return (int) integer;
        }
        return integer;
    }

    static String describe(Object value) {
        if (value instanceof Integer || value instanceof Long || value instanceof BigInteger) {
            return "the integer " + CborPath.printable(value);
        } else if (value instanceof Double) {
            return "the float " + value;
        } else if (value instanceof String) {
            return "a text";
        } else if (value instanceof byte[]) {
            return "a byte string";
        } else if (value instanceof List) {
            return "an array";
        } else if (value instanceof Map) {
            return "a map";
        } else if (value instanceof Boolean) {
            return "the boolean " + value;
        }
        return "a value of type " + value.getClass().getSimpleName();
    }

    private static final class Any extends CborType {

        Any() {
            super("anything");
        }

        @Override
        Object of(Object scalar) {
            return scalar;
        }

        @Override
        Object of(long integer) {
            return narrow(integer);
        }

        @Override
        CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
            return isMap
                    ? new CborMap(parent, indefinite, size, presize, ANY, ANY)
                    : new CborList(parent, indefinite, size, presize, ANY, null);
        }

        @Override
        long least() {
            return Long.MIN_VALUE;
        }

        @Override
        long greatest() {
            return Long.MAX_VALUE;
        }
    }

    private static final class Skipped extends CborType {

        Skipped() {
            super("anything");
        }

        @Override
        Object of(Object scalar) {
            return MISSING;
        }

        @Override
        Object of(long integer) {
            return MISSING;
        }

        @Override
        Object of(double number) {
            return MISSING;
        }

        @Override
        Object ofNull() {
            return MISSING;
        }

        @Override
        CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
            return new CborSkipped(parent, isMap, indefinite, size);
        }
    }

    private static final class OrNull extends CborType {

        private final CborType type;

        OrNull(CborType type) {
            super(type.name + " or null");
            this.type = type;
        }

        @Override
        @Nullable
        Object of(Object scalar) {
            return type.of(scalar);
        }

        @Override
        @Nullable
        Object of(long integer) {
            return type.of(integer);
        }

        @Override
        @Nullable
        Object of(double number) {
            return type.of(number);
        }

        @Override
        @Nullable
        Object ofNull() {
            return null;
        }

        @Override
        @Nullable
        Object ofMissing() {
            return null;
        }

        @Override
        CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
            return type.open(parent, isMap, indefinite, size, presize);
        }

        @Override
        @Nullable
        Object ofContainer(@Nullable Object value) {
            return type.ofContainer(value);
        }

        @Override
        long least() {
            return type.least();
        }

        @Override
        long greatest() {
            return type.greatest();
        }
    }
}
