/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.codec;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Takes what is written: counts it, and keeps it if there is an array for it. */
final class Sink extends OutputStream {

    private final byte @Nullable [] kept;
    private int count;

    Sink(byte @Nullable [] kept) {
        this.kept = kept;
    }

    int count() {
        return count;
    }

    @Override
    public void write(int oneByte) {
        if (kept != null) {
            kept[count] = (byte) oneByte;
        }
        count++;
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        if (kept != null) {
            System.arraycopy(bytes, from, kept, count, length);
        }
        count += length;
    }

    void write(ByteBuffer bytes) {
        int length = bytes.remaining();
        if (kept != null) {
            bytes.get(bytes.position(), kept, count, length);
        }
        count += length;
    }
}
