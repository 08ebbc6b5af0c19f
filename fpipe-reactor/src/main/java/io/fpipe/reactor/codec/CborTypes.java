/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.BaseStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * Finds out how a type of Java is read, with all the types in it. What cannot be read is refused here, before there is
 * a message.
 */
final class CborTypes {

    /** Records in one type: more can only come of one that contains ever larger types of itself. */
    private static final int MOST = 1000;

    private static final List<Class<?>> GONE_THROUGH =
            List.of(Iterable.class, Iterator.class, BaseStream.class, Map.class, Publisher.class);

    private final boolean strict;

    /** Whether values are written only: then anything that can be gone through will do. */
    private final boolean writing;

    /** The records so far, by their class and the types of their variables; a record may be in itself. */
    private final Map<List<Object>, CborRecordType> records = new HashMap<>();

    private final CborPathOfTypes path = new CborPathOfTypes();

    private CborTypes(boolean strict, boolean writing) {
        this.strict = strict;
        this.writing = writing;
    }

    /**
     * Refuses a type whose values cannot be written.
     *
     * @throws IllegalArgumentException with the component
     */
    static void checkWriting(Type type) {
        new CborTypes(false, true).find(type, null, Map.of());
    }

    /**
     * Returns how a type is read.
     *
     * @param strict whether a component that a record does not have is refused
     * @throws IllegalArgumentException if it cannot, with the component
     */
    static CborType of(Type type, boolean strict) {
        return new CborTypes(strict, false).find(type, null, Map.of());
    }

    private CborType find(Type type, @Nullable AnnotatedType annotated, Map<TypeVariable<?>, CborType> bound) {
        CborType found = plain(type, annotated, bound);
        boolean nullable = annotated != null && annotated.isAnnotationPresent(Nullable.class);
        return nullable && !(type instanceof Class<?> c && c.isPrimitive()) ? found.orNull() : found;
    }

    private CborType plain(Type type, @Nullable AnnotatedType annotated, Map<TypeVariable<?>, CborType> bound) {
        if (type instanceof Class<?> c) {
            if (c.isArray()) {
                return array(c, c.componentType(), element(annotated), bound);
            }
            return raw(c, List.of());
        } else if (type instanceof GenericArrayType array) {
            return array(null, array.getGenericComponentType(), element(annotated), bound);
        } else if (type instanceof ParameterizedType generic) {
            return raw((Class<?>) generic.getRawType(), arguments(generic, annotated, bound));
        } else if (type instanceof WildcardType wildcard) {
            return find(wildcard.getUpperBounds()[0], null, bound);
        } else if (type instanceof TypeVariable<?> variable) {
            CborType known = bound.get(variable);
            if (known == null && writing) {
                return CborType.ANY;
            } else if (known == null) {
                throw path.refuse("it is not known what the type variable " + variable + " stands for: give a Type");
            }
            return known;
        }
        throw path.refuse("no CBOR mapping for " + type);
    }

    private static @Nullable AnnotatedType element(@Nullable AnnotatedType annotated) {
        return annotated instanceof AnnotatedArrayType array ? array.getAnnotatedGenericComponentType() : null;
    }

