/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Gets and writes what a component of a record holds; primitive numbers without boxes. A function that the virtual
 * machine makes for each component is several times as fast as a method handle that is not a constant.
 */
abstract class CborGetter {

    private static final MethodType ANY = MethodType.methodType(Object.class, Object.class);
    private static final MethodType INTEGER = MethodType.methodType(long.class, Object.class);
    private static final MethodType FLOAT = MethodType.methodType(double.class, Object.class);

    /**
     * Writes what the component holds; the chunk has room for a head.
     *
     * @return false if it is not complete; see {@link CborEncoder#write}
     */
    abstract boolean write(Object record, CborEncoder encoder);

    static CborGetter constant(String text) {
        return new Any(record -> text);
    }

    static CborGetter of(RecordComponent component, MethodHandles.Lookup lookup) {
        Class<?> type = component.getType();
        try {
            MethodHandle accessor = lookup.unreflect(component.getAccessor());
            if (!type.isPrimitive() || type == boolean.class || type == char.class) {
                return new Any(any(accessor, lookup));
            } else if (type == float.class || type == double.class) {
                return new Floats(floats(accessor, lookup));
            }
            return new Integers(integers(accessor, lookup));
        } catch (Error ex) {
            throw ex;
        } catch (Throwable ex) {
            throw new IllegalArgumentException("no access to " + component, ex);
        }
    }

    @SuppressWarnings("unchecked") // that is what the factory makes
    private static Function<Object, @Nullable Object> any(MethodHandle accessor, MethodHandles.Lookup lookup)
            throws Throwable {
        if (lookup.hasFullPrivilegeAccess()) {
            MethodType type = accessor.type().wrap();
            return (Function<Object, @Nullable Object>) function(Function.class, "apply", ANY, type, accessor, lookup);
        }
        MethodHandle handle = accessor.asType(ANY); // of a named module
        return record -> {
            try {
                return (Object) handle.invokeExact(record);
            } catch (Throwable ex) {
                throw rethrow(ex);
            }
        };
    }

    @SuppressWarnings("unchecked") // that is what the factory makes
    private static ToLongFunction<Object> integers(MethodHandle accessor, MethodHandles.Lookup lookup)
            throws Throwable {
        if (lookup.hasFullPrivilegeAccess()) {
            MethodType type = accessor.type().changeReturnType(long.class);
            return (ToLongFunction<Object>)
                    function(ToLongFunction.class, "applyAsLong", INTEGER, type, accessor, lookup);
        }
        MethodHandle handle = accessor.asType(INTEGER);
        return record -> {
            try {
                return (long) handle.invokeExact(record);
            } catch (Throwable ex) {
                throw rethrow(ex);
            }
        };
    }

    @SuppressWarnings("unchecked") // that is what the factory makes
    private static ToDoubleFunction<Object> floats(MethodHandle accessor, MethodHandles.Lookup lookup)
            throws Throwable {
        if (lookup.hasFullPrivilegeAccess()) {
            MethodType type = accessor.type().changeReturnType(double.class);
            return (ToDoubleFunction<Object>)
                    function(ToDoubleFunction.class, "applyAsDouble", FLOAT, type, accessor, lookup);
        }
        MethodHandle handle = accessor.asType(FLOAT);
        return record -> {
            try {
                return (double) handle.invokeExact(record);
            } catch (Throwable ex) {
                throw rethrow(ex);
            }
        };
    }

    private static Object function(
            Class<?> function,
            String method,
            MethodType erased,
            MethodType type,
            MethodHandle accessor,
            MethodHandles.Lookup lookup)
            throws Throwable {
        return LambdaMetafactory.metafactory(lookup, method, MethodType.methodType(function), erased, accessor, type)
                .getTarget()
                .invoke();
    }

    private static RuntimeException rethrow(Throwable ex) {
        if (ex instanceof Error error) {
            throw error;
        }
        return ex instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(ex);
    }

    private static final class Any extends CborGetter {

        private final Function<Object, @Nullable Object> function;

        Any(Function<Object, @Nullable Object> function) {
            this.function = function;
        }

        @Override
        boolean write(Object record, CborEncoder encoder) {
            return encoder.write(function.apply(record));
        }
    }

    private static final class Integers extends CborGetter {

        private final ToLongFunction<Object> function;

        Integers(ToLongFunction<Object> function) {
            this.function = function;
        }

        @Override
        boolean write(Object record, CborEncoder encoder) {
            encoder.chunk().putLong(function.applyAsLong(record));
            return true;
        }
    }

    private static final class Floats extends CborGetter {

        private final ToDoubleFunction<Object> function;

        Floats(ToDoubleFunction<Object> function) {
            this.function = function;
        }

        @Override
        boolean write(Object record, CborEncoder encoder) {
            encoder.chunk().putDouble(function.applyAsDouble(record));
            return true;
        }
    }
}
