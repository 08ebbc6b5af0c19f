/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A sealed interface that is read: one of its records, whose name the map holds under a certain key. */
final class CborUnionType extends CborType {

    final String key;

    private final String typeName;
    private final Map<String, CborRecordType> records;

    CborUnionType(String typeName, String key, Map<String, CborRecordType> records) {
        super("a map for a record of the union " + typeName);
        this.typeName = typeName;
        this.key = key;
        this.records = records;
    }

    @Override
    CborContainer open(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        if (!isMap) {
            throw mismatch("an array");
        }
        return new CborVariant(parent, indefinite, size, this);
    }

    CborRecordType record(@Nullable Object name) {
        CborRecordType record = name instanceof String text ? records.get(text) : null;
        if (record == null) {
            throw new CborMismatch(
                    "no record of the union " + typeName + " has the name '" + CborPath.printable(name) + "'");
        }
        return record;
    }
}
