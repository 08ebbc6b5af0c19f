/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class CoalesceTckTest extends AbstractStageTck<ByteBuffer> {

    private static Flux<ByteBuffer> source(int n) {
        return Flux.range(0, n).map(i -> ByteBuffer.allocate(1));
    }

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Chunks.coalesce(2, 4).apply(source(2 * n));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Chunks.coalesce(2, 4).apply(Flux.error(new IllegalStateException("source")));
    }
}
