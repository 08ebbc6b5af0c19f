/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A map that is being read into a map. */
final class CborMap extends CborContainer {

    private final CborType keyType;
    private final CborType valueType;
    private final Map<@Nullable Object, @Nullable Object> map;

    private @Nullable Object key;
    private boolean keyRead;
    private long keyOffset;
    private @Nullable CborKeys keys;

    CborMap(
            @Nullable CborContainer parent,
            boolean indefinite,
            int size,
            int presize,
            CborType keyType,
            CborType valueType) {
        super(parent, indefinite, 2L * size);
        this.keyType = keyType;
        this.valueType = valueType;
        int capacity = Math.min(Math.min(size, presize), PRESIZE);
        this.map = new LinkedHashMap<>(capacity + capacity / 3 + 1);
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
        return keyRead ? valueType : keyType;
    }

    @Override
    void add(@Nullable Object item, long offset) {
        left--;
        if (!keyRead) {
            key = item;
            keyRead = true;
            keyOffset = offset;
            guard();
            return;
        }
        int size = map.size();
        map.put(key, item);
        if (map.size() == size) { // also where the first value is null
            throw new CorruptStreamException("duplicate CBOR map key at byte " + keyOffset);
        }
        key = null;
        keyRead = false;
    }

    private void guard() {
        if (map.size() >= CborKeys.MOST) {
            if (keys == null) {
                keys = new CborKeys(map.keySet());
            }
            keys.check(key, keyOffset);
        }
    }

    @Override
    Object value() {
        return map;
    }

    @Override
    void appendPlace(CborPath path) {
        if (keyRead) {
            path.key(key);
        }
    }
}
