/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import java.lang.reflect.Array;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An array that is being read into an array of primitives. */
final class CborNumbers extends CborContainer {

    private final Kind kind;
    private final int declared;
    private Object array;
    private int capacity;
    private int size;

    private CborNumbers(@Nullable CborContainer parent, boolean indefinite, int size, int presize, Kind kind) {
        super(parent, indefinite, size);
        this.kind = kind;
        this.declared = size;
        this.capacity = Math.min(Math.min(size, presize), PRESIZE);
        this.array = Array.newInstance(kind.component, capacity);
    }

    /** Returns the type of arrays of a primitive. */
    static CborType of(Class<?> component) {
        for (Kind kind : Kind.KINDS) {
            if (kind.component == component) {
                return kind;
            }
        }
        throw new IllegalArgumentException("no CBOR mapping for arrays of " + component);
    }

    @Override
    CborType expected() {
        return kind.element;
    }

    @Override
    int takeAhead(CborAhead ahead, long most) {
        int n = kind.run == null ? 0 : ahead.takeIntegers(kind.element, Math.min(left, most));
        if (n > 0 && kind.run != null) {
            reserve(n);
            kind.run.set(array, size, ahead.integers, n);
            size += n;
            left -= n;
        }
        return n;
    }

    @Override
    void add(@Nullable Object item, long offset) {
        left--;
        reserve(1);
        kind.one.set(array, size++, requireNonNull(item)); // no type of an element is nullable
    }

    /** Makes room; for all elements when a sixteenth is there. */
    private void reserve(int more) {
        if (size + more > capacity) {
            boolean proven = !indefinite && size + more >= declared / PROOF;
            int doubled = (int) Math.min(declared, Math.max(16, 2L * capacity));
            resize(proven ? declared : Math.max(size + more, doubled));
        }
    }

    private void resize(int length) {
        Object resized = Array.newInstance(kind.component, length);
        System.arraycopy(array, 0, resized, 0, size);
        array = resized;
        capacity = length;
    }

    @Override
    Object value() {
        if (size < capacity) {
            resize(size);
        }
        return array;
    }

    @Override
    void appendPlace(CborPath path) {
        if (!isFull()) {
            path.index(size);
        }
    }

    /** Puts one element. */
    private interface One {
        void set(Object array, int at, Object element);
    }

    /** Puts integers that are in the range of the elements. */
    private interface Run {
        void set(Object array, int at, long[] integers, int n);
    }

    /** The type of the arrays of one primitive. */
    private static final class Kind extends CborType {

        static final List<Kind> KINDS = List.of(
                new Kind(int.class, CborScalar.INT, (a, i, v) -> ((int[]) a)[i] = (Integer) v, (a, at, run, n) -> {
                    int[] ints = (int[]) a;
                    for (int i = 0; i < n; i++) {
                        ints[at + i] = (int) run[i];
                    }
                }),
                new Kind(
                        long.class,
                        CborScalar.LONG,
                        (a, i, v) -> ((long[]) a)[i] = (Long) v,
                        (a, at, run, n) -> System.arraycopy(run, 0, a, at, n)),
                new Kind(double.class, CborScalar.DOUBLE, (a, i, v) -> ((double[]) a)[i] = (Double) v, null),
                new Kind(float.class, CborScalar.FLOAT, (a, i, v) -> ((float[]) a)[i] = (Float) v, null),
                new Kind(short.class, CborScalar.SHORT, (a, i, v) -> ((short[]) a)[i] = (Short) v, null),
                new Kind(boolean.class, CborScalar.BOOLEAN, (a, i, v) -> ((boolean[]) a)[i] = (Boolean) v, null));

        private final Class<?> component;
        private final CborType element;
        private final One one;
        private final @Nullable Run run;

        Kind(Class<?> component, CborType element, One one, @Nullable Run run) {
            super("an array of " + component);
            this.component = component;
            this.element = element;
            this.one = one;
            this.run = run;
        }

        /** Takes an array that a tag made (RFC 8746). */
        @Override
        Object of(Object scalar) {
            if (scalar.getClass().componentType() == component) {
                return scalar;
            }
            List<@Nullable Object> numbers = CborCollection.convert(scalar, element);
            if (numbers == null) {
                throw mismatch(describe(scalar));
            }
            Object array = Array.newInstance(component, numbers.size());
            for (int i = 0; i < numbers.size(); i++) {
                one.set(array, i, requireNonNull(numbers.get(i)));
            }
            return array;
        }

        @Override
        CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
            if (isMap) {
                throw mismatch("a map");
            }
            return new CborNumbers(parent, indefinite, size, presize, this);
        }
    }
}
