/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class CondObjectsTckTest extends AbstractStageTck<ByteBuffer> {

    private static Flux<ByteBuffer> source(int n) {
        return Flux.range(0, n).map(i -> ByteBuffer.allocate(1));
    }

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return FpipeCond.<Integer>objects()
                .otherwise(CondObjectsTckTest::source)
                .serialize(n);
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return FpipeCond.<Integer>objects()
                .otherwise(n -> Flux.error(new IllegalStateException("source")))
                .serialize(0);
    }
}
