/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** The code that the document about stopped readers shows. */
class BackpressureDocTest {

    @Test
    void aPrefetchBoundsWhatPublishOnTakes() {
        AtomicInteger taken = new AtomicInteger();
        Flux<ByteBuffer> message =
                Flux.generate(sink -> sink.next(ByteBuffer.allocate(10).putInt(0, taken.incrementAndGet())));
        Flux<ByteBuffer> elsewhere = message.publishOn(Schedulers.parallel(), 2); // holds two buffers, not 256
        StepVerifier.create(elsewhere, 3)
                .expectNextCount(3)
                .expectNoEvent(Duration.ofMillis(50))
                .then(() -> assertThat(taken.get()).isBetween(3, 5))
                .thenCancel()
                .verify(Duration.ofSeconds(10));
    }
}
