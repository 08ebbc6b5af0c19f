/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** More than the limits allow: refused with a code, and nothing else is harmed. */
class ExchangeOverloadTest {

    private static Flux<ByteBuffer> just(String text) {
        return Flux.just(Bytes.utf8(text));
    }

    private static Mono<String> ask(Stage remote, String text) {
        return Bytes.joinText(remote.apply(just(text)));
    }

    private static void refused(Stage remote, int code, String text) {
        StepVerifier.create(remote.apply(just("x")))
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(ZmqRemoteException.class)
                        .hasMessageContaining(text)
                        .extracting("code")
                        .isEqualTo(code))
                .verify(Rig.SOON);
    }

    /** Echoes, but for requests that do not end, which it leaves alone. */
    private static Flux<ByteBuffer> echoWhole(Flux<ByteBuffer> bytes) {
        return Bytes.join(bytes).map(ByteBuffer::wrap).flux();
    }

    private static List<Disposable> openCalls(Stage remote, int count) {
        List<Disposable> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(remote.apply(Flux.concat(just("a"), Flux.never())).subscribe(b -> {}, ex -> {}));
        }
        return calls;
    }

    @Test
    void callsBeyondTheMostOfOneClientAreRefused() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(ExchangeOverloadTest::echoWhole, s -> s.limits(l -> l.maxStreamsPerPeer(3)));
            ServerBinding binding = (ServerBinding) server;
            ClientExchange exchange = rig.client();
            ClientExchange other = rig.client();
            List<Disposable> calls = openCalls(exchange, 3);
            rig.await("three are open", () -> binding.streamCount() == 3);
            refused(exchange, ZmqRemoteException.TOO_MANY_STREAMS, "more than 3 streams of one client");
            assertThat(ask(other, "y").block(Rig.SOON)).isEqualTo("y");
            calls.get(1).dispose();
            rig.await("two are open", () -> binding.streamCount() == 2);
            assertThat(ask(exchange, "z").block(Rig.SOON)).isEqualTo("z");
        }
    }

    @Test
    void callsBeyondTheMostInAllAreRefused() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(ExchangeOverloadTest::echoWhole, s -> s.limits(l -> l.maxStreams(4)));
            ClientExchange exchange = rig.client();
            ClientExchange other = rig.client();
            List<Disposable> calls = openCalls(exchange, 4);
            rig.await("four are open", () -> ((ServerBinding) server).streamCount() == 4);
            refused(other, ZmqRemoteException.OVERLOADED, "more than 4 streams");
            refused(exchange, ZmqRemoteException.OVERLOADED, "more than 4 streams");
            calls.forEach(Disposable::dispose);
            rig.awaitNoStreams(exchange, server);
            assertThat(ask(other, "z").block(Rig.SOON)).isEqualTo("z");
        }
    }

    @Test
    void clientsBeyondTheMostHearWhyAndGetInWhenThereIsRoom() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(Stage.identity(), s -> s.limits(l -> l.maxPeers(1)));
            ClientExchange first = rig.client();
            assertThat(ask(first, "x").block(Rig.SOON)).isEqualTo("x");
            ClientExchange second = rig.client(c ->
                    c.requestTimeout(Duration.ofMillis(400)).limits(l -> l.handshakeTimeout(Duration.ofMillis(150))));
            StepVerifier.create(ask(second, "x"))
                    .expectErrorSatisfies(ex ->
                            assertThat(ex).isInstanceOf(TimeoutException.class).hasMessageContaining("nobody answers"))
                    .verify(Rig.SOON);
            assertThat(ask(first, "x").block(Rig.SOON)).isEqualTo("x");
            first.dispose();
            first.onDispose().block(Rig.SOON);
            assertThat(ask(second, "y").retry(20).block(Rig.SOON)).isEqualTo("y");
        }
    }

    @Test
    void theRefusalOfAClientSaysWhy() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(Stage.identity(), s -> s.limits(l -> l.maxPeers(1)));
            assertThat(ask(rig.client(), "x").block(Rig.SOON)).isEqualTo("x");
            RawPeer raw = new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
            rig.track(raw.connection());
            raw.incarnation = 7;
            raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
            RawPeer.Received abort = raw.next(6, 0);
            assertThat(abort.argument()).isEqualTo(ZmqRemoteException.OVERLOADED);
            assertThat(abort.text()).isEqualTo("more than 1 peers");
        }
    }

    @Test
    void theRefusalsOfThoseWhoHaveGoneDoNotCount() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(Stage.identity(), s -> s.limits(l -> l.maxPeers(1)));
            assertThat(ask(rig.client(), "x").block(Rig.SOON)).isEqualTo("x");
            ZmqMessage hello = ZmqMessage.of(RawPeer.frame(1, 0, 7, 0, 1 << 20, new byte[] {0, 1, 0, 0}));
            for (int i = 0; i < 66; i++) {
                RawPeer raw =
                        new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
                raw.connection().send(Flux.range(0, 1100).map(n -> hello)).block(Rig.SOON);
                for (int n = 0; n < 1024; n++) {
                    assertThat(raw.next().argument()).isEqualTo(ZmqRemoteException.OVERLOADED);
                }
                raw.connection().dispose();
                raw.connection().onDispose().block(Rig.SOON);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aRequestThatIsTooLongIsRefusedAndNotReadFurther(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Sinks.One<Throwable> seen = Sinks.one();
            ZmqBinding server = rig.serve(
                    bytes -> bytes.doOnError(seen::tryEmitValue), s -> s.limits(l -> l.maxMessageBytes(100_000)));
            ClientExchange exchange = rig.client();
            byte[] most = Bytes.random(100_000, 1);
            assertThat(Bytes.join(exchange.apply(Flux.just(ByteBuffer.wrap(most))))
                            .block(Rig.SOON))
                    .isEqualTo(most);
            CountDownLatch cancelled = new CountDownLatch(1);
            StepVerifier.create(exchange.apply(Bytes.endless(10_000).doOnCancel(cancelled::countDown)))
                    .thenConsumeWhile(buffer -> true)
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessageContaining("maxMessageBytes is 100000")
                            .extracting("code")
                            .isEqualTo(ZmqRemoteException.TOO_LARGE))
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            assertThat(seen.asMono().block(Rig.SOON)).isInstanceOf(LimitExceededException.class);
            rig.awaitNoStreams(exchange, server);
            StepVerifier.create(exchange.apply(Flux.just(ByteBuffer.allocate(100_001))))
                    .thenConsumeWhile(buffer -> true)
                    .expectError(ZmqRemoteException.class)
                    .verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aReplyThatIsTooLongFailsTheCallAndIsCancelled() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> Bytes.endless(1000).doOnCancel(cancelled::countDown));
            ClientExchange exchange = rig.client(c -> c.limits(l -> l.maxMessageBytes(1_000_000)));
            StepVerifier.create(exchange.apply(just("x")))
                    .thenConsumeWhile(buffer -> true)
                    .expectError(LimitExceededException.class)
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void callsThatWaitForAServerAreBounded() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ClientExchange exchange = rig.client(c -> c.limits(l -> l.maxWaiting(3)));
            Flux<String> waiting = Flux.range(0, 3).flatMap(i -> ask(exchange, "x"));
            StepVerifier.create(waiting)
                    .expectSubscription()
                    .then(() -> StepVerifier.create(ask(exchange, "y"))
                            .expectErrorSatisfies(ex -> assertThat(ex)
                                    .isInstanceOf(LimitExceededException.class)
                                    .hasMessageContaining("3 calls wait")
                                    .extracting("limit")
                                    .isEqualTo("maxWaiting"))
                            .verify(Rig.SOON))
                    .then(
                            () -> { // one that was given up makes room for another one
                                for (int i = 0; i < 10; i++) {
                                    StepVerifier.create(ask(exchange, "y"))
                                            .expectError(LimitExceededException.class)
                                            .verify(Rig.SOON);
                                }
                            })
                    .then(() -> rig.serve(Stage.identity()))
                    .expectNext("x", "x", "x")
                    .expectComplete()
                    .verify(Rig.SOON);
            ClientExchange patient =
                    rig.client(c -> c.connect("tcp://127.0.0.1:9").limits(l -> l.maxWaiting(1)));
            for (int i = 0; i < 10; i++) {
                patient.apply(just("x")).subscribe().dispose();
            }
            StepVerifier.create(ask(patient, "x"))
                    .expectSubscription()
                    .expectNoEvent(Duration.ofMillis(50))
                    .thenCancel()
                    .verify(Rig.SOON);
        }
    }

    /** Counts what its call gets, and asks for nothing until it is told to. */
    private static final class Reader extends BaseSubscriber<ByteBuffer> {

        final AtomicLong bytes = new AtomicLong();
        final AtomicInteger ends = new AtomicInteger();
        final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

        @Override
        protected void hookOnSubscribe(Subscription s) {}

        @Override
        protected void hookOnNext(ByteBuffer buffer) {
            bytes.addAndGet(buffer.remaining());
        }

        @Override
        protected void hookOnComplete() {
            ends.incrementAndGet();
        }

        @Override
        protected void hookOnError(Throwable failure) {
            failures.add(failure);
        }
    }

    /** 300 readers, two thirds of whom stop: the rest goes on, the budget is kept, and each ends when it reads. */
    @ParameterizedTest
    @EnumSource(Wiring.class)
    void theBudgetBoundsTheSumOfAllWindows(Wiring wiring) {
        long budget = 4 << 20;
        ZmqResources small = ZmqResources.create(o -> o.windowBudget(budget));
        try (Rig rig = new Rig(wiring)) {
            ZmqServer server = ZmqServer.create()
                    .bind(wiring.isTcp() ? "tcp://127.0.0.1:*" : "inproc://budget")
                    .runOn(wiring.isTcp() ? rig.resources : small);
            AtomicLong sent = new AtomicLong();
            ZmqBinding binding = rig.track(server.serveNow(bytes ->
                    bytes.thenMany(Bytes.endless(10_000).take(100).doOnNext(b -> sent.addAndGet(b.remaining())))));
            ClientExchange exchange = rig.track((ClientExchange)
                    ZmqClient.create().connect(binding.endpoint()).runOn(small).openNow());
            List<Reader> readers = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                Reader reader = new Reader();
                readers.add(reader);
                exchange.apply(just("x")).subscribe(reader);
                if (i % 3 == 0) {
                    reader.request(Long.MAX_VALUE);
                } else if (i % 3 == 1) {
                    reader.request(5);
                }
            }
            rig.await("those who read are done", () -> {
                assertThat(small.windows().used()).isBetween(0L, budget);
                for (int i = 0; i < 300; i += 3) {
                    if (readers.get(i).ends.get() == 0) {
                        return false;
                    }
                }
                return true;
            });
            assertThat(sent.get()).isLessThan(100 * 1_000_000 + 2 * budget + 200 * 100_000);
            readers.forEach(reader -> reader.request(Long.MAX_VALUE));
            rig.await("all are done", () -> {
                assertThat(readers).allSatisfy(r -> assertThat(r.failures).isEmpty());
                return readers.stream().allMatch(r -> r.ends.get() == 1);
            });
            assertThat(readers).allSatisfy(r -> assertThat(r.bytes).hasValue(1_000_000));
            rig.awaitNoStreams(exchange, binding);
            rig.await("all is given back", () -> small.windows().used() == 0);
        } finally {
            small.dispose();
            small.onDispose().block(Rig.SOON);
        }
    }

    /** Windows that have grown leave room for calls that begin. */
    @Test
    void readersOfLongMessagesDoNotKeepOthersFromBeginning() {
        ZmqResources small = ZmqResources.create(o -> o.windowBudget(8 << 20));
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(bytes -> Bytes.join(bytes)
                    .flatMapMany(
                            b -> b.length == 1 ? Bytes.endless(10_000).take(1000) : Flux.just(ByteBuffer.wrap(b))));
            ClientExchange exchange = rig.client(c -> c.runOn(small));
            List<Reader> greedy = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Reader reader = new Reader();
                greedy.add(reader);
                exchange.apply(just("x")).subscribe(reader);
                reader.request(300);
            }
            rig.await("windows have grown", () -> greedy.stream().allMatch(r -> r.bytes.get() >= 3_000_000));
            int others = 512;
            assertThat(Flux.range(0, others)
                            .flatMap(i -> ask(exchange, "call " + i), others)
                            .distinct()
                            .count()
                            .block(Rig.SOON))
                    .isEqualTo(others);
            greedy.forEach(reader -> reader.request(Long.MAX_VALUE));
            rig.await("all are done", () -> greedy.stream().allMatch(r -> r.ends.get() == 1));
            rig.awaitNoStreams(exchange, server);
            rig.await("all is given back", () -> small.windows().used() == 0);
        } finally {
            small.dispose();
            small.onDispose().block(Rig.SOON);
        }
    }

    @Test
    void callsWithoutRoomForTheirFirstBytesAreRefusedOnEitherSide() {
        ZmqResources small = ZmqResources.create(o -> o.windowBudget(1 << 16)); // 16 streams
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(ExchangeOverloadTest::echoWhole, s -> s.runOn(small));
            ClientExchange exchange = rig.client();
            List<Disposable> calls = openCalls(exchange, 16);
            rig.await("all are open", () -> ((ServerBinding) server).streamCount() == 16);
            StepVerifier.create(exchange.apply(Flux.concat(just("x"), Flux.never())))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .extracting("code")
                            .isEqualTo(ZmqRemoteException.OVERLOADED))
                    .verify(Rig.SOON);
            ClientExchange poor = rig.client(c -> c.runOn(small));
            StepVerifier.create(ask(poor, "x"))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(LimitExceededException.class)
                            .extracting("limit")
                            .isEqualTo("windowBudget"))
                    .verify(Rig.SOON);
            calls.forEach(Disposable::dispose);
            rig.awaitNoStreams(exchange, server);
            assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("x");
            assertThat(ask(poor, "x").block(Rig.SOON)).isEqualTo("x");
            rig.await("all is given back", () -> small.windows().used() == 0);
        } finally {
            small.dispose();
            small.onDispose().block(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void theBudgetIsGivenBackHoweverACallEnds(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            AtomicInteger calls = new AtomicInteger();
            ZmqBinding server = rig.serve(
                    bytes -> switch (calls.getAndIncrement() % 6) {
                        case 0 -> Flux.error(new IllegalStateException("refused"));
                        case 1 -> Flux.never();
                        case 2 -> bytes.take(1);
                        case 3 -> bytes.take(3).concatWith(Mono.error(new IllegalStateException("refused")));
                        case 4 -> Flux.just(Bytes.utf8("ignored it"));
                        default -> bytes;
                    },
                    s -> s.limits(l -> l.maxMessageBytes(500_000)));
            ClientExchange exchange =
                    rig.client(c -> c.requestTimeout(Duration.ofMillis(300)).idleTimeout(Duration.ofMillis(300)));
            List<Flux<ByteBuffer>> messages = List.of(
                    just("x"),
                    Flux.<ByteBuffer>empty(),
                    Bytes.endless(3000).take(300),
                    Bytes.endless(5000),
                    Flux.<ByteBuffer>error(new IllegalStateException("no file")),
                    Flux.concat(just("x"), Mono.error(new IllegalStateException("no file"))),
                    Flux.concat(just("x").hide(), Flux.never()));
            Flux.range(0, 84)
                    .flatMap(
                            i -> exchange.apply(messages.get(i % 7))
                                    .take(i % 2 == 0 ? 2 : Long.MAX_VALUE)
                                    .onErrorComplete(),
                            8)
                    .blockLast(Duration.ofSeconds(30));
            rig.awaitNoStreams(exchange, server);
            rig.await("all is given back", () -> rig.resources.windows().used() == 0);
        }
    }
}
