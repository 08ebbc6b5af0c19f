/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class MapBuffersTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Stage.mapBuffers(() -> input -> input).apply(Flux.range(0, n).map(i -> ByteBuffer.allocate(1)));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Stage.mapBuffers(() -> input -> input).apply(Flux.error(new IllegalStateException("source")));
    }
}
