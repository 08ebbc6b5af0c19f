/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** Gives as many buffers as there are inputs. */
public class ZstdDecompressTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        Flux<ByteBuffer> message = Flux.range(0, n).map(i -> ByteBuffer.allocate(10));
        return Zstd.compress(o -> o.flush(FlushMode.PER_BUFFER))
                .then(Zstd.decompress())
                .apply(message);
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Zstd.decompress().apply(Flux.error(new IllegalStateException("source")));
    }
}
