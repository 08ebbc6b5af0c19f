/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import org.jspecify.annotations.Nullable;

/** A map that is being read into the components of a record. */
final class CborFields extends CborContainer {

    private static final int UNKNOWN = -1;

    private final CborRecordType type;
    private final @Nullable Object[] values;

    /** The component whose value is read, or {@link #UNKNOWN}. */
    private int current = UNKNOWN;

    /** The component that comes next if they come as they are written. */
    private int next;

    private boolean keyRead;

    /** The key of an unknown component. */
    private @Nullable Object key;

    CborFields(@Nullable CborContainer parent, boolean indefinite, int size, CborRecordType type) {
        super(parent, indefinite, 2L * size);
        this.type = type;
        this.values = type.noValues();
    }

    @Override
    boolean expectsKey() {
        return !keyRead;
    }

    @Override
    boolean expectsValue() {
        return keyRead;
    }

    @Override
    CborType expected() {
        if (!keyRead) {
            return CborType.ANY;
        }
        return current == UNKNOWN ? CborType.SKIPPED : type.component(current);
    }

    @Override
    int takeAhead(CborAhead ahead, long most) {
        int taken = 0;
        while (!keyRead && next < values.length && left > 0 && taken < most) {
            if (values[next] != CborType.MISSING || !ahead.takeKey(type.record.key(next), type.record.keyWords(next))) {
                break;
            }
            left--;
            taken++;
            keyRead = true;
            current = next++;
            Object value = taken < most ? ahead.takeScalar(type.component(current)) : CborAhead.NONE;
            if (value != CborAhead.NONE) {
                left--;
                taken++;
                values[current] = value;
                keyRead = false;
            }
        }
        return taken;
    }

    @Override
    void add(@Nullable Object item, long offset) {
        left--;
        if (!keyRead) {
            addKey(item, offset);
            keyRead = true;
            return;
        }
        if (current != UNKNOWN) {
            values[current] = item;
        }
        keyRead = false;
    }

    private void addKey(@Nullable Object name, long offset) {
        current = name instanceof String text ? type.record.indexOf(text) : UNKNOWN;
        if (current == UNKNOWN) {
            key = name;
            type.checkUnknown(name);
        } else if (values[current] != CborType.MISSING) {
            throw new CorruptStreamException("duplicate CBOR map key at byte " + offset);
        } else {
            next = current + 1;
        }
    }

    @Override
    @Nullable
    Object value() {
        return type.construct(values);
    }

    @Override
    void appendPlace(CborPath path) {
        if (keyRead) {
            path.key(current == UNKNOWN ? key : type.record.name(current));
        }
    }
}
