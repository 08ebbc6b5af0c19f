/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A record that is read: what it is as a class, and the types of its components. */
final class CborRecordType extends CborType {

    final CborRecord record;

    private final boolean strict;
    private final CborType[] components;
    private final @Nullable Object[] noValues;

    /**
     * Begins; {@link #setComponent} follows for each, as a record may be in itself.
     *
     * @param strict whether a component that the record does not have is refused
     */
    CborRecordType(CborRecord record, boolean strict) {
        super("a map for the record " + record.simpleName());
        this.record = record;
        this.strict = strict;
        this.components = new CborType[record.size()];
        this.noValues = new Object[components.length];
        Arrays.fill(noValues, MISSING);
    }

    void setComponent(int index, CborType type) {
        components[index] = type;
    }

    CborType component(int index) {
        return components[index];
    }

    /** Returns room for the values of all components. */
    @Nullable
    Object[] noValues() {
        return noValues.clone();
    }

    @Override
    CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        if (!isMap) {
            throw mismatch("an array");
        }
        return new CborFields(parent, indefinite, size, this);
    }

    void checkUnknown(@Nullable Object name) {
        if (strict) {
            throw new CborMismatch("the record " + record.simpleName() + " has no component "
                    + (name instanceof String ? "'" + CborPath.printable(name) + "'" : CborPath.printable(name)));
        }
    }

    @Nullable
    Object construct(@Nullable Object[] values) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] == MISSING) {
                values[i] = components[i].ofMissing();
                if (values[i] == MISSING) {
                    throw new CborMismatch("the component '" + record.name(i) + "' of the record " + record.simpleName()
                            + " is missing");
                }
            }
        }
        try {
            return record.create(values);
        } catch (RuntimeException ex) {
            throw new CborMismatch("the record " + record.simpleName() + " refuses its components: " + ex, ex);
        }
    }
}
