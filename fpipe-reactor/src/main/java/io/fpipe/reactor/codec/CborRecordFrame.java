/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** A record that is being written as a map. */
final class CborRecordFrame extends CborFrame {

    private final Object value;
    private final CborRecord record;
    private int next;
    private boolean keyWritten;

    CborRecordFrame(Object value, CborRecord record) {
        this.value = value;
        this.record = record;
    }

    @Override
    void fill(CborEncoder encoder) {
        CborChunk chunk = encoder.chunk();
        int size = record.size();
        while (next < size) {
            if (!chunk.hasRoom()) {
                return;
            } else if (!keyWritten) {
                keyWritten = true;
                if (!chunk.putBeforeHead(record.key(next)) && !encoder.writeKey(record.name(next))) {
                    return;
                }
                continue;
            }
            keyWritten = false;
            if (!record.getter(next++).write(value, encoder)) {
                return;
            }
        }
        encoder.closeFrame();
    }

    @Override
    void appendPlace(CborPath path) {
        path.key(record.name(keyWritten ? next : next - 1));
    }
}
