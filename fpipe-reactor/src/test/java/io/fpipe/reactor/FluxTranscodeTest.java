/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.TranscoderProbe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.Fuseable;
import reactor.core.Scannable;
import reactor.core.Scannable.Attr;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Operators;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.publisher.TestPublisher.Violation;
import reactor.util.context.Context;

/** The obligations of the operator, one by one. */
class FluxTranscodeTest {

    private final TestPublisher<Integer> source =
            TestPublisher.createNoncompliant(Violation.REQUEST_OVERFLOW, Violation.CLEANUP_ON_TERMINATE);
    private final List<Object> discarded = new ArrayList<>();
    private final List<Object> dropped = new ArrayList<>();

    @AfterEach
    void resetHooks() {
        Hooks.resetOnNextDropped();
        Hooks.resetOnErrorDropped();
        Hooks.resetOnOperatorError();
        Hooks.resetOnOperatorDebug();
    }

    /** A subscriber that records; it requests only what it is told to. */
    private final class Recorder extends BaseSubscriber<Integer> {
        final List<Object> signals = new ArrayList<>();

        @Override
        public Context currentContext() {
            return Operators.enableOnDiscard(Context.of("key", "value"), discarded::add);
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(Integer value) {
            signals.add(value);
        }

        @Override
        protected void hookOnError(Throwable ex) {
            signals.add(ex);
        }

        @Override
        protected void hookOnComplete() {
            signals.add("end");
        }
    }

    private Recorder subscribe(TranscoderProbe<Integer, Integer> probe) {
        Recorder recorder = new Recorder();
        Transcoders.transcode(source.flux(), probe).subscribe(recorder);
        return recorder;
    }

    private static List<Integer> run(Flux<Integer> source, int inputs, int outputs) {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(inputs, outputs);
        List<Integer> result =
                Transcoders.transcode(source, probe).collectList().block();
        probe.verify();
        return result;
    }

    @Test
    void drivesTranscodersOfAnyRatio() {
        assertThat(run(Flux.just(10, 20, 30), 1, 1)).containsExactly(10, 20, 30);
        assertThat(run(Flux.just(10, 20), 1, 3)).containsExactly(10, 11, 12, 20, 21, 22);
        assertThat(run(Flux.just(10, 20, 30, 40), 3, 1)).containsExactly(30);
        assertThat(run(Flux.empty(), 1, 3)).isEmpty();
    }

    @Test
    void holdsAtMostOneInput() {
        AtomicInteger outstanding = new AtomicInteger();
        List<Long> requests = new ArrayList<>();
        Flux<Integer> counted = Flux.range(0, 100)
                .doOnNext(i -> outstanding.decrementAndGet())
                .doOnRequest(n -> {
                    requests.add(n);
                    assertThat(outstanding.addAndGet((int) n)).isEqualTo(1);
                });
        run(counted, 1, 3);
        assertThat(requests).containsOnly(1L);
    }

