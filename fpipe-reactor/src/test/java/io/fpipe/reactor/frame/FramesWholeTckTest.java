/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class FramesWholeTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Frames.lines()
                .decodeWhole(Frames.lines().encodeWhole(Flux.range(0, n).map(i -> ByteBuffer.wrap(new byte[] {'x'}))));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Frames.lines().decodeWhole(Flux.error(new IllegalStateException("source")));
    }
}
