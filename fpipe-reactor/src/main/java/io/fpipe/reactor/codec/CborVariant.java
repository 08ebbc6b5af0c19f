/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A map that is being read into a record of a union. As soon as the discriminator tells which, it goes to the record;
 * what comes before is kept as it is.
 */
final class CborVariant extends CborContainer {

    /** Entries before the discriminator. */
    private static final int MOST = 64;

    private final CborUnionType type;
    private final long size;
    private @Nullable CborFields fields;

    /** Keys and values, by turns. */
    private final List<@Nullable Object> kept = new ArrayList<>(0);

    private boolean keyRead;
    private @Nullable Object key;

    /** The value that was kept and is converted. */
    private @Nullable CborReplay replay;

    CborVariant(@Nullable CborContainer parent, boolean indefinite, int size, CborUnionType type) {
        super(parent, indefinite, 2L * size);
        this.type = type;
        this.size = size;
    }

    @Override
    boolean expectsKey() {
        return fields != null ? fields.expectsKey() : !keyRead;
    }

    @Override
    boolean expectsValue() {
        return fields != null ? fields.expectsValue() : keyRead;
    }

    @Override
    CborType expected() {
        return fields != null ? fields.expected() : CborType.ANY;
    }

    @Override
    int takeAhead(CborAhead ahead, long most) {
        if (fields == null) {
            return 0;
        }
        int n = fields.takeAhead(ahead, Math.min(most, left));
        left -= n;
        return n;
    }

    @Override
    void add(@Nullable Object item, long offset) {
        left--;
        if (fields != null) {
            fields.add(item, offset);
        } else if (!keyRead) {
            key = item;
            keyRead = true;
        } else if (type.key.equals(key)) {
            become(type.record(item), item, offset);
        } else {
            if (kept.size() == 2 * MOST) {
                throw new CborMismatch("the key '" + type.key + "' is not among the first " + MOST + " of the map");
            }
            kept.add(key);
            kept.add(item);
            keyRead = false;
        }
    }

    private void become(CborRecordType record, @Nullable Object name, long offset) {
        CborFields found = new CborFields(null, indefinite, (int) size, record);
        fields = found;
        found.add(type.key, offset);
        found.add(name, offset);
        for (int i = 0; i < kept.size(); i += 2) {
            found.add(kept.get(i), offset);
            replay = new CborReplay(found.expected());
            found.add(replay.convert(kept.get(i + 1)), offset);
            replay = null;
        }
        kept.clear();
    }

    @Override
    @Nullable
    Object value() {
        if (fields == null) {
            throw new CborMismatch("the key '" + type.key + "' is missing, which tells the record");
        }
        return fields.value();
    }

    @Override
    void appendPlace(CborPath path) {
        if (fields != null) {
            fields.appendPlace(path);
        } else if (keyRead) {
            path.key(key);
        }
        if (replay != null) {
            replay.appendPlace(path);
        }
    }
}
