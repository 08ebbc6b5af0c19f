/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.nio.ByteBuffer;
import java.util.List;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import reactor.core.publisher.Flux;

/** The sequence deserializer's publisher, of elements that lie some in one buffer and some in two. */
public class CborElementsTckTest extends PublisherVerification<Object> {

    public CborElementsTckTest() {
        super(new TestEnvironment(500, 50));
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1024;
    }

    @Override
    public Publisher<Object> createPublisher(long elements) {
        byte[] sequence = new byte[2 * (int) elements];
        for (int i = 0; i < sequence.length; i += 2) {
            sequence[i] = 0x41;
        }
        List<ByteBuffer> message = CborBytes.pieces(sequence, 7);
        return Cbor.sequenceDeserializer(Object.class).deserialize(Flux.fromIterable(message));
    }

    @Override
    public Publisher<Object> createFailedPublisher() {
        return Cbor.sequenceDeserializer(Object.class).deserialize(Flux.error(new IllegalStateException("failed")));
    }
}
