/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.HashMap;
import java.util.Map;

/** The constants of an enum and their names. */
final class CborEnum extends CborType {

    private static final ClassValue<CborEnum> ENUMS = new ClassValue<>() {
        @Override
        protected CborEnum computeValue(Class<?> type) {
            return new CborEnum(type);
        }
    };

    private final String typeName;
    private final Map<Object, String> names = new HashMap<>();
    private final Map<String, Object> constants = new HashMap<>();

    private CborEnum(Class<?> type) {
        super("a text with the name of a constant of " + type.getSimpleName());
        this.typeName = type.getSimpleName();
        for (Object constant : type.getEnumConstants()) {
            String name = nameOf(type, (Enum<?>) constant);
            names.put(constant, name);
            if (constants.put(name, constant) != null) {
                throw new IllegalArgumentException(
                        "two constants of " + type.getName() + " have the name '" + name + "'");
            }
        }
    }

    private static String nameOf(Class<?> type, Enum<?> constant) {
        try {
            CborName name = type.getField(constant.name()).getAnnotation(CborName.class);
            return name == null ? constant.name() : name.value();
        } catch (NoSuchFieldException ex) {
            throw new IllegalArgumentException("no field for " + constant + " of " + type.getName(), ex);
        }
    }

    /** Returns the type for the class that declares the constants. */
    static CborEnum of(Class<?> type) {
        return ENUMS.get(type);
    }

    /** Returns the name that stands for a constant. */
    static String nameOf(Enum<?> constant) {
        return String.valueOf(of(constant.getDeclaringClass()).names.get(constant));
    }

    @Override
    Object of(Object scalar) {
        if (!(scalar instanceof String)) {
            throw mismatch(describe(scalar));
        }
        Object constant = constants.get(scalar);
        if (constant == null) {
            throw new CborMismatch("no constant of " + typeName + " has the name '" + CborPath.printable(scalar) + "'");
        }
        return constant;
    }
}
