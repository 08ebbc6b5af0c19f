/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Guards a map against keys that were made to slow it down. Keys of one class and one hash are sorted by their order;
 * those of several classes have none, and each look-up goes through all of them: a message of 300 KB takes a second,
 * one of ten times the size a hundred seconds. So of keys of several classes only some may have the same hash.
 */
final class CborKeys {

    /** A map of this size is guarded, and so many keys may have the same hash. */
    static final int MOST = 64;

    private final Set<?> present;
    private @Nullable Class<?> kind;

    /** How often each hash occurs; null while all keys are of one class. */
    private @Nullable Map<Integer, Integer> hashes;

    CborKeys(Set<?> present) {
        this.present = present;
        boolean mixed = false;
        for (Object key : present) {
            mixed |= mixes(key);
        }
        if (mixed) {
            countAll();
        }
    }

    /** Refuses a key that begins at the given offset and has the hash of too many others. */
    void check(@Nullable Object key, long offset) {
        if (hashes == null && mixes(key)) {
            countAll();
        }
        if (hashes != null && count(hashes, key) > MOST) {
            throw new CorruptStreamException(
                    "more than " + MOST + " CBOR map keys of different types have the same hash, at byte " + offset);
        }
    }

    /** Tells whether the key's class differs; one of a class whose values all have different hashes does no harm. */
    private boolean mixes(@Nullable Object key) {
        if (key == null || key instanceof Integer || key instanceof Boolean) {
            return false;
        } else if (kind == null) {
            kind = key.getClass();
        }
        return kind != key.getClass() || key instanceof LocalDate; // which a HashMap cannot sort
    }

    private void countAll() {
        Map<Integer, Integer> counts = new HashMap<>();
        for (Object key : present) {
            count(counts, key);
        }
        hashes = counts;
    }

    private static int count(Map<Integer, Integer> counts, @Nullable Object key) {
        return counts.merge(key == null ? 0 : key.hashCode(), 1, Integer::sum);
    }
}
