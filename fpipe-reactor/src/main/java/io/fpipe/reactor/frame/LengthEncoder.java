/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Gathers a message and puts its length in front. */
final class LengthEncoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private final LengthHead head;
    private final ByteLimit limit;
    private final Gathering gathering = new Gathering();

    private boolean headed;
    private boolean ended;

    LengthEncoder(LengthHead head, long maxFrameBytes) {
        this.head = head;
        this.limit =
                new ByteLimit("maxFrameBytes", Math.min(maxFrameBytes, Math.min(head.largest(), Gathering.LARGEST)));
    }

    @Override
    public void feed(ByteBuffer input) {
        limit.add(input.remaining());
        gathering.add(input);
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (!ended) {
            return null;
        }
        if (!headed) {
            headed = true;
            return head.write(gathering.length());
        }
        return gathering.length() == 0 ? null : gathering.take();
    }

    @Override
    public boolean isFinished() {
        return headed && gathering.length() == 0;
    }
}
