/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** The scalar types that Java has classes for. */
final class CborScalar extends CborType {

    static final CborType BYTE = new Whole("a byte", Byte.MIN_VALUE, Byte.MAX_VALUE, v -> (byte) v);
    static final CborType SHORT = new Whole("a short", Short.MIN_VALUE, Short.MAX_VALUE, v -> (short) v);
    static final CborType INT = new Whole("an int", Integer.MIN_VALUE, Integer.MAX_VALUE, v -> (int) v);
    static final CborType LONG = new Whole("a long", Long.MIN_VALUE, Long.MAX_VALUE, v -> v);
    static final CborType FLOAT = new Fraction("a float", true);
    static final CborType DOUBLE = new Fraction("a double", false);
    static final CborType BOOLEAN = new CborScalar("a boolean", v -> v instanceof Boolean ? v : null);
    static final CborType CHAR = new CborScalar(
            "a text of one char", v -> v instanceof String text && text.length() == 1 ? text.charAt(0) : null);
    static final CborType STRING = new CborScalar("a text", v -> v instanceof String ? v : null);

    private static final Map<Class<?>, CborType> TYPES = new HashMap<>();

    static {
        put(BYTE, byte.class, Byte.class);
        put(SHORT, short.class, Short.class);
        put(INT, int.class, Integer.class);
        put(LONG, long.class, Long.class);
        put(FLOAT, float.class, Float.class);
        put(DOUBLE, double.class, Double.class);
        put(BOOLEAN, boolean.class, Boolean.class);
        put(CHAR, char.class, Character.class);
        put(STRING, String.class, CharSequence.class);
        put(OBJECT, Object.class);
        put(new CborScalar("a number", v -> v instanceof Number ? v : null), Number.class);
        put(new CborScalar("an integer", CborScalar::bigInteger), BigInteger.class);
        put(new CborScalar("a decimal number", CborScalar::bigDecimal), BigDecimal.class);
        put(new CborScalar("a byte string", v -> v instanceof byte[] ? v : null), byte[].class);
        put(new CborScalar("a text", v -> v instanceof String text ? text.toCharArray() : null), char[].class);
        put(new CborScalar("a tag", v -> v instanceof CborTag ? v : null), CborTag.class);
        put(new CborScalar("a simple value", v -> v instanceof CborSimple ? v : null), CborSimple.class);
        put(
                new CborScalar("a byte string", v -> v instanceof byte[] bytes ? ByteBuffer.wrap(bytes) : null),
                ByteBuffer.class);
        put(text("a time", Instant.class, text -> OffsetDateTime.parse(text).toInstant()), Instant.class);
        put(text("a date", LocalDate.class, LocalDate::parse), LocalDate.class);
        put(text("a URI", URI.class, URI::create), URI.class);
        put(new CborScalar("a UUID", CborScalar::uuid), UUID.class);
        put(new CborScalar("a time", CborScalar::offsetDateTime), OffsetDateTime.class);
        put(new CborScalar("a time", CborScalar::zonedDateTime), ZonedDateTime.class);
        put(new OptionalNumber(INT, v -> OptionalInt.of((Integer) v), OptionalInt.empty()), OptionalInt.class);
        put(new OptionalNumber(LONG, v -> OptionalLong.of((Long) v), OptionalLong.empty()), OptionalLong.class);
        put(
                new OptionalNumber(DOUBLE, v -> OptionalDouble.of((Double) v), OptionalDouble.empty()),
                OptionalDouble.class);
    }

    /** Returns null for what is of no such type. */
    private final Function<Object, @Nullable Object> convert;

    private CborScalar(String name, Function<Object, @Nullable Object> convert) {
        super(name);
        this.convert = convert;
    }

    private static void put(CborType type, Class<?>... classes) {
        for (Class<?> c : classes) {
            TYPES.put(c, type);
        }
    }

    /** Returns the type of a class; null if the class is none of a scalar. */
    static @Nullable CborType of(Class<?> type) {
        return TYPES.get(type);
    }

    @Override
    Object of(Object scalar) {
        Object value;
        try {
            value = convert.apply(scalar);
        } catch (RuntimeException ex) {
            throw new CborMismatch("expected " + name() + ", found " + describe(scalar) + ": " + ex.getMessage(), ex);
        }
        if (value == null) {
            throw mismatch(describe(scalar));
        }
        return value;
    }

