/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class ProgressTckTest extends AbstractStageTck<ByteBuffer> {

    private static final Stage PROGRESS = Chunks.progress(total -> {});

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return PROGRESS.apply(Flux.range(0, n).map(i -> ByteBuffer.allocate(1)));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return PROGRESS.apply(Flux.error(new IllegalStateException("source")));
    }
}
