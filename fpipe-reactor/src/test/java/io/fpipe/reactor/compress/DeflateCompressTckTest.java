/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.AbstractStageTck;
import io.fpipe.reactor.Chunks;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** Gives as many chunks as are wanted: level 0 makes the size of the output known. */
public class DeflateCompressTckTest extends AbstractStageTck<ByteBuffer> {

    private static final int CHUNK = 1024;

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        Flux<ByteBuffer> message = Chunks.of(new byte[CHUNK * Math.max(0, n - 1)]); // header and trailer make one more
        Flux<ByteBuffer> chunks =
                Deflate.compress(options -> options.level(0).chunkSize(CHUNK)).apply(message);
        return n == 0 ? chunks.skip(1) : chunks;
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Deflate.compress().apply(Flux.error(new IllegalStateException("source")));
    }
}
