/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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

/** Emission, both kinds of request, of cancel and of subscription at the same time. */
class FluxFramesRaceTest {

    private static final int ROUNDS = 1500;
    private static final int FRAMES = 6;
    private static final int PARTS = 3;
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

    /** One subscription: its source, its outer subscriber and the subscribers of its frames. */
    private static final class Round extends Flux<FramePart> implements Subscription, CoreSubscriber<Flux<ByteBuffer>> {

        final boolean fails;
        final boolean subscribes;
        final AtomicLong upstreamDemand = new AtomicLong();
        final AtomicLong outerDemand = new AtomicLong();
        final AtomicInteger emitted = new AtomicInteger();
        final AtomicInteger received = new AtomicInteger();
        final AtomicInteger discarded = new AtomicInteger();
        final AtomicInteger signals = new AtomicInteger();
        final AtomicInteger outerEnds = new AtomicInteger();
        final AtomicInteger openFrames = new AtomicInteger();
        final List<String> problems = new ArrayList<>();
        CoreSubscriber<? super FramePart> operator;
        Subscription s;
        volatile Flux<ByteBuffer> lastFrame;
        volatile Reader reader;
        volatile int frames;
        volatile boolean cancelled;
        volatile boolean ended;
        volatile boolean outerCancelled;

        Round(boolean fails, boolean subscribes) {
            this.fails = fails;
            this.subscribes = subscribes;
            FluxFrames.of(this).subscribe(this);
        }

        @Override
        public void subscribe(CoreSubscriber<? super FramePart> actual) {
            operator = actual;
            actual.onSubscribe(this);
        }

        /** The source's. */
        @Override
        public void request(long n) {
            if (upstreamDemand.addAndGet(n) > 1) {
                problem("more than one part was requested");
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        void emit() {
            long deadline = System.nanoTime() + SPIN_NANOS;
            int spins = 0;
            while (!cancelled && emitted.get() < FRAMES * PARTS && System.nanoTime() < deadline) {
                if (upstreamDemand.get() > 0) {
                    upstreamDemand.decrementAndGet();
                    boolean last = emitted.incrementAndGet() % PARTS == 0;
                    operator.onNext(new FramePart(ByteBuffer.allocate(1), last));
                } else {
                    giveWay(spins++);
                }
            }
            if (cancelled) {
                return;
            }
            ended = true;
            if (fails) {
                operator.onError(new IllegalStateException("source"));
            } else {
                operator.onComplete();
            }
        }

        void askOuter(int times) {
            for (int i = 0; i < times; i++) {
                outerDemand.incrementAndGet();
                s.request(1);
            }
        }

        /** Asks each open frame for one part after the other, until the outer has ended. */
        void askInner() {
            long deadline = System.nanoTime() + SPIN_NANOS;
            for (int spins = 0; outerEnds.get() == 0 && !cancelled && System.nanoTime() < deadline; spins++) {
                Reader current = reader;
                if (current != null && current.demand.get() == 0 && current.s != null) {
                    current.demand.incrementAndGet();
                    current.s.request(1);
                } else {
                    giveWay(spins);
                }
            }
        }

        /** Waits until a number of frames has come. */
        void await(int number) {
            long deadline = System.nanoTime() + SPIN_NANOS;
            for (int spins = 0; frames < number && outerEnds.get() == 0 && System.nanoTime() < deadline; spins++) {
                giveWay(spins);
            }
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
        public void onNext(Flux<ByteBuffer> frame) {
            enter();
            if (outerDemand.decrementAndGet() < 0) {
                problem("a frame was emitted without demand");
            }
            if (outerEnds.get() != 0) {
                problem("a frame was emitted after the end");
            }
            if (openFrames.get() != 0) {
                problem("a frame was emitted while another is open");
            }
            lastFrame = frame;
            if (subscribes) {
                frame.subscribe(new Reader(this));
            }
            frames++;
            signals.decrementAndGet();
        }

        @Override
        public void onError(Throwable ex) {
            enter();
            outerEnds.incrementAndGet();
            signals.decrementAndGet();
        }

        @Override
        public void onComplete() {
            enter();
            outerEnds.incrementAndGet();
            signals.decrementAndGet();
        }

        private void enter() {
            if (signals.incrementAndGet() != 1) {
                problem("signals overlap");
            }
        }

        synchronized void problem(String text) {
            problems.add(text);
        }

        @SuppressWarnings("ThreadPriorityCheck") // there may be fewer processors than threads
        static void giveWay(int spins) {
            if (spins % 64 == 63) {
                Thread.yield();
            } else {
                Thread.onSpinWait();
            }
        }

        void verify() {
            assertThat(problems).isEmpty();
            assertThat(received.get() + discarded.get())
                    .as("parts are delivered or discarded, each once")
                    .isEqualTo(emitted.get());
            assertThat(outerEnds.get()).isLessThanOrEqualTo(1);
        }
    }

    /** The subscriber of one frame. */
    private static final class Reader implements CoreSubscriber<ByteBuffer> {

        final Round round;
        final AtomicLong demand = new AtomicLong();
        final AtomicInteger ends = new AtomicInteger();
        final AtomicBoolean open = new AtomicBoolean();
        volatile Subscription s;
        volatile boolean cancelled;
        volatile Throwable error;
        private int read;

        Reader(Round round) {
            this.round = round;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            round.openFrames.incrementAndGet();
            open.set(true);
            s = subscription;
            round.reader = this;
            if (round.outerCancelled) { // who cancels the outer may not have seen this frame
                cancel();
            }
        }

        @Override
        public void onNext(ByteBuffer part) {
            if (demand.getAndDecrement() <= 0) {
                round.problem("a part was emitted without demand");
            }
            if (ends.get() != 0) {
                round.problem("a part was emitted after the end");
            }
            read++;
            round.received.incrementAndGet();
        }

        @Override
        public void onError(Throwable ex) {
            error = ex;
            end();
        }

        @Override
        public void onComplete() {
            if (read != PARTS && !cancelled) {
                round.problem("a frame completed after " + read + " parts");
            }
            end();
        }

        private void end() {
            if (ends.incrementAndGet() != 1) {
                round.problem("a frame ended twice");
            }
            close();
        }

        private void close() {
            if (open.compareAndSet(true, false)) {
                round.openFrames.decrementAndGet();
            }
        }

        void cancel() {
            cancelled = true;
            close();
            s.cancel();
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
    void emissionAgainstBothRequests() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(i % 4 == 3, true);
            race(round::emit, () -> round.askOuter(FRAMES + 1), round::askInner);
            round.verify();
            assertThat(round.outerEnds).hasValue(1);
            assertThat(round.received).hasValue(FRAMES * PARTS);
        }
    }

    @Test
    void emissionAgainstCancelOfFrames() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(false, true);
            round.askOuter(FRAMES + 1);
            race(round::emit, round::askInner, () -> {
                for (int number = 1; number <= FRAMES; number++) {
                    round.await(number);
                    round.reader.cancel();
                }
            });
            round.verify();
            assertThat(round.frames).isEqualTo(FRAMES);
            assertThat(round.outerEnds).hasValue(1);
        }
    }