    @Test
    void asksForInputOnlyUnderDemandAndWhenNothingIsLeft() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 3);
        Recorder recorder = subscribe(probe);
        source.assertWasNotRequested();
        recorder.request(1);
        source.assertMinRequested(1).assertMaxRequested(1);
        source.next(10);
        recorder.request(2);
        assertThat(recorder.signals).containsExactly(10, 11, 12);
        source.assertMaxRequested(1);
        recorder.request(1);
        source.assertMinRequested(1);
        recorder.cancel();
        probe.verify();
    }

    @Test
    void emitsOnlyUnderDemand() {
        Recorder recorder = subscribe(TestTranscoder.probe(1, 5));
        recorder.request(2);
        source.next(10);
        assertThat(recorder.signals).containsExactly(10, 11);
        recorder.request(1);
        assertThat(recorder.signals).containsExactly(10, 11, 12);
        recorder.cancel();
    }

    @Test
    void doesNotRecurseBetweenOnNextAndRequest() {
        AtomicInteger deepest = new AtomicInteger();
        Flux<Integer> flux = Transcoders.transcode(Flux.range(0, 100_000), TestTranscoder.of(1, 1));
        BaseSubscriber<Integer> oneByOne = new BaseSubscriber<>() {
            private int depth;

            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(1);
            }

            @Override
            protected void hookOnNext(Integer value) {
                depth++;
                deepest.accumulateAndGet(depth, Math::max);
                request(1);
                depth--;
            }
        };
        flux.subscribe(oneByOne);
        assertThat(oneByOne.isDisposed()).isTrue();
        assertThat(deepest).hasValue(1);
    }

    @Test
    void completesTogetherWithTheLastOutput() {
        StepVerifier.create(Transcoders.transcode(Flux.just(10, 20), TestTranscoder.of(1, 2)), 4)
                .expectNext(10, 11, 20, 21)
                .verifyComplete();
        StepVerifier.create(Transcoders.transcode(Flux.<Integer>empty(), TestTranscoder.of(1, 2)), 0)
                .verifyComplete();
    }

    @Test
    void aTranscoderThatDoesNotKnowTheEndCompletesUnderFurtherDemand() {
        StepVerifier.create(Transcoders.transcode(Flux.just(10), () -> new TestTranscoder(1, 1, false)), 1)
                .expectNext(10)
                .expectNoEvent(Duration.ofMillis(10))
                .thenRequest(1)
                .verifyComplete();
    }

    @Test
    void aTailWaitsForDemand() {
        Recorder recorder = subscribe(TestTranscoder.probe(1, 3));
        recorder.request(1);
        source.next(10).complete();
        assertThat(recorder.signals).containsExactly(10);
        recorder.request(1);
        assertThat(recorder.signals).containsExactly(10, 11);
        recorder.request(1);
        assertThat(recorder.signals).containsExactly(10, 11, 12, "end");
    }

    @Test
    void anErrorOvertakesOutputThatWasNotEmitted() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 3);
        Recorder recorder = subscribe(probe);
        IllegalStateException error = new IllegalStateException("source");
        recorder.request(1);
        source.next(10).error(error);
        assertThat(recorder.signals).containsExactly(10, error);
        recorder.request(10);
        assertThat(recorder.signals).hasSize(2);
        probe.verify();
    }

    /** Throws in the call of the given name. */
    private static TranscoderProbe<Integer, Integer> failing(String call, Throwable error) {
        class Failing implements Transcoder<Integer, Integer> {
            private void enter(String name) throws Exception {
                if (name.equals(call)) {
                    if (error instanceof Error fatal) {
                        throw fatal;
                    }
                    throw (Exception) error;
                }
            }

            @Override
            public void feed(Integer input) throws Exception {
                enter("feed");
            }

            @Override
            public void end() throws Exception {
                enter("end");
            }

            @Override
            public Integer poll() throws Exception {
                enter("poll");
                return null;
            }

            @Override
            public boolean flush() throws Exception {
                enter("flush");
                return false;
            }

            @Override
            public boolean isFinished() {
                if (call.equals("isFinished")) {
                    throw (RuntimeException) error;
                }
                return true;
            }

            @Override
            public void close() {
                if (call.equals("close")) {
                    throw (RuntimeException) error;
                }
            }
        }
        return TranscoderProbe.of(Failing::new);
    }

    /** Gives the sum of what it holds when it is flushed or at the end, in as many equal parts as it was fed. */
    private static final class Holding implements Transcoder<Integer, Integer> {
        private int held;
        private int fed;
        private int parts;
        private boolean ended;
        int flushes;

        @Override
        public void feed(Integer input) {
            held += input;
            fed++;
        }

        @Override
        public void end() {
            ended = true;
            parts = fed;
        }

        @Override
        public boolean flush() {
            flushes++;
            parts = fed;
            return fed > 0;
        }

        @Override
        public Integer poll() {
            if (parts == 0) {
                return null;
            }
            int part = held / parts;
            held -= part;
            parts--;
            fed--;
            return part;
        }

        @Override
        public boolean isFinished() {
            return ended && parts == 0;
        }
    }

    @Test
    void doesNotFlushWhileTheSourceAnswersAtOnce() {
        Holding holding = new Holding();
        TranscoderProbe<Integer, Integer> probe = TranscoderProbe.of(() -> holding);
        assertThat(Transcoders.transcode(Flux.just(1, 2, 3), probe)
                        .collectList()
                        .block())
                .containsExactly(2, 2, 2);
        assertThat(holding.flushes).isZero();
        probe.verify();
    }

    @Test
    void flushesOnceWhenTheSourceIsIdle() {
        Holding holding = new Holding();
        TranscoderProbe<Integer, Integer> probe = TranscoderProbe.of(() -> holding);
        Recorder recorder = subscribe(probe);
        recorder.request(5);
        assertThat(holding.flushes).isEqualTo(1);
        recorder.request(1); // still waiting: nothing new to hand out
        assertThat(holding.flushes).isEqualTo(1);
        source.next(7);
        assertThat(recorder.signals).containsExactly(7);
        source.next(8).complete();
        assertThat(recorder.signals).containsExactly(7, 8, "end");
        assertThat(holding.flushes).isEqualTo(3);
        probe.verify();
    }

    @Test
    void flushesOnlyUnderDemandAndEmitsOnlyWhatIsAskedFor() {
        Holding holding = new Holding();
        TranscoderProbe<Integer, Integer> probe = TranscoderProbe.of(() -> holding);
        Recorder recorder = new Recorder();
        Flux<Integer> twoThenIdle = Flux.concat(Flux.just(3, 5), source.flux());
        Transcoders.transcode(twoThenIdle, probe).subscribe(recorder);
        assertThat(holding.flushes).isZero();
        recorder.request(1);
        assertThat(recorder.signals).containsExactly(4);
        assertThat(holding.flushes).isEqualTo(1);
        recorder.request(1);
        assertThat(recorder.signals).containsExactly(4, 4);
        source.assertMaxRequested(1); // one for the message, asked for once
        recorder.request(1);
        source.complete();
        assertThat(recorder.signals).containsExactly(4, 4, "end");
        probe.verify();
    }

    @Test
    void anExceptionOfTheFlushFailsTheMessage() {
        IllegalStateException error = new IllegalStateException("flush");
        TranscoderProbe<Integer, Integer> probe = failing("flush", error);
        Recorder recorder = subscribe(probe);
        recorder.request(1);
        assertThat(recorder.signals).containsExactly(error);
        source.assertCancelled();
        probe.verify();
    }

    @Test
    void anExceptionOfTheTranscoderFailsTheMessage() {
        for (String call : List.of("feed", "poll", "end")) {
            Exception error = new Exception(call);
            TranscoderProbe<Integer, Integer> probe = failing(call, error);
            TestPublisher<Integer> inputs = TestPublisher.create();
            StepVerifier.create(Transcoders.transcode(inputs.flux(), probe))
                    .then(() -> {
                        if (!call.equals("poll")) {
                            inputs.next(1);
                        }
                        if (call.equals("end")) {
                            inputs.complete();
                        }
                    })
                    .expectErrorMatches(ex -> Exceptions.unwrap(ex) == error)
                    .verify();
            if (!call.equals("end")) {
                inputs.assertCancelled();
            }
            probe.verify();
        }
        IllegalStateException error = new IllegalStateException("isFinished");
        TranscoderProbe<Integer, Integer> probe = failing("isFinished", error);
        StepVerifier.create(Transcoders.transcode(Flux.<Integer>empty(), probe), 0)
                .expectErrorMatches(ex -> ex == error)
                .verify();
        probe.verify();
    }

    @Test
    void anExceptionOfTheFactoryFailsTheMessage() {
        IllegalStateException error = new IllegalStateException("factory");
        StepVerifier.create(Transcoders.<Integer, Integer>transcode(source.flux(), () -> {
                    throw error;
                }))
                .expectErrorMatches(ex -> ex == error)
                .verify();
        source.assertWasNotSubscribed();
        StepVerifier.create(Transcoders.<Integer, Integer>transcode(source.flux(), () -> null))
                .expectErrorMessage("the factory returned null")
                .verify();
    }

    @Test
    void theHookForErrorsSeesTheInputThatFailed() {
        List<Object> seen = new ArrayList<>();
        Hooks.onOperatorError((ex, data) -> {
            seen.add(data);
            return new IllegalStateException("replaced", ex);
        });
        StepVerifier.create(Transcoders.transcode(Flux.just(7), failing("feed", new Exception("x"))))
                .expectErrorMessage("replaced")
                .verify();
        assertThat(seen).containsExactly(7);
    }

    @Test
    void doesNotContinueAfterAnError() {
        Flux<Integer> flux = Transcoders.transcode(Flux.just(1, 2, 3), failing("feed", new Exception("x")));
        StepVerifier.create(flux.onErrorContinue((ex, data) -> dropped.add(data)))
                .expectErrorMatches(ex -> Exceptions.unwrap(ex).getMessage().equals("x"))
                .verify();
        assertThat(dropped).isEmpty();
    }

    @Test
    void closesTheTranscoderEvenIfTheErrorIsFatal() {
        TranscoderProbe<Integer, Integer> probe = failing("feed", new OutOfMemoryError("not really"));
        Recorder recorder = subscribe(probe);
        recorder.request(1);
        assertThatThrownBy(() -> source.next(1)).isInstanceOf(OutOfMemoryError.class);
        probe.verify();
    }

    @Test
    void anExceptionOfCloseIsDroppedAndChangesNothing() {
        Hooks.onErrorDropped(dropped::add);
        IllegalStateException error = new IllegalStateException("close");
        StepVerifier.create(Transcoders.transcode(Flux.just(1), failing("close", error)))
                .verifyComplete();
        assertThat(dropped).containsExactly(error);
    }

    @Test
    void anExceptionOfDownstreamIsNotSentBackToIt() {
        AtomicReference<Throwable> sentBack = new AtomicReference<>();
        Transcoders.transcode(source.flux(), TestTranscoder.of(1, 1)).subscribe(new CoreSubscriber<Integer>() {
            @Override
            public void onSubscribe(Subscription s) {
                s.request(1);
            }

            @Override
            public void onNext(Integer value) {
                throw new IllegalStateException("downstream");
            }

            @Override
            public void onError(Throwable ex) {
                sentBack.set(ex);
            }

            @Override
            public void onComplete() {}
        });
        assertThatThrownBy(() -> source.next(1)).hasMessage("downstream");
        assertThat(sentBack).hasValue(null);
    }

    @Test
    void cancelReachesTheSourceAndClosesTheTranscoder() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 3);
        Recorder recorder = subscribe(probe);
        recorder.request(1);
        source.next(10);
        recorder.cancel();
        recorder.cancel();
        source.assertCancelled();
        assertThat(probe.closed()).isEqualTo(1);
        recorder.request(5);
        assertThat(recorder.signals).containsExactly(10);
        probe.verify();
    }

    @Test
    void cancelInsideOnNextStopsAtOnce() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 3);
        assertThat(Transcoders.transcode(Flux.just(10, 20), probe)
                        .take(2)
                        .collectList()
                        .block())
                .containsExactly(10, 11);
        probe.verify();
    }

    @Test
    void discardsTheInputThatWasNotConsumed() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 3);
        Recorder recorder = subscribe(probe);
        recorder.request(1);
        source.next(10); // consumed
        source.next(20); // in the slot
        assertThat(discarded).isEmpty();
        recorder.cancel();
        assertThat(discarded).containsExactly(20);
        source.next(30); // after cancel
        assertThat(discarded).containsExactly(20, 30);
        probe.verify();
    }

    @Test
    void anErrorDiscardsTheInputThatWasNotConsumed() {
        Recorder recorder = subscribe(TestTranscoder.probe(1, 3));
        recorder.request(1);
        source.next(10).next(20).error(new IllegalStateException("source"));
        assertThat(discarded).containsExactly(20);
        assertThat(recorder.signals).hasSize(2);
    }

    @Test
    void aSourceThatEmitsTooMuchFails() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 3);
        Recorder recorder = subscribe(probe);
        recorder.request(1);
        source.next(10).next(20).next(30);
        assertThat(recorder.signals).hasSize(2);
        assertThat(recorder.signals.get(1)).matches(ex -> Exceptions.isOverflow((Throwable) ex));
        assertThat(discarded).containsExactlyInAnyOrder(20, 30);
        source.assertCancelled();
        probe.verify();
    }

    @Test
    void signalsAfterTheEndAreDropped() {
        Hooks.onNextDropped(dropped::add);
        Hooks.onErrorDropped(dropped::add);
        Recorder recorder = subscribe(TestTranscoder.probe(1, 1));
        recorder.request(5);
        IllegalStateException late = new IllegalStateException("late");
        source.complete().next(1).error(late).complete();
        assertThat(recorder.signals).containsExactly("end");
        assertThat(dropped).containsExactly(1, late);
    }

    @Test
    void aSecondSubscriptionOfTheSourceIsCancelled() {
        AtomicReference<CoreSubscriber<? super Integer>> inner = new AtomicReference<>();
        Flux<Integer> flux = Transcoders.transcode(
                new Flux<>() {
                    @Override
                    public void subscribe(CoreSubscriber<? super Integer> actual) {
                        inner.set(actual);
                        actual.onSubscribe(Operators.emptySubscription());
                    }
                },
                TestTranscoder.of(1, 1));
        flux.subscribe(new Recorder());
        AtomicInteger cancels = new AtomicInteger();
        inner.get().onSubscribe(new Subscription() {
            @Override
            public void request(long n) {}

            @Override
            public void cancel() {
                cancels.incrementAndGet();
            }
        });
        assertThat(cancels).hasValue(1);
    }

    @Test
    void aRequestOfNothingIsAnError() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(1, 1);
        AtomicReference<Throwable> error = new AtomicReference<>();
        Transcoders.transcode(source.flux(), probe).subscribe(new CoreSubscriber<Integer>() {
            @Override
            public void onSubscribe(Subscription s) {
                s.request(0);
            }

            @Override
            public void onNext(Integer value) {}

            @Override
            public void onError(Throwable ex) {
                error.set(ex);
            }

            @Override
            public void onComplete() {}
        });
        assertThat(error.get()).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("3.9");
        source.assertCancelled();
        probe.verify();
    }

    @Test
    void eachSubscriptionHasItsOwnTranscoder() {
        TranscoderProbe<Integer, Integer> probe = TestTranscoder.probe(2, 1);
        AtomicInteger attempts = new AtomicInteger();
        Flux<Integer> failsOnce = Flux.defer(() -> attempts.incrementAndGet() == 1
                ? Flux.just(1).concatWith(Flux.error(new IllegalStateException("once")))
                : Flux.just(1, 2, 3, 4));
        assertThat(Transcoders.transcode(failsOnce, probe)
                        .retry(1)
                        .collectList()
                        .block())
                .containsExactly(2, 4);
        assertThat(probe.opened()).isEqualTo(2);
        probe.verify();
    }

    @Test
    void passesTheContextOn() {
        Flux<Integer> flux = Transcoders.transcode(
                Flux.deferContextual(context -> Flux.just(context.<Integer>get("key"))), TestTranscoder.of(1, 1));
        assertThat(flux.contextWrite(Context.of("key", 42)).blockFirst()).isEqualTo(42);
    }

    @Test
    void tellsItsState() {
        Flux<Integer> flux = Transcoders.transcode(source.flux(), TestTranscoder.of(1, 3));
        Scannable operator = Scannable.from(flux);
        assertThat(operator.stepName()).isEqualTo("transcode");
        assertThat(operator.scan(Attr.RUN_STYLE)).isEqualTo(Attr.RunStyle.SYNC);
        assertThat(operator.scan(Attr.PREFETCH)).isEqualTo(1);
        assertThat(flux).isNotInstanceOf(Fuseable.class);

        Recorder recorder = new Recorder();
        AtomicReference<Scannable> reference = new AtomicReference<>();
        flux.doOnSubscribe(s -> reference.set(Scannable.from(s))).subscribe(recorder);
        Scannable inner = reference.get();
        assertThat(inner.scan(Attr.PARENT)).isNotNull();
        assertThat(inner.scan(Attr.ACTUAL)).isNotNull();
        assertThat(inner.scan(Attr.PREFETCH)).isEqualTo(1);
        assertThat(inner.scan(Attr.RUN_STYLE)).isEqualTo(Attr.RunStyle.SYNC);
        assertThat(inner.scan(Attr.REQUESTED_FROM_DOWNSTREAM)).isZero();
        recorder.request(1);
        source.next(10).next(20);
        recorder.request(0); // ignored by the test's subscriber
        assertThat(inner.scan(Attr.BUFFERED)).isEqualTo(1);
        assertThat(inner.scan(Attr.TERMINATED)).isFalse();
        assertThat(inner.scan(Attr.CANCELLED)).isFalse();
        IllegalStateException error = new IllegalStateException("source");
        source.error(error);
        assertThat(inner.scan(Attr.ERROR)).isSameAs(error);
        assertThat(inner.scan(Attr.TERMINATED)).isTrue();
        assertThat(inner.scan(Attr.BUFFERED)).isZero();
        recorder.cancel();
        assertThat(inner.scan(Attr.DELAY_ERROR)).isFalse();
    }

    @Test
    void showsInTheDebugTrace() {
        Hooks.onOperatorDebug();
        Flux<Integer> flux = Transcoders.transcode(Flux.just(1), failing("feed", new Exception("x")));
        StepVerifier.create(flux)
                .expectErrorSatisfies(ex -> assertThat(ex.getSuppressed()[0]).hasMessageContaining("FluxTranscode"))
                .verify();
    }
}
