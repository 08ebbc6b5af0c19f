/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Gathers the parts of each frame that a decoder finds. */
final class WholeFrames implements Transcoder<ByteBuffer, FramePart> {

    private final Transcoder<ByteBuffer, FramePart> decoder;
    private final Gathering gathering = new Gathering();

    WholeFrames(Transcoder<ByteBuffer, FramePart> decoder) {
        this.decoder = decoder;
    }

    @Override
    public void feed(ByteBuffer input) throws Exception {
        decoder.feed(input);
    }

    @Override
    public void end() throws Exception {
        decoder.end();
    }

    @Override
    public @Nullable FramePart poll() throws Exception {
        for (FramePart part = decoder.poll(); part != null; part = decoder.poll()) {
            if (part.last() && gathering.length() == 0) {
                return part;
            }
            gathering.add(part.bytes());
            if (part.last()) {
                return new FramePart(gathering.take(), true);
            }
        }
        return null;
    }

    @Override
    public boolean isFinished() {
        return decoder.isFinished();
    }

    @Override
    public void close() {
        decoder.close();
    }
}
