/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class CondHeaderTckTest extends AbstractStageTck<ByteBuffer> {

    private static Flux<ByteBuffer> source(int n) {
        return Flux.range(0, n).map(i -> ByteBuffer.allocate(1));
    }

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return FpipeCond.header(1, head -> Stage.identity()).apply(source(n + 1));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return FpipeCond.header(1, head -> Stage.identity()).apply(Flux.error(new IllegalStateException("source")));
    }
}
