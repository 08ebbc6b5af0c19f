/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A list that is being written by its indexes. */
final class CborListFrame extends CborFrame {

    private List<?> list = List.of();
    private int size;
    private int next;

    /**
     * Begins the first list.
     *
     * @param type the class of lists that may come later
     */
    CborListFrame(@Nullable Class<?> type, List<?> list, CborEncoder encoder) {
        super(type);
        begin(list, encoder);
    }

    @Override
    void begin(Object value, CborEncoder encoder) {
        list = (List<?>) value;
        size = list.size();
        next = 0;
        encoder.chunk().putHead(CborMajor.ARRAY, size);
    }

    @Override
    void fill(CborEncoder encoder) {
        CborChunk chunk = encoder.chunk();
        while (next < size) {
            if (!chunk.hasRoom()) {
                return;
            }
            Object element = list.get(next);
            if (element instanceof Integer || element instanceof Long) {
                fillIntegers(chunk);
                continue;
            }
            next++;
            if (!encoder.write(element)) {
                return;
            }
        }
        list = List.of(); // the frame may stay for another
        encoder.closeFrame();
    }

    /** Writes a run of integers, as many as fit in any case. */
    private void fillIntegers(CborChunk chunk) {
        byte[] out = chunk.array;
        int at = chunk.position;
        int i = next;
        int end = (int) Math.min(size, i + (long) (out.length - at) / CborChunk.HEAD);
        while (i < end) {
            Object element = list.get(i);
            if (element instanceof Integer value) {
                at = CborChunk.putInt(out, at, value);
            } else if (element instanceof Long value) {
                at = CborChunk.putLong(out, at, value);
            } else {
                break;
            }
            i++;
        }
        next = i;
        chunk.position = at;
    }

    @Override
    void appendPlace(CborPath path) {
        path.index(next - 1);
    }
}
