/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** The serializer's publisher: each element, a text with its line end, fills a chunk. */
public class JacksonSerializerTckTest extends AbstractStageTck<ByteBuffer> {

    /** With its quotes and its line end as long as a chunk. */
    private static final String TEXT = "x".repeat(JacksonWriting.CHUNK - 3);

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return JacksonCodec.json()
                .sequenceSerializer(String.class)
                .serialize(Flux.range(0, n).map(i -> TEXT));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return JacksonCodec.json()
                .sequenceSerializer(String.class)
                .serialize(Flux.error(new IllegalStateException("failed")));
    }
}