    @Test
    void emissionAndRequestAgainstCancelOfTheOuter() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(i % 4 == 3, true);
            int number = i % (FRAMES + 1);
            Runnable ask = () -> {
                round.askOuter(FRAMES + 1);
                round.askInner();
            };
            race(round::emit, ask, () -> {
                round.await(number);
                round.outerCancelled = true;
                round.s.cancel();
                Reader reader = round.reader;
                if (reader != null) {
                    reader.cancel();
                }
            });
            if (round.outerEnds.get() == 0) {
                assertThat(round.cancelled || round.ended)
                        .as("the source is cancelled, unless it ended before the cancel was seen")
                        .isTrue();
            }
            round.verify();
        }
    }

    @Test
    void subscriptionAgainstTheNextRequest() throws Exception {
        int taken = 0;
        for (int i = 0; i < ROUNDS; i++) {
            Round round = new Round(false, false);
            round.askOuter(1);
            round.operator.onNext(new FramePart(ByteBuffer.allocate(1), false));
            round.emitted.set(1);
            round.upstreamDemand.set(0);
            Reader reader = new Reader(round);
            reader.demand.set(Long.MAX_VALUE);
            Flux<ByteBuffer> first = round.lastFrame;
            race(
                    () -> round.askOuter(FRAMES + 1),
                    () -> first.subscribe(new CoreSubscriber<>() {
                        @Override
                        public void onSubscribe(Subscription s) {
                            reader.s = s; // not counted as open: it may have come too late
                            s.request(Long.MAX_VALUE);
                        }

                        @Override
                        public void onNext(ByteBuffer part) {
                            reader.onNext(part);
                        }

                        @Override
                        public void onError(Throwable ex) {
                            reader.onError(ex);
                        }

                        @Override
                        public void onComplete() {
                            reader.onComplete();
                        }
                    }),
                    round::emit);
            round.verify();
            assertThat(reader.ends).hasValue(1);
            assertThat(round.outerEnds).hasValue(1);
            assertThat(round.frames).isEqualTo(FRAMES);
            if (reader.error == null) {
                taken++;
                assertThat(round.received).hasValue(PARTS);
            } else {
                assertThat(reader.error).hasMessageContaining("was skipped");
                assertThat(round.received).hasValue(0);
            }
        }
        assertThat(taken).as("both may win").isBetween(1, ROUNDS);
    }
}
