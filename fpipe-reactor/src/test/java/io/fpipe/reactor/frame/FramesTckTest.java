/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** The outer publisher; nobody reads the frames, so each is skipped. */
public class FramesTckTest extends AbstractStageTck<Flux<ByteBuffer>> {

    private static final Frames FRAMES = Frames.lengthPrefix(1);

    @Override
    protected Flux<Flux<ByteBuffer>> publisher(int n) {
        return FRAMES.decode(Flux.range(0, n).map(i -> ByteBuffer.wrap(new byte[] {1, 7})));
    }

    @Override
    protected Flux<Flux<ByteBuffer>> failed() {
        return FRAMES.decode(Flux.error(new IllegalStateException("source")));
    }
}
