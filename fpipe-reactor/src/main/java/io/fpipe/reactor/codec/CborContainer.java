/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An array or a map that is being read. */
final class CborContainer {

    private static final int PRESIZE = 4096;
    private static final int PROOF = 16;

    final @Nullable CborContainer parent;
    final boolean indefinite;

    /** The elements; null in a map. */
    private final @Nullable ArrayList<@Nullable Object> list;

    private final @Nullable Map<@Nullable Object, @Nullable Object> map;

    /** Elements, or keys and values, that may still come: what was declared, or the limit. */
    long left;

    private final int declared;
    private boolean reserved;

    private @Nullable Object key;
    private boolean keyRead;
    private long keyOffset;
    private @Nullable CborKeys keys;

    /**
     * Opens a container.
     *
     * @param size the declared size; the limit if it is indefinite
     * @param presize room that the bytes at hand could fill
     */
    CborContainer(@Nullable CborContainer parent, boolean isMap, boolean indefinite, int size, int presize) {
        this.parent = parent;
        this.indefinite = indefinite;
        this.declared = size;
        this.left = isMap ? 2L * size : size;
        int capacity = Math.min(Math.min(size, presize), PRESIZE);
        this.list = isMap ? null : new ArrayList<>(capacity);
        this.map = isMap ? new LinkedHashMap<>(capacity + capacity / 3 + 1) : null;
    }

    boolean expectsKey() {
        return map != null && !keyRead;
    }

    /** Tells whether a map has a key that has no value yet. */
    boolean expectsValue() {
        return keyRead;
    }

    boolean isFull() {
        return left == 0 && !indefinite;
    }

    Object value() {
        return list != null ? list : requireNonNull(map);
    }

    boolean isArray() {
        return list != null;
    }

    /**
     * Returns the elements of an array, to add some. Gives them their final room when a sixteenth of them is there:
     * growing in steps would copy them many times.
     */
    List<@Nullable Object> reserve() {
        ArrayList<@Nullable Object> elements = requireNonNull(list);
        if (!reserved && !indefinite && elements.size() >= declared / PROOF) {
            reserved = true;
            elements.ensureCapacity(declared);
        }
        return elements;
    }

    /** Adds an element, a key or a value that begins at the given offset; the caller has checked that one may come. */
    void add(@Nullable Object item, long offset) {
        left--;
        if (list != null) {
            list.add(item);
        } else if (!keyRead) {
            key = item;
            keyRead = true;
            keyOffset = offset;
            guard(requireNonNull(map));
        } else {
            int size = requireNonNull(map).size();
            map.put(key, item);
            if (map.size() == size) { // also where the first value is null
                throw new CorruptStreamException("duplicate CBOR map key at byte " + keyOffset);
            }
            key = null;
            keyRead = false;
        }
    }

    private void guard(Map<?, ?> entries) {
        if (entries.size() >= CborKeys.MOST) {
            if (keys == null) {
                keys = new CborKeys(entries.keySet());
            }
            keys.check(key, keyOffset);
        }
    }
}
