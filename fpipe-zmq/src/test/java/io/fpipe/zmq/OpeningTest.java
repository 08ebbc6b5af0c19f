/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.test.StepVerifier;

class OpeningTest {

    @Test
    void whatIsOpenedAfterACancelIsDisposed() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        CountDownLatch disposed = new CountDownLatch(1);
        Disposable opened = disposed::countDown;
        Disposable subscription = Opening.of(Disposable.class, () -> {
                    begun.countDown();
                    assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue(); // and not interrupted by the cancel
                    return opened;
                })
                .subscribe();
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

        subscription.dispose();
        cancelled.countDown();

        assertThat(disposed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aFailureToOpenIsTheError() {
        StepVerifier.create(Opening.of(Disposable.class, () -> {
                    throw new ZmqException("no");
                }))
                .expectErrorMessage("no")
                .verify(Duration.ofSeconds(10));
    }
}
