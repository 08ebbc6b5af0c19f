/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** A record that is being written as a map. */
final class CborRecordFrame extends CborFrame {

    private final Object value;
    private final CborRecord record;
    private final int[] order;
    private int next;
    private boolean keyWritten;

    CborRecordFrame(Object value, CborRecord record, boolean sorted) {
        this.value = value;
        this.record = record;
        this.order = record.order(sorted);
    }

    @Override
    void fill(CborEncoder encoder) {
        CborChunk chunk = encoder.chunk();
        int size = order.length;
        while (next < size) {
            if (!chunk.hasRoom()) {
                return;
            } else if (!keyWritten) {
                keyWritten = true;
                if (!chunk.putBeforeHead(record.key(order[next])) && !encoder.writeEncoded(record.key(order[next]))) {
                    return;
                }
                continue;
            }
            keyWritten = false;
            if (!record.getter(order[next++]).write(value, encoder)) {
                return;
            }
        }
        encoder.closeFrame();
    }

    @Override
    void appendPlace(CborPath path) {
        path.key(record.name(order[keyWritten ? next : next - 1]));
    }
}
