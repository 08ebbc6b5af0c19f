/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** A record that is being written as a map. */
final class CborRecordFrame extends CborFrame {

    private Object value;
    private CborRecord record;
    private int[] order;
    private int next;
    private boolean keyWritten;

    private CborRecordFrame(Object value, CborRecord record, int[] order) {
        this.value = value;
        this.record = record;
        this.order = order;
    }

    static CborFrame open(Object value, CborRecord record, CborEncoder encoder) {
        encoder.chunk().putHead(CborMajor.MAP, record.size());
        int[] order = record.order(encoder.options().deterministic);
        if (encoder.spareFrame() instanceof CborRecordFrame spare) {
            spare.value = value;
            spare.record = record;
            spare.order = order;
            spare.next = 0;
            return spare;
        }
        return new CborRecordFrame(value, record, order);
    }

    @Override
    void fill(CborEncoder encoder) {
        CborChunk chunk = encoder.chunk();
        int size = order.length;
        while (next < size) {
            int component = order[next];
            byte[] key = record.key(component);
            if (!keyWritten && !chunk.putBeforeHead(record.keyWords(component), key.length)) {
                if (!chunk.hasRoom()) {
                    return;
                }
                keyWritten = true;
                if (!encoder.writeEncoded(key)) {
                    return;
                }
            }
            if (keyWritten && !chunk.hasRoom()) {
                return;
            }
            keyWritten = false;
            next++;
            if (!record.getter(component).write(value, encoder)) {
                return;
            }
        }
        value = record; // the frame stays, as a spare one
        encoder.closeFrame();
    }

    @Override
    void appendPlace(CborPath path) {
        path.key(record.name(order[keyWritten ? next : next - 1]));
    }
}
