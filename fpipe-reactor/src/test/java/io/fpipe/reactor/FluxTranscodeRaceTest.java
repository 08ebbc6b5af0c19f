/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.test.TranscoderProbe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/** Emission, request and cancel at the same time, against a transcoder that asserts it is used by one at a time. */
class FluxTranscodeRaceTest {

    private static final int ROUNDS = 1500;
    private static final int INPUTS = 12;
    private static final long SPIN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static ExecutorService threads;

    @BeforeAll
    static void startThreads() {
        threads = Executors.newFixedThreadPool(3);
    }

    @AfterAll
    static void stopThreads() {
        threads.shutdownNow();
    }

    /** One subscription with its source, its subscriber and all that is counted. */
    private static final class Round extends Flux<Integer> implements Subscription, CoreSubscriber<Integer> {

        final boolean fails;
        final AtomicLong upstreamDemand = new AtomicLong();
        final AtomicLong downstreamDemand = new AtomicLong();
        final AtomicInteger delivered = new AtomicInteger();
        final AtomicInteger discarded = new AtomicInteger();
        final AtomicInteger ends = new AtomicInteger();
        final List<String> problems = new ArrayList<>();
        final TestTranscoder transcoder = new TestTranscoder(1, 3, true);
        final TranscoderProbe<Integer, Integer> probe = TranscoderProbe.of(() -> transcoder);
        CoreSubscriber<? super Integer> operator;
        Subscription s;
        volatile boolean cancelled;
        volatile int received;

        Round(boolean fails) {
            this.fails = fails;
            Transcoders.transcode(this, probe).subscribe(this);
        }

        @Override
        public void subscribe(CoreSubscriber<? super Integer> actual) {
            operator = actual;
            actual.onSubscribe(this);
        }

        /** The source's. */
        @Override
        public void request(long n) {
            if (upstreamDemand.addAndGet(n) > 1) {
                problem("more than one input was requested");
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        void emit() {
            long deadline = System.nanoTime() + SPIN_NANOS;
            int spins = 0;
            while (!cancelled && delivered.get() < INPUTS && System.nanoTime() < deadline) {
                if (upstreamDemand.get() > 0) {
                    upstreamDemand.decrementAndGet();
                    operator.onNext(delivered.incrementAndGet());
                } else {
                    giveWay(spins++);
                }
            }
            if (!cancelled && fails) {
                operator.onError(new IllegalStateException("source"));
            } else if (!cancelled) {
                operator.onComplete();
            }
        }

        void ask(int times) {
            for (int i = 0; i < times; i++) {
                downstreamDemand.incrementAndGet();
                s.request(1);
            }
        }

        void cancelAfter(int elements) {
            long deadline = System.nanoTime() + SPIN_NANOS;
            int spins = 0;
            while (received < elements && System.nanoTime() < deadline) {
                giveWay(spins++);
            }
            s.cancel();
        }

        @Override
        public Context currentContext() {
            return Operators.enableOnDiscard(null, input -> discarded.incrementAndGet());
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            s = subscription;
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // signals are serial: that is what is tested
        public void onNext(Integer value) {
            if (downstreamDemand.decrementAndGet() < 0) {
                problem("emitted without demand");
            }
            if (ends.get() != 0) {
                problem("emitted after the end");
            }
            received++;
        }

        @Override
        public void onError(Throwable ex) {
            ends.incrementAndGet();
        }

        @Override
        public void onComplete() {
            ends.incrementAndGet();
            if (received != 3 * INPUTS) {
                problem("completed after " + received);
            }
        }

        @SuppressWarnings("ThreadPriorityCheck") // there may be fewer processors than threads
        static void giveWay(int spins) {
            if (spins % 256 == 255) {
                Thread.yield();
            } else {
                Thread.onSpinWait();
            }
        }

        private synchronized void problem(String text) {
            problems.add(text);
        }

        void verify() {
            probe.verify();
            assertThat(problems).isEmpty();
            assertThat(transcoder.fed + discarded.get())
                    .as("inputs are consumed or discarded, each once")
                    .isEqualTo(delivered.get());
        }
    }

    private static void race(Runnable... tasks) throws Exception {
        AtomicInteger arrived = new AtomicInteger();
        List<Future<?>> futures = new ArrayList<>();
        for (Runnable task : tasks) {
            futures.add(threads.submit(() -> {
                arrived.incrementAndGet();
                for (int spins = 0; arrived.get() < tasks.length; spins++) { // spinning starts them closer together
                    Round.giveWay(spins);
                }
                task.run();
                return null;
            }));
        }
        for (Future<?> future : futures) {
            future.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void emissionAgainstRequest() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(false);
            race(round::emit, () -> round.ask(3 * INPUTS / 2), () -> round.ask(3 * INPUTS / 2));
            round.verify();
            assertThat(round.received).isEqualTo(3 * INPUTS);
            assertThat(round.ends).hasValue(1);
        }
    }

    @Test
    void emissionAndRequestAgainstCancel() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(false);
            int elements = i % (3 * INPUTS);
            race(round::emit, () -> round.ask(3 * INPUTS), () -> round.cancelAfter(elements));
            round.verify();
            assertThat(round.ends.get()).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void anErrorAgainstRequestAndCancel() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(true);
            int elements = 3 * INPUTS - i % 4;
            race(round::emit, () -> round.ask(3 * INPUTS), () -> round.cancelAfter(elements));
            round.verify();
            assertThat(round.ends.get()).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void cancelAgainstCancel() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(false);
            round.ask(1);
            race(round::emit, round.s::cancel, round.s::cancel);
            round.verify();
            assertThat(round.ends).hasValue(0);
        }
    }
}
