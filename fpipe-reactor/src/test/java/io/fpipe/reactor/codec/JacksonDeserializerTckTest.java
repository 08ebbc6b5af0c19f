/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** The deserializer's publisher: three elements in each buffer. */
public class JacksonDeserializerTckTest extends AbstractStageTck<Object> {

    @Override
    protected Flux<Object> publisher(int n) {
        byte[] three = {1, 2, 3};
        byte[] rest = new byte[n % 3];
        Flux<ByteBuffer> message = Flux.range(0, n / 3).map(i -> ByteBuffer.wrap(three));
        return JacksonCodec.cbor()
                .sequenceDeserializer(Object.class)
                .deserialize(message.concatWithValues(ByteBuffer.wrap(rest)));
    }

    @Override
    protected Flux<Object> failed() {
        return JacksonCodec.cbor()
                .sequenceDeserializer(Object.class)
                .deserialize(Flux.error(new IllegalStateException("failed")));
    }
}
