/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** A record that is being written as a map. */
final class CborRecordFrame extends CborFrame {

    private final CborRecord record;
    private final int[] order;
    private Object value;
    private int next;
    private boolean keyWritten;

    CborRecordFrame(Object value, CborRecord record, CborEncoder encoder) {
        super(value.getClass());
        this.record = record;
        this.order = record.order(encoder.options().deterministic);
        this.value = value;
        begin(value, encoder);
    }

    @Override
    void begin(Object value, CborEncoder encoder) {
        this.value = value;
        next = 0;
        encoder.chunk().putHead(CborMajor.MAP, order.length);
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
        value = record; // the frame may stay for another
        encoder.closeFrame();
    }

    @Override
    void appendPlace(CborPath path) {
        path.key(record.name(order[keyWritten ? next : next - 1]));
    }
}
