/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A map that is being written in the order of its keys' bytes (RFC 8949, section 4.2.1). */
final class CborSortedMap extends CborFrame {

    private final CborOptions options;
    private final Map<?, ?> map;
    private @Nullable Iterator<Map.Entry<byte[], Map.Entry<?, ?>>> entries;

    /** The entry that is being written. */
    private Map.@Nullable Entry<?, ?> entry;

    private boolean keyWritten;

    CborSortedMap(Map<?, ?> map, CborOptions options) {
        this.map = map;
        this.options = options;
    }

    @Override
    void fill(CborEncoder encoder) {
        if (entries == null) {
            entries = sorted(encoder);
        }
        CborChunk chunk = encoder.chunk();
        while (chunk.hasRoom()) {
            if (entry != null && keyWritten) {
                keyWritten = false;
                if (!encoder.write(entry.getValue())) {
                    return;
                }
            } else if (!entries.hasNext()) {
                encoder.closeFrame();
                return;
            } else {
                Map.Entry<byte[], Map.Entry<?, ?>> next = entries.next();
                entry = next.getValue();
                keyWritten = true;
                if (!encoder.writeEncoded(next.getKey())) {
                    return;
                }
            }
        }
    }

    private Iterator<Map.Entry<byte[], Map.Entry<?, ?>>> sorted(CborEncoder encoder) {
        int announced = map.size();
        Map<byte[], Map.Entry<?, ?>> sorted = new TreeMap<>(Arrays::compareUnsigned);
        map.forEach((key, value) -> {
            entry = new SimpleImmutableEntry<>(key, value);
            byte[] bytes = toBytes(key);
            if (sorted.put(bytes, entry) != null) {
                throw encoder.refused("two keys of a map have the same bytes");
            }
        });
        entry = null;
        encoder.checkCount(announced, sorted.size(), false);
        return sorted.entrySet().iterator();
    }

    private byte[] toBytes(@Nullable Object key) {
        CborEncoder encoder = new CborEncoder(options, CborEncoder.CHUNK);
        encoder.chunk().room(CborChunk.HEAD);
        encoder.writeKey(key);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (ByteBuffer part = encoder.poll(); part != null; part = encoder.poll()) {
            byte[] copy = new byte[part.remaining()];
            part.get(copy);
            bytes.writeBytes(copy);
        }
        return bytes.toByteArray();
    }

    @Override
    void appendPlace(CborPath path) {
        path.key(entry == null ? null : entry.getKey());
    }
}
