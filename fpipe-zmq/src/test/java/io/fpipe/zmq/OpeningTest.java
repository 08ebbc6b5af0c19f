/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

    /** A peer that is up asks for one, at any time, and the maker still uses the socket. */
    @Test
    void aSocketHasNoTurnBeforeItsStart() {
        QuietUser user = new QuietUser();
        AtomicInteger turns = new AtomicInteger();
        CountDownLatch turned = new CountDownLatch(1);
        try (Rig rig = new Rig(Rig.Wiring.TCP)) {
            OwnedSocket socket = rig.resources.open(
                    SocketSettings.of(SocketType.PULL), List.of(Endpoint.bind("tcp://127.0.0.1:*")), user);
            socket.perform(ignored -> {
                turns.incrementAndGet();
                turned.countDown();
            });
            try {
                rig.settle();
                rig.settle(); // a turn that was asked for meanwhile is over
                assertThat(turns).hasValue(0);
            } finally {
                socket.start(); // or nobody could close it
            }
            Rig.await(turned);
            socket.close(0);
            Rig.await(user.closed);
        }
    }
}
