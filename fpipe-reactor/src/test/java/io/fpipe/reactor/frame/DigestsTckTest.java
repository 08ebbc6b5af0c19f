/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** A message of buffers of four bytes, of which the verifying stage holds one back. */
public class DigestsTckTest extends AbstractStageTck<ByteBuffer> {

    private static final Digests DIGESTS = Digests.crc32();

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return DIGESTS.verify().apply(DIGESTS.append().apply(Flux.range(0, n).map(i -> ByteBuffer.allocate(4))));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return DIGESTS.verify().apply(Flux.error(new IllegalStateException("source")));
    }
}
