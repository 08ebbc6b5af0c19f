/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.PublisherProbe;
import reactor.util.retry.Retry;

class ZmqTestExchangeTest {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ZmqTestExchange remote = ZmqTestExchange.create().serve(Stage.identity());

    private static Flux<ByteBuffer> buffers(int count, int size) {
        return Flux.range(0, count).map(i -> ByteBuffer.allocate(size));
    }

    private static Mono<Long> length(Flux<ByteBuffer> message) {
        return message.reduce(0L, (sum, buffer) -> sum + buffer.remaining());
    }

    @Test
    void isAStageOfAPipeline() {
        Function<Object, Mono<Object>> call = Cbor.serializer().then(remote).into(Cbor.deserializer());
        assertThat(call.apply(List.of(1, "a")).block()).isEqualTo(List.of(1, "a"));
        assertThat(remote.running()).isZero();
    }

    @Test
    void aPipelineRetriesWhatWasCut() {
        Function<Object, Mono<Object>> call = Cbor.serializer()
                .then(remote)
                .into(Cbor.deserializer())
                .andThen(answer -> answer.retryWhen(
                        Retry.backoff(3, SECOND).filter(ex -> ex instanceof ZmqDisconnectedException)));
        remote.next(ZmqFault.cut(2));
        remote.next(ZmqFault.cut(0));

        StepVerifier.withVirtualTime(() -> call.apply("hello"))
                .expectSubscription()
                .thenAwait(Duration.ofSeconds(10))
                .expectNext("hello")
                .verifyComplete();
    }

    @Test
    void aDelayedReplyComesLaterOrTooLate() {
        remote.next(ZmqFault.delay(Duration.ofSeconds(29)));
        remote.next(ZmqFault.delay(Duration.ofSeconds(31)));
        StepVerifier.withVirtualTime(() -> length(remote.apply(buffers(2, 10))))
                .expectSubscription()
                .expectNoEvent(Duration.ofSeconds(29))
                .expectNext(20L)
                .verifyComplete();
        StepVerifier.withVirtualTime(() -> remote.apply(buffers(2, 10)))
                .expectSubscription()
                .expectNoEvent(Duration.ofSeconds(30))
                .verifyError(TimeoutException.class);
    }

    @Test
    void aSilentServerIsATimeoutAndItsHandlerIsNotCalled() {
        AtomicInteger calls = new AtomicInteger();
        ZmqTestExchange counted = ZmqTestExchange.create()
                .serve(bytes -> {
                    calls.incrementAndGet();
                    return bytes;
                })
                .timeouts(SECOND, SECOND);
        counted.next(ZmqFault.silence());
        StepVerifier.withVirtualTime(() -> counted.apply(buffers(1, 1)))
                .thenAwait(SECOND)
                .verifyError(TimeoutException.class);
        assertThat(calls).hasValue(0);
        assertThat(counted.running()).isZero();
    }

    @Test
    void aSlowReplyThatStopsIsATimeout() {
        remote.next(ZmqFault.slow(Duration.ofSeconds(59)));
        StepVerifier.withVirtualTime(() ->
                        remote.timeouts(Duration.ofMinutes(2), SECOND).apply(Flux.concat(buffers(1, 1), Flux.never())))
                .expectNextCount(1)
                .thenAwait(SECOND)
                .verifyError(TimeoutException.class);
        ZmqTestExchange patient = remote.timeouts(Duration.ofMinutes(2), Duration.ofMinutes(1));
        patient.next(ZmqFault.slow(Duration.ofSeconds(59)));
        StepVerifier.withVirtualTime(() -> patient.apply(buffers(2, 1)))
                .thenAwait(Duration.ofSeconds(118))
                .expectNextCount(2)
                .verifyComplete();
    }

    @Test
    void aSlowReaderStopsTheSource() {
        AtomicLong asked = new AtomicLong();
        Flux<ByteBuffer> source = buffers(100, 1).doOnRequest(asked::addAndGet);
        AtomicInteger emitted = new AtomicInteger();
        remote.next(ZmqFault.slowReader(SECOND));
        StepVerifier.withVirtualTime(() -> remote.apply(source.doOnNext(b -> emitted.incrementAndGet())))
                .thenAwait(Duration.ofSeconds(5))
                .expectNextCount(5)
                .then(() -> assertThat(emitted.get()).isBetween(5, 6))
                .then(() -> assertThat(asked.get()).isBetween(5L, 6L))
                .thenCancel()
                .verify();
        assertThat(remote.running()).isZero();
    }

