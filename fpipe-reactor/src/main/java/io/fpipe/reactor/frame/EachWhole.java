/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Encodes each input as a message of its own. */
final class EachWhole implements Transcoder<ByteBuffer, ByteBuffer> {

    private final Supplier<Transcoder<ByteBuffer, ByteBuffer>> encoders;

    private @Nullable Transcoder<ByteBuffer, ByteBuffer> encoder;
    private boolean encoderEnded;
    private boolean ended;

    EachWhole(Supplier<Transcoder<ByteBuffer, ByteBuffer>> encoders) {
        this.encoders = encoders;
    }

    @Override
    public void feed(ByteBuffer input) throws Exception {
        encoder = encoders.get();
        encoderEnded = false;
        encoder.feed(input);
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() throws Exception {
        Transcoder<ByteBuffer, ByteBuffer> current = encoder;
        if (current == null) {
            return null;
        }
        ByteBuffer output = current.poll();
        if (output == null && !encoderEnded) {
            encoderEnded = true;
            current.end();
            output = current.poll();
        }
        if (output == null || (encoderEnded && current.isFinished())) {
            encoder = null;
        }
        return output;
    }

    @Override
    public boolean isFinished() {
        return ended && encoder == null;
    }
}
