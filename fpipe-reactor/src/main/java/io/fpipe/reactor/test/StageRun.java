/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/** Replays one sample in one way and checks everything that can be seen of it. */
final class StageRun<I, O> {

    private final Subject<I, O> subject;
    private final Settings settings;
    private final Sample<I, O> sample;
    private final Scenario scenario;
    private final Executor executor;
    private final long nanos;

    private final AtomicReference<@Nullable AssertionError> problem = new AtomicReference<>();
    private final IllegalStateException sourceError = new IllegalStateException("the error of the source");
    private final SinkProbe sink;
    private final SourceProbe source;

    StageRun(Subject<I, O> subject, Settings settings, Sample<I, O> sample, Scenario scenario, Executor thread) {
        this.subject = subject;
        this.settings = settings;
        this.sample = sample;
        this.scenario = scenario;
        this.executor = scenario.async() ? thread : Runnable::run;
        this.nanos = settings.timeout().toNanos();
        if (subject.probe() != null) {
            subject.probe().forget(); // what a failed run left behind
        }
        Consumer<String> problems = text -> problem.compareAndSet(null, new AssertionError(text));
        this.sink = new SinkProbe(scenario.demand() == Scenario.Demand.INSIDE, scenario.cancelAfter(), problems);
        byte[] bytes = subject.bytes(sample.input());
        this.source = new SourceProbe(
                scenario.buffers().cut(bytes, scenario.cut()),
                scenario.fails() ? sourceError : null,
                executor,
                settings.prefetch(),
                sink::outstanding,
                problems);
    }

    /**
     * Runs it.
     *
     * @return the number of elements that were received
     * @throws AssertionError if something is wrong
     */
    int run() {
        subscribe();
        switch (scenario.demand()) {
            case UNBOUNDED -> ask(Long.MAX_VALUE);
            case INSIDE -> ask(1);
            case ONE -> askInTurns(1);
            case SEVERAL -> askInTurns(3);
        }
        await(sink.await(sink::isOver, nanos));
        checkEnd();
        return sink.received().size();
    }

    /** Asks for exactly as many elements as there are: the end must come with the last. */
    int runWithoutFurtherDemand(int elements) {
        subscribe();
        for (int i = 0; i < elements && !sink.isOver(); i++) {
            askAndAwait(1);
        }
        if (!sink.await(sink::isOver, nanos)) {
            throw new AssertionError("the end did not come with element " + (elements - 1) + ", the last");
        }
        checkEnd();
        return elements;
    }

    /** Subscribes twice to what the subject returned once: state must belong to the subscription. */
    int runTwice() {
        List<ByteBuffer> buffers = scenario.buffers().cut(subject.bytes(sample.input()), scenario.cut());
        Flux<?> assembled = Flux.from(subject.open(sample.input(), Flux.fromIterable(buffers)));
        for (int i = 1; i <= 2; i++) {
            List<?> received = assembled.collectList().block(settings.timeout());
            if (received == null || !sample.accepts(subject.result(received), settings)) {
                throw new AssertionError("subscription " + i + " to the same publisher gives something else: "
                        + Sample.text(received == null ? null : subject.result(received)));
            }
        }
        verifyProbe();
        return 0;
    }

    private void subscribe() {
        Publisher<?> publisher = subject.open(sample.input(), Flux.from(source));
        publisher.subscribe(sink);
        if (!sink.await(sink::isSubscribed, nanos)) {
            throw new AssertionError("onSubscribe was not called within " + settings.timeout());
        }
    }

    private void ask(long n) {
        if (!sink.isOver()) {
            sink.request(n);
        }
    }

    private void askInTurns(int n) {
        while (!sink.isOver()) { // bounded: each turn gives elements, and the sink cancels when there are too many
            askAndAwait(n);
        }
    }

    private void askAndAwait(int n) {
        sink.request(n);
        await(sink.await(() -> sink.isOver() || sink.outstanding() == 0, nanos));
    }

    private void await(boolean inTime) {
        if (!inTime) {
            throwProblem();
            throw new AssertionError("nothing happened for " + settings.timeout() + ": " + sink + "; " + source);
        }
    }

    private void checkEnd() {
        settle();
        if (sink.isTerminated()) { // neither may have an effect any more
            sink.request(1);
            sink.cancel();
            settle();
        }
        if (source.isOpen() && !sink.await(() -> !source.isOpen(), nanos)) {
            throw new AssertionError("the source was not cancelled: " + sink + "; " + source);
        }
        source.checkBuffers();
        sink.checkBuffers(source.buffers());
        throwProblem();
        verifyProbe();
        if (!sink.isCancelled()) {
            checkOutcome();
        }
    }

    private void checkOutcome() {
        Throwable error = sink.error();
        if (scenario.fails()) {
            if (error != sourceError) {
                throw new AssertionError(
                        "the error of the source was not passed on: " + sink, error); // the cause helps most here
            }
        } else {
            sample.check(subject.result(sink.received()), error, settings);
        }
    }

    /** Lets the source's thread finish what it does. */
    private void settle() {
        if (!scenario.async()) {
            return;
        }
        CountDownLatch done = new CountDownLatch(1);
        executor.execute(() -> executor.execute(done::countDown)); // twice: the end is a task of its own
        try {
            if (!done.await(nanos, TimeUnit.NANOSECONDS)) {
                throw new AssertionError("the source's thread is blocked for " + Duration.ofNanos(nanos));
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", ex);
        }
    }

    private void throwProblem() {
        AssertionError first = problem.get();
        if (first != null) { // its trace shows who did it
            throw first;
        }
    }

    private void verifyProbe() {
        TranscoderProbe<?, ?> probe = subject.probe();
        if (probe != null) {
            probe.verify();
        }
    }
}
