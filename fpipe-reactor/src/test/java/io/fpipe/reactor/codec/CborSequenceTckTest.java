/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import reactor.core.publisher.Flux;

/** The serializer's publisher of a sequence: each long byte array leaves as its head and a slice. */
public class CborSequenceTckTest extends PublisherVerification<ByteBuffer> {

    public CborSequenceTckTest() {
        super(new TestEnvironment(500, 50));
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1024;
    }

    @Override
    public Publisher<ByteBuffer> createPublisher(long elements) {
        Flux<Object> source = Flux.range(0, (int) (elements / 2)).map(i -> new byte[40_000]);
        return Cbor.sequenceSerializer(Object.class).serialize(elements % 2 == 0 ? source : source.concatWithValues(1));
    }

    @Override
    public Publisher<ByteBuffer> createFailedPublisher() {
        return Cbor.sequenceSerializer(Object.class).serialize(Flux.error(new IllegalStateException("failed")));
    }
}
