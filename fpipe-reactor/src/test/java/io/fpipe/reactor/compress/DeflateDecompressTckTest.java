/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.AbstractStageTck;
import io.fpipe.reactor.Chunks;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** Gives as many chunks as are wanted, when the first block is a whole chunk. */
public class DeflateDecompressTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return n == 0
                ? Deflate.decompress().apply(Deflate.compress().apply(Flux.empty()))
                : Deflate.decompress(options -> options.chunkSize(64))
                        .apply(Deflate.compress().apply(Chunks.of(new byte[64 * n])));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Deflate.decompress().apply(Flux.error(new IllegalStateException("source")));
    }
}
