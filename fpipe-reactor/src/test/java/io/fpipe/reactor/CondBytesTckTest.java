/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class CondBytesTckTest extends AbstractStageTck<ByteBuffer> {

    private static Flux<ByteBuffer> source(int n) {
        return Flux.range(0, n).map(i -> ByteBuffer.allocate(1));
    }

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return FpipeCond.bytes()
                .whenPrefix(0, Stage.identity())
                .otherwise(Stage.identity())
                .apply(source(n));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return FpipeCond.bytes().apply(Flux.error(new IllegalStateException("source")));
    }
}
