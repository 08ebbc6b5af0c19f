/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Expands runs: each pair of bytes is a count, 1 to 255, and the byte that is repeated so often. */
final class RunLengths implements Transcoder<ByteBuffer, ByteBuffer> {

    private ByteBuffer in = ByteBuffer.allocate(0);
    private long offset;
    private int count;
    private boolean ended;

    @Override
    public void feed(ByteBuffer input) {
        in = input.duplicate(); // the input is borrowed: its own cursor stays where it is
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        while (in.hasRemaining()) {
            int next = in.get() & 0xff;
            offset++;
            if (count > 0) {
                return run((byte) next);
            }
            if (next == 0) {
                throw new CorruptStreamException("byte " + (offset - 1) + " is a count of 0");
            }
            count = next; // its byte may come with the next buffer
        }
        if (ended && count > 0) {
            throw new CorruptStreamException("the message ended at byte " + offset + ", within a pair");
        }
        return null;
    }

    private ByteBuffer run(byte value) {
        byte[] run = new byte[count];
        Arrays.fill(run, value);
        count = 0;
        return ByteBuffer.wrap(run);
    }

    @Override
    public boolean isFinished() {
        return ended && !in.hasRemaining() && count == 0;
    }
}
