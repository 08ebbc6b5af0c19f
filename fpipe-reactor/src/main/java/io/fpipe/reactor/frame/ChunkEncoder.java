/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Puts its length in front of each buffer of a message, and a zero after the last. */
final class ChunkEncoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private final LengthHead head;
    private final ByteLimit limit;

    private @Nullable ByteBuffer in;
    private @Nullable ByteBuffer chunk;
    private boolean ended;
    private boolean finished;

    ChunkEncoder(LengthHead head, long maxFrameBytes) {
        this.head = head;
        this.limit = new ByteLimit("maxFrameBytes", maxFrameBytes);
    }

    @Override
    public void feed(ByteBuffer input) {
        limit.add(input.remaining());
        in = input.hasRemaining() ? input.duplicate() : null;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (chunk != null) {
            ByteBuffer output = chunk;
            chunk = null;
            return output;
        }
        ByteBuffer buffer = in;
        if (buffer != null) {
            int length = (int) Math.min(head.largest(), buffer.remaining());
            chunk = buffer.slice(buffer.position(), length);
            buffer.position(buffer.position() + length);
            in = buffer.hasRemaining() ? buffer : null;
            return head.write(length);
        }
        if (ended && !finished) {
            finished = true;
            return head.write(0);
        }
        return null;
    }

    @Override
    public boolean isFinished() {
        return finished;
    }
}
