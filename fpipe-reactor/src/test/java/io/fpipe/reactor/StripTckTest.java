/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class StripTckTest extends AbstractStageTck<ByteBuffer> {

    private static final Stage STRIP = Prefixes.strip(new byte[] {0});

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return STRIP.apply(Flux.range(0, n + 1).map(i -> ByteBuffer.allocate(1)));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return STRIP.apply(Flux.error(new IllegalStateException("source")));
    }
}
