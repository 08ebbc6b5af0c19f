/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The type of what is made of the elements of an array. */
final class CborCollection extends CborType {

    /** Elements of a set that may have the same hash. */
    private static final int MOST_ALIKE = 64;

    private final CborType element;
    private final @Nullable Function<List<@Nullable Object>, Object> finish;

    private CborCollection(CborType element, @Nullable Function<List<@Nullable Object>, Object> finish) {
        super("an array");
        this.element = element;
        this.finish = finish;
    }

    static CborType list(CborType element) {
        return new CborCollection(element, null);
    }

    static CborType set(CborType element) {
        return new CborCollection(element, CborCollection::toSet);
    }

    static CborType array(CborType element, Class<?> component) {
        return new CborCollection(element, list -> list.toArray((Object[]) Array.newInstance(component, list.size())));
    }

    /** Makes a set; elements that were made to collide would take the square of their number in time. */
    private static Set<@Nullable Object> toSet(List<@Nullable Object> list) {
        Set<@Nullable Object> set = new LinkedHashSet<>(list.size() + list.size() / 3 + 1);
        Map<Integer, Integer> hashes = new HashMap<>();
        for (int i = 0; i < list.size(); i++) {
            Object element = list.get(i);
            if (element != null
                    && !(element instanceof Comparable)
                    && hashes.merge(element.hashCode(), 1, Integer::sum) > MOST_ALIKE) {
                throw new CborMismatch("more than " + MOST_ALIKE + " elements of a set have the same hash");
            } else if (!set.add(element)) {
                throw new CborMismatch("element " + i + " of a set is there twice");
            }
        }
        return set;
    }

    /** Takes an array that a tag made (RFC 8746). */
    @Override
    Object of(Object scalar) {
        List<@Nullable Object> numbers = convert(scalar, element);
        if (numbers == null) {
            throw mismatch(describe(scalar));
        }
        return finish == null ? numbers : finish.apply(numbers);
    }

    @Override
    CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        if (isMap) {
            throw mismatch("a map");
        }
        return new CborList(parent, indefinite, size, presize, element, finish);
    }

    /** Returns the numbers of an array that a tag made, of another type than it has; null for any other value. */
    static @Nullable List<@Nullable Object> convert(Object array, CborType element) {
        Class<?> component = array.getClass().componentType();
        if (component == null || component == byte.class) {
            return null;
        }
        int length = Array.getLength(array);
        List<@Nullable Object> numbers = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            Object number = Array.get(array, i);
            boolean isFloat = number instanceof Float || number instanceof Double;
            numbers.add(
                    isFloat
                            ? element.of(((Number) number).doubleValue())
                            : number instanceof BigInteger
                                    ? element.of(number)
                                    : element.of(((Number) number).longValue()));
        }
        return numbers;
    }
}
