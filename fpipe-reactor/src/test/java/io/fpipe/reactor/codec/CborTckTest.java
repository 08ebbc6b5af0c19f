/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.Transcoders;
import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import reactor.core.publisher.Flux;

/** The serializer's publisher: a long byte array leaves as its head and slices of 64 KiB. */
public class CborTckTest extends PublisherVerification<ByteBuffer> {

    public CborTckTest() {
        super(new TestEnvironment(500, 50));
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1024;
    }

    @Override
    public Publisher<ByteBuffer> createPublisher(long elements) {
        if (elements == 0) {
            return Transcoders.transcode(Flux.empty(), () -> new CborEncoder(CborOptions.DEFAULTS, CborEncoder.CHUNK));
        }
        return Cbor.serializer().serialize(new byte[(int) (elements - 1) * CborEncoder.CHUNK]);
    }

    @Override
    public Publisher<ByteBuffer> createFailedPublisher() {
        return null; // it fails under demand only
    }
}