    private List<CborType> arguments(
            ParameterizedType generic, @Nullable AnnotatedType annotated, Map<TypeVariable<?>, CborType> bound) {
        Type[] types = generic.getActualTypeArguments();
        AnnotatedType[] withAnnotations = annotated instanceof AnnotatedParameterizedType parameterized
                ? parameterized.getAnnotatedActualTypeArguments()
                : null;
        List<CborType> arguments = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            arguments.add(find(types[i], withAnnotations == null ? null : withAnnotations[i], bound));
        }
        return arguments;
    }

    private CborType array(
            @Nullable Class<?> type,
            Type component,
            @Nullable AnnotatedType annotated,
            Map<TypeVariable<?>, CborType> bound) {
        CborType scalar = type == null ? null : CborScalar.of(type);
        if (scalar != null) {
            return scalar; // of bytes or chars
        } else if (component instanceof Class<?> c && c.isPrimitive()) {
            return CborNumbers.of(c);
        }
        return CborCollection.array(find(component, annotated, bound), erasure(component));
    }

    /** Returns the class that arrays of a type have as their component. */
    private Class<?> erasure(Type type) {
        if (type instanceof Class<?> c) {
            return c;
        } else if (type instanceof ParameterizedType generic) {
            return (Class<?>) generic.getRawType();
        } else if (type instanceof GenericArrayType array) {
            return erasure(array.getGenericComponentType()).arrayType();
        } else if (type instanceof TypeVariable<?> variable) {
            return erasure(variable.getBounds()[0]);
        }
        throw path.refuse("no CBOR mapping for arrays of " + type);
    }

    /**
     * Finds a class that is no array.
     *
     * @param arguments what its variables stand for, or nothing if they are not known
     */
    private CborType raw(Class<?> type, List<CborType> arguments) {
        CborType scalar = CborScalar.of(type);
        if (scalar != null) {
            return scalar;
        } else if (type == List.class || type == Collection.class || type == Iterable.class) {
            return CborCollection.list(argument(arguments, 0));
        } else if (type == Set.class) {
            return CborCollection.set(argument(arguments, 0));
        } else if (type == Map.class) {
            return new CborMapType(argument(arguments, 0), argument(arguments, 1));
        } else if (type == Optional.class) {
            return new CborOptionalType(argument(arguments, 0));
        } else if (type.isEnum()) {
            return CborEnum.of(type);
        } else if (type.isRecord()) {
            return record(type, arguments);
        } else if (type.isAnnotationPresent(CborUnion.class)) {
            return union(type);
        } else if (type.isSealed()) {
            throw path.refuse("the sealed " + type + " needs a @CborUnion");
        } else if (writing && GONE_THROUGH.stream().anyMatch(c -> c.isAssignableFrom(type))) {
            return CborType.ANY;
        }
        throw path.refuse("no CBOR mapping for " + type.getName()
                + ", which is no record: use JacksonCodec, or map it to a record");
    }

    private static CborType argument(List<CborType> arguments, int index) {
        return arguments.isEmpty() ? CborType.ANY : arguments.get(index);
    }

    private CborRecordType record(Class<?> type, List<CborType> arguments) {
        List<Object> key = new ArrayList<>(arguments);
        key.add(type);
        CborRecordType known = records.get(key);
        if (known != null) {
            return known;
        } else if (records.size() == MOST) {
            throw path.refuse("more than " + MOST + " records");
        }
        CborRecord record = path.refusing(() -> CborRecord.of(type));
        CborRecordType found = new CborRecordType(record, strict);
        records.put(key, found);
        Map<TypeVariable<?>, CborType> bound = new HashMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            bound.put(type.getTypeParameters()[i], arguments.get(i));
        }
        for (int i = 0; i < record.first(); i++) {
            found.setComponent(i, new CborDiscriminator(String.valueOf(record.unionName())));
        }
        RecordComponent[] components = record.components();
        for (int i = 0; i < components.length; i++) {
            path.enter(type, components[i].getName());
            found.setComponent(
                    record.first() + i, find(components[i].getGenericType(), components[i].getAnnotatedType(), bound));
            path.leave();
        }
        return found;
    }

    private CborType union(Class<?> type) {
        if (!type.isSealed()) {
            throw path.refuse("the union " + type.getName() + " is not sealed");
        }
        Map<String, CborRecordType> found = new LinkedHashMap<>();
        List<Class<?>> open = new ArrayList<>(List.of(type.getPermittedSubclasses()));
        for (int i = 0; i < open.size(); i++) { // grows
            Class<?> permitted = open.get(i);
            if (permitted.isInterface() && permitted.isSealed()) {
                open.addAll(List.of(permitted.getPermittedSubclasses()));
                continue;
            } else if (!permitted.isRecord()) {
                throw path.refuse("the union " + type.getName() + " permits " + permitted.getName()
                        + ", which is neither a record nor a sealed interface");
            }
            CborRecordType record = record(permitted, List.of());
            String name = String.valueOf(record.record.unionName()); // it has one, or would have been refused
            if (found.put(name, record) != null && open.indexOf(permitted) == i) {
                throw path.refuse("two records of the union " + type.getName() + " have the name '" + name + "'");
            }
        }
        return new CborUnionType(
                type.getSimpleName(), type.getAnnotation(CborUnion.class).value(), found);
    }
}
