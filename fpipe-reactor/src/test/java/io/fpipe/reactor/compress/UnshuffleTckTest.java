/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;

/** Gives a buffer for each block. */
public class UnshuffleTckTest extends AbstractStageTck<ByteBuffer> {

    private static final ByteBuffer BLOCK = ByteBuffer.allocate(64 << 10);

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Shuffle.unshuffle(4)
                .apply(Flux.fromStream(() -> IntStream.range(0, n).mapToObj(i -> BLOCK)));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Shuffle.unshuffle(4).apply(Flux.error(new IllegalStateException("source")));
    }
}
