/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.List;

/** A list that is being written by its indexes. */
final class CborListFrame extends CborFrame {

    private List<?> list = List.of();
    private int size;
    private int next;

    private CborListFrame() {}

    static CborFrame open(List<?> list, CborEncoder encoder) {
        CborListFrame frame = encoder.spareFrame() instanceof CborListFrame spare ? spare : new CborListFrame();
        frame.list = list;
        frame.size = list.size();
        frame.next = 0;
        encoder.chunk().putHead(CborMajor.ARRAY, frame.size);
        return frame;
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
        list = List.of(); // the frame stays, as a spare one
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