    /** A type whose values a tag makes; without the tag, their text is accepted. */
    private static <T> CborType text(String name, Class<T> type, Function<String, T> parse) {
        return new CborScalar(
                name,
                value -> type.isInstance(value) ? value : value instanceof String text ? parse.apply(text) : null);
    }

    private static @Nullable Object bigInteger(Object value) {
        return value instanceof Integer || value instanceof Long
                ? BigInteger.valueOf(((Number) value).longValue())
                : value instanceof BigInteger ? value : null;
    }

    private static @Nullable Object bigDecimal(Object value) {
        if (value instanceof BigDecimal) {
            return value;
        } else if (value instanceof Double number) {
            return BigDecimal.valueOf(number); // fails for infinity and NaN
        }
        Object integer = bigInteger(value);
        return integer == null ? null : new BigDecimal((BigInteger) integer);
    }

    private static @Nullable Object uuid(Object value) {
        if (value instanceof byte[] bytes && bytes.length == 16) {
            ByteBuffer halves = ByteBuffer.wrap(bytes);
            return new UUID(halves.getLong(), halves.getLong());
        }
        return value instanceof UUID ? value : value instanceof String text ? UUID.fromString(text) : null;
    }

    private static @Nullable Object offsetDateTime(Object value) {
        return value instanceof Instant instant
                ? instant.atOffset(ZoneOffset.UTC)
                : value instanceof String text ? OffsetDateTime.parse(text) : null;
    }

    private static @Nullable Object zonedDateTime(Object value) {
        return value instanceof Instant instant
                ? instant.atZone(ZoneOffset.UTC)
                : value instanceof String text ? ZonedDateTime.parse(text) : null;
    }

    /** Integers within a range. */
    private static final class Whole extends CborType {

        private final long least;
        private final long greatest;
        private final LongFunction<Object> box;

        Whole(String name, long least, long greatest, LongFunction<Object> box) {
            super(name);
            this.least = least;
            this.greatest = greatest;
            this.box = box;
        }

        @Override
        Object of(Object scalar) {
            if (scalar instanceof Integer || scalar instanceof Long) {
                return of(((Number) scalar).longValue());
            }
            throw scalar instanceof BigInteger ? outside(scalar) : mismatch(describe(scalar));
        }

        @Override
        Object of(long integer) {
            if (integer < least || integer > greatest) {
                throw outside(integer);
            }
            return box.apply(integer);
        }

        private CborMismatch outside(Object integer) {
            return new CborMismatch("expected " + name() + " from " + least + " to " + greatest + ", found "
                    + CborPath.printable(integer));
        }

        @Override
        long least() {
            return least;
        }

        @Override
        long greatest() {
            return greatest;
        }
    }

    /** Floats, and integers that are one exactly. A float loses digits, but no number becomes infinite. */
    private static final class Fraction extends CborType {

        private final boolean single;

        Fraction(String name, boolean single) {
            super(name);
            this.single = single;
        }

        @Override
        Object of(Object scalar) {
            if (scalar instanceof Double number) {
                return of(number.doubleValue());
            } else if (scalar instanceof Integer || scalar instanceof Long) {
                return of(((Number) scalar).longValue());
            }
            throw mismatch(describe(scalar));
        }

        @Override
        Object of(long integer) {
            double number = single ? (float) integer : (double) integer;
            if ((long) number != integer || number == 0x1p63) {
                throw mismatch("the integer " + integer + ", which is none exactly");
            }
            return of(number);
        }

        @Override
        Object of(double number) {
            if (!single) {
                return number;
            }
            float rounded = (float) number;
            if (Float.isInfinite(rounded) && !Double.isInfinite(number)) {
                throw mismatch("the float " + number + ", which is beyond its range");
            }
            return rounded;
        }
    }

    /** A number or nothing. */
    private static final class OptionalNumber extends CborType {

        private final CborType type;
        private final Function<Object, Object> some;
        private final Object none;

        OptionalNumber(CborType type, Function<Object, Object> some, Object none) {
            super(type.name() + " or null");
            this.type = type;
            this.some = some;
            this.none = none;
        }

        @Override
        Object of(Object scalar) {
            return some.apply(requireNonNull(type.of(scalar)));
        }

        @Override
        Object ofNull() {
            return none;
        }

        @Override
        Object ofMissing() {
            return none;
        }
    }
}
