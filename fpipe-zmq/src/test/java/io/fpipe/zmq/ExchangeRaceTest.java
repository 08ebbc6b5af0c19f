/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.util.RaceTestUtils;

class ExchangeRaceTest {

    /** Counts how often its call ends, and what it gets. */
    private static final class Caller implements CoreSubscriber<ByteBuffer> {

        private final long demand;
        private final CountDownLatch subscribed = new CountDownLatch(1);
        private final CountDownLatch ended = new CountDownLatch(1);
        private final AtomicInteger ends = new AtomicInteger();
        private final AtomicInteger bytes = new AtomicInteger();
        private volatile Throwable error;
        private volatile Subscription s;

        Caller(long demand) {
            this.demand = demand;
        }

        @Override
        public void onSubscribe(Subscription s) {
            this.s = s;
            if (demand > 0) {
                s.request(demand);
            }
            subscribed.countDown();
        }

        @Override
        public void onNext(ByteBuffer buffer) {
            bytes.addAndGet(buffer.remaining());
        }

        @Override
        public void onError(Throwable t) {
            error = t;
            ends.incrementAndGet();
            ended.countDown();
        }

        @Override
        public void onComplete() {
            ends.incrementAndGet();
            ended.countDown();
        }

        void cancel() {
            Rig.await(subscribed);
            s.cancel();
        }

        void checkEndedOnce() {
            Rig.await(ended);
            assertThat(ends).hasValue(1);
        }
    }

    private static Flux<ByteBuffer> message(int buffers) {
        return Flux.range(0, buffers).map(i -> ByteBuffer.allocate(1000));
    }

    private static Caller start(ZmqExchange exchange, Flux<ByteBuffer> message) {
        Caller caller = new Caller(Long.MAX_VALUE);
        exchange.apply(message).subscribe(caller);
        return caller;
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aCallMayBeCancelledWhileItBegins(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server = rig.serve(Stage.identity());
            ClientExchange exchange = rig.client();
            start(exchange, message(1)).checkEndedOnce();
            for (int i = 0; i < 1000; i++) {
                Caller caller = new Caller(Long.MAX_VALUE);
                RaceTestUtils.race(() -> exchange.apply(message(3)).subscribe(caller), caller::cancel);
                assertThat(caller.ends.get()).isLessThanOrEqualTo(1);
            }
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aCallMayBeCancelledAtAnyTime(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server = rig.serve(bytes -> bytes.take(20).concatWith(message(20)), s -> s.window(4096));
            ClientExchange exchange = rig.client(client -> client.window(4096));
            start(exchange, message(1)).checkEndedOnce();
            for (int i = 0; i < 300; i++) {
                Caller caller = start(exchange, message(40));
                int after = i * 30;
                while (caller.bytes.get() < after && caller.ended.getCount() > 0) {
                    Thread.onSpinWait();
                }
                RaceTestUtils.race(caller::cancel, caller::cancel);
                assertThat(caller.ends.get()).isLessThanOrEqualTo(1);
            }
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void demandMayComeFromAnywhere() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            ZmqBinding server = rig.serve(Stage.identity(), s -> s.window(4096));
            ClientExchange exchange = rig.client(client -> client.window(4096));
            for (int i = 0; i < 200; i++) {
                Caller caller = new Caller(0);
                exchange.apply(message(20).publishOn(Schedulers.parallel(), 1)).subscribe(caller);
                // at most 20 frames and the end; all of it at once from three threads
                Runnable ask = () -> IntStream.range(0, 10).forEach(n -> caller.s.request(1));
                RaceTestUtils.race(ask, ask, ask);
                caller.checkEndedOnce();
                assertThat(caller.error).isNull();
                assertThat(caller.bytes).hasValue(20_000);
            }
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aReplyMayComeWithTheTimeout() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            AtomicInteger calls = new AtomicInteger();
            ZmqBinding server =
                    rig.serve(bytes -> bytes.delaySequence(Duration.ofMillis(10 + calls.getAndIncrement() % 20)));
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(20)));
            for (int round = 0; round < 10; round++) {
                List<Caller> callers = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    callers.add(start(exchange, message(1)));
                }
                for (Caller caller : callers) {
                    caller.checkEndedOnce();
                    if (caller.error == null) {
                        assertThat(caller.bytes).hasValue(1000);
                    } else {
                        assertThat(caller.error).isInstanceOf(TimeoutException.class);
                    }
                }
            }
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void everyCallEndsWhenTheExchangeIsDisposed(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server = rig.serve(Stage.identity());
            for (int i = 0; i < 50; i++) {
                ClientExchange exchange = rig.client();
                if (i % 2 == 0) { // or it is not connected yet
                    start(exchange, message(1)).checkEndedOnce();
                }
                List<Caller> callers = new ArrayList<>();
                for (int n = 0; n < 8; n++) {
                    callers.add(new Caller(n % 3 == 0 ? 1 : Long.MAX_VALUE));
                }
                RaceTestUtils.race(
                        () -> callers.subList(0, 4)
                                .forEach(caller ->
                                        exchange.apply(message(10).hide()).subscribe(caller)),
                        () -> callers.subList(4, 8)
                                .forEach(caller ->
                                        exchange.apply(Bytes.endless(1000)).subscribe(caller)),
                        exchange::dispose);
                callers.forEach(Caller::checkEndedOnce);
                rig.awaitNoStreams(exchange, server);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void everyCallEndsWhenItsServerGoes(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ClientExchange exchange = rig.client();
            for (int i = 0; i < 5; i++) {
                ZmqBinding server = rig.serveApart(Stage.identity());
                start(exchange, message(1)).checkEndedOnce();
                List<Caller> callers = new ArrayList<>();
                RaceTestUtils.race(
                        () -> {
                            for (int n = 0; n < 10; n++) {
                                callers.add(start(exchange, Bytes.endless(1000)));
                            }
                        },
                        server::dispose);
                server.onDispose().block(Rig.SOON);
                rig.closeApart();
                for (Caller caller : callers) {
                    if (caller.bytes.get() > 0) { // it was under way; one that was not may wait for the next server
                        caller.checkEndedOnce();
                        assertThat(caller.error).isInstanceOf(ZmqDisconnectedException.class);
                    }
                    caller.cancel();
                }
                rig.awaitNoStreams(exchange, server);
            }
        }
    }
}