    @Test
    void anAbortCutsTheReplyAtTheByte() {
        remote.next(ZmqFault.abort(25, 99, "no more"));
        AtomicLong bytes = new AtomicLong();
        StepVerifier.create(remote.apply(buffers(10, 10)).doOnNext(b -> bytes.addAndGet(b.remaining())))
                .expectNextCount(3)
                .verifyErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(ZmqRemoteException.class)
                        .hasMessage("no more")
                        .extracting(e -> ((ZmqRemoteException) e).code())
                        .isEqualTo(99));
        assertThat(bytes).hasValue(25);
        remote.next(ZmqFault.abort(100, 99, "a reply that is not longer is not aborted"));
        StepVerifier.create(length(remote.apply(buffers(10, 10))))
                .expectNext(100L)
                .verifyComplete();
    }

    @Test
    void aLostServerFailsAllCallsAndNewOnesWait() {
        PublisherProbe<ByteBuffer> endless = PublisherProbe.of(Flux.concat(buffers(3, 10), Flux.never()));
        StepVerifier.create(remote.apply(endless.flux()))
                .expectNextCount(3)
                .then(() -> assertThat(remote.running()).isOne())
                .then(remote::lose)
                .verifyErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(ZmqDisconnectedException.class)
                        .extracting(e -> ((ZmqDisconnectedException) e).acknowledgedBytes())
                        .isEqualTo(30L));
        endless.assertWasCancelled();
        StepVerifier.create(length(remote.apply(buffers(1, 7))))
                .expectSubscription()
                .then(remote::recover)
                .expectNext(7L)
                .verifyComplete();
    }

    @Test
    void aFailingHandlerIsARemoteErrorAndAFailingSourceItsOwn() {
        IllegalStateException own = new IllegalStateException("mine");
        AtomicReference<Throwable> seen = new AtomicReference<>();
        ZmqTestExchange server = ZmqTestExchange.create()
                .serve(bytes -> bytes.doOnError(seen::set))
                .serve("fails", bytes -> Flux.error(new IllegalArgumentException("bad input")))
                .serve("throws", bytes -> {
                    throw new IllegalArgumentException("bad input");
                });
        StepVerifier.create(server.apply(Flux.concat(buffers(1, 1), Flux.error(own))))
                .expectNextCount(1)
                .verifyErrorSatisfies(ex -> assertThat(ex).isSameAs(own));
        assertThat(seen.get()).isInstanceOf(ZmqRemoteException.class).hasMessage("mine");
        for (String route : List.of("fails", "throws")) {
            StepVerifier.create(server.route(route).apply(buffers(1, 1)))
                    .verifyErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessage("bad input"));
        }
    }

    @Test
    void routesMetadataAndDeadlinesReachTheHandler() {
        ZmqTestExchange server = ZmqTestExchange.create()
                .serve(
                        "who",
                        bytes -> Flux.deferContextual(context -> {
                            ZmqCall call = ZmqCall.from(context);
                            return Chunks.of((call.route() + call.metadata()).getBytes(StandardCharsets.UTF_8));
                        }))
                .serve("never", bytes -> Flux.never());
        assertThat(Bytes.joinText(server.route("who", o -> o.metadata("a", "b")).apply(Flux.empty()))
                        .block())
                .isEqualTo("who{a=b}");
        StepVerifier.withVirtualTime(
                        () -> server.route("never", o -> o.deadline(SECOND)).apply(Flux.empty()))
                .thenAwait(SECOND)
                .verifyError(TimeoutException.class);
        StepVerifier.create(server.apply(Flux.empty()))
                .verifyErrorSatisfies(
                        ex -> assertThat(((ZmqRemoteException) ex).code()).isEqualTo(ZmqRemoteException.UNKNOWN_ROUTE));
    }

    @Test
    void aReplyThatEndsFirstEndsTheRequest() {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        PublisherProbe<ByteBuffer> source = PublisherProbe.of(Flux.never());
        ZmqTestExchange server = ZmqTestExchange.create().serve(bytes -> {
            bytes.subscribe(buffer -> {}, seen::set);
            return Flux.empty();
        });
        StepVerifier.create(server.apply(source.flux())).verifyComplete();
        source.assertWasCancelled();
        assertThat(seen.get()).isInstanceOf(ZmqRemoteException.class).hasMessage("the reply has ended");
    }

    @Test
    void tellCompletesWithTheHandlerAndACancelReachesIt() {
        StepVerifier.create(remote.tell(buffers(3, 3))).verifyComplete();
        PublisherProbe<ByteBuffer> handler = PublisherProbe.of(Flux.never());
        ZmqTestExchange server = ZmqTestExchange.create().serve(bytes -> handler.flux());
        Disposable call = server.tell(buffers(3, 3)).subscribe();
        handler.assertWasSubscribed();
        call.dispose();
        handler.assertWasCancelled();
        assertThat(server.running()).isZero();
    }

    @Test
    void shutsDownWhenItsCallsAreOverOrTheTimeIs() {
        Mono<Void> running = remote.tell(Flux.<ByteBuffer>never().delaySubscription(SECOND));
        StepVerifier.withVirtualTime(() -> Mono.when(
                        running.onErrorResume(ZmqException.class, ex -> Mono.empty()),
                        remote.shutdownGracefully(SECOND)))
                .thenAwait(SECOND)
                .verifyComplete();
        assertThat(remote.isDisposed()).isTrue();
        StepVerifier.create(remote.onDispose()).verifyComplete();
        StepVerifier.create(remote.apply(Flux.empty())).verifyError(ZmqException.class);
        ZmqTestExchange unused = ZmqTestExchange.create();
        StepVerifier.create(unused.shutdownGracefully(Duration.ofDays(1))).verifyComplete();
        assertThat(unused.isDisposed()).isTrue();
    }
}
