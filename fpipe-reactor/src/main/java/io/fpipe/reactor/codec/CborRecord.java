/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A record as a map: its keys as bytes, how to get what its components hold, and how to create it. The discriminators
 * of the unions that the record belongs to come first, as if they were components.
 */
final class CborRecord {

    private static final ClassValue<CborRecord> RECORDS = new ClassValue<>() {
        @Override
        protected CborRecord computeValue(Class<?> type) {
            return new CborRecord(type);
        }
    };

    private final Class<?> type;
    private final RecordComponent[] components;
    private final String[] names;
    private final byte[][] keys;

    /** The keys once more, in words of eight bytes, the last one filled up with zeros. */
    private final long[][] keyWords;

    private final Map<String, Integer> indexes = new HashMap<>();

    /** The keys of the unions. */
    private final List<String> discriminators;

    private final @Nullable String unionName;
    private final CborGetter[] getters;
    private final int[] order;

    /** The order of the keys' bytes (RFC 8949, section 4.2.1). */
    private final int[] sorted;

    /** Creates a record of an array with all components. */
    private final MethodHandle constructor;

    private CborRecord(Class<?> type) {
        this.type = type;
        this.components = type.getRecordComponents();
        this.discriminators = List.copyOf(discriminators(type));
        CborName name = type.getAnnotation(CborName.class);
        this.unionName = name == null ? null : name.value();
        int first = discriminators.size();
        this.names = new String[first + components.length];
        this.keys = new byte[names.length][];
        this.keyWords = new long[names.length][];
        this.getters = new CborGetter[names.length];
        MethodHandles.Lookup lookup = lookup(type);
        for (int i = 0; i < first; i++) {
            setName(i, discriminators.get(i));
            getters[i] = CborGetter.constant(String.valueOf(unionName));
        }
        for (int i = 0; i < components.length; i++) {
            CborName own = components[i].getAnnotation(CborName.class);
            setName(first + i, own == null ? components[i].getName() : own.value());
            getters[first + i] = CborGetter.of(components[i], lookup);
        }
        this.constructor = constructor(lookup);
        this.order = IntStream.range(0, names.length).toArray();
        this.sorted = IntStream.range(0, names.length)
                .boxed()
                .sorted((a, b) -> Arrays.compareUnsigned(keys[a], keys[b]))
                .mapToInt(i -> i)
                .toArray();
    }

    /**
     * Returns the record of a class.
     *
     * @throws IllegalArgumentException if it cannot be written and read
     */
    static CborRecord of(Class<?> type) {
        return RECORDS.get(type);
    }

    private void setName(int index, String name) {
        names[index] = name;
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        byte[] head = new byte[CborChunk.HEAD];
        int length = CborChunk.putHead(head, 0, CborMajor.TEXT << 5, text.length);
        byte[] key = new byte[length + text.length];
        System.arraycopy(head, 0, key, 0, length);
        System.arraycopy(text, 0, key, length, text.length);
        keys[index] = key;
        keyWords[index] = new long[(key.length + Long.BYTES - 1) / Long.BYTES];
        ByteBuffer padded = ByteBuffer.allocate(keyWords[index].length * Long.BYTES)
                .put(key)
                .rewind();
        padded.asLongBuffer().get(keyWords[index]);
        if (indexes.put(name, index) != null) {
            throw new IllegalArgumentException("two components of " + type.getName() + " have the name '" + name + "'");
        }
    }

    /** Finds the unions: among the interfaces of the record, theirs and so on. */
    private static Set<String> discriminators(Class<?> type) {
        Set<String> keys = new LinkedHashSet<>();
        List<Class<?>> open = new ArrayList<>(List.of(type.getInterfaces()));
        for (int i = 0; i < open.size(); i++) { // grows
            Class<?> parent = open.get(i);
            CborUnion union = parent.getAnnotation(CborUnion.class);
            if (union != null && keys.add(union.value()) && !type.isAnnotationPresent(CborName.class)) {
                throw new IllegalArgumentException(type.getName() + " needs a @CborName: the union " + parent.getName()
                        + " permits it, and no name of a class is written");
            }
            open.addAll(List.of(parent.getInterfaces()));
        }
        return keys;
    }

    private static MethodHandles.Lookup lookup(Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(type, MethodHandles.lookup());
        } catch (IllegalAccessException ex) {
            throw new IllegalArgumentException(
                    "no access to the record " + type.getName() + ": its module has to open the package "
                            + type.getPackageName() + " to fpipe",
                    ex);
        }
    }

    private MethodHandle constructor(MethodHandles.Lookup lookup) {
        Class<?>[] types = new Class<?>[components.length];
        Class<?>[] ignored = new Class<?>[discriminators.size()];
        for (int i = 0; i < types.length; i++) {
            types[i] = components[i].getType();
        }
        Arrays.fill(ignored, Object.class);
        try {
            MethodHandle canonical = lookup.findConstructor(type, MethodType.methodType(void.class, types));
            MethodHandle all = MethodHandles.dropArguments(canonical, 0, ignored);
            return all.asSpreader(Object[].class, names.length)
                    .asType(MethodType.methodType(Object.class, Object[].class));
        } catch (ReflectiveOperationException ex) {
            throw new IllegalArgumentException("no access to the constructor of " + type.getName(), ex);
        }
    }

    /** Returns the number of discriminators and components. */
    int size() {
        return names.length;
    }

    /** Returns the number of discriminators. */
    int first() {
        return discriminators.size();
    }

    /** Returns the components, without discriminators. */
    RecordComponent[] components() {
        return components;
    }

    Class<?> type() {
        return type;
    }

    /** Returns the name of the class, for messages. */
    String simpleName() {
        return type.getSimpleName();
    }

    /** Returns the name that discriminators have for this record. */
    @Nullable
    String unionName() {
        return unionName;
    }

    String name(int index) {
        return names[index];
    }

    /** Returns the key as it is written. */
    byte[] key(int index) {
        return keys[index];
    }

    long[] keyWords(int index) {
        return keyWords[index];
    }

    /** Returns which component has a name, or -1. */
    int indexOf(String name) {
        Integer index = indexes.get(name);
        return index == null ? -1 : index;
    }

    /** Returns the order in which to write the components. */
    int[] order(boolean bySortedKeys) {
        return bySortedKeys ? sorted : order;
    }

    CborGetter getter(int index) {
        return getters[index];
    }

    /** Creates a record of the values of all components, discriminators included. */
    Object create(@Nullable Object[] values) {
        try {
            return (Object) constructor.invokeExact(values);
        } catch (RuntimeException | Error ex) {
            throw ex;
        } catch (Throwable ex) {
            throw new IllegalStateException(ex); // a checked exception, thrown in spite of the compiler
        }
    }
}
