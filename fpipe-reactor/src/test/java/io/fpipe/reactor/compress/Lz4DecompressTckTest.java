/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** Gives as many buffers as there are blocks. */
public class Lz4DecompressTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        Flux<ByteBuffer> message = Flux.range(0, n).map(i -> ByteBuffer.allocate(10));
        return Lz4.compress(o -> o.flush(FlushMode.PER_BUFFER))
                .then(Lz4.decompress())
                .apply(message);
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Lz4.decompress().apply(Flux.error(new IllegalStateException("source")));
    }
}
