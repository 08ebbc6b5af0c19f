/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class FramesEncodeTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Frames.lines().encode(Flux.range(0, n).map(i -> Flux.empty()));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Frames.lines().encode(Flux.error(new IllegalStateException("source")));
    }
}
