/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A deserializer gives one value or none. */
public class CondDecodeTckTest extends AbstractStageTck<byte[]> {

    private static final Deserializer<byte[]> COND = FpipeCond.<byte[]>decode()
            .whenPrefix(1, FpipeCond.decodeHeader(1, head -> message -> Chunks.join(message, 100)))
            .otherwise(message -> message.then(Mono.empty()));

    @Override
    protected Flux<byte[]> publisher(int n) {
        return COND.deserialize(Chunks.of(new byte[] {(byte) n, 2, 3})).flux();
    }

    @Override
    protected Flux<byte[]> failed() {
        return COND.deserialize(Flux.error(new IllegalStateException("source"))).flux();
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1;
    }
}
