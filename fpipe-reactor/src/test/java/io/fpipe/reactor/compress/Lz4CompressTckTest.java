/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** Gives as many buffers as are wanted: a block for each input, when each is flushed, and the end. */
public class Lz4CompressTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        Flux<ByteBuffer> message = Flux.range(0, Math.max(0, n - 1)).map(i -> ByteBuffer.allocate(10));
        Flux<ByteBuffer> blocks =
                Lz4.compress(o -> o.flush(FlushMode.PER_BUFFER)).apply(message);
        return n == 0 ? blocks.skip(1) : blocks;
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Lz4.compress().apply(Flux.error(new IllegalStateException("source")));
    }
}
