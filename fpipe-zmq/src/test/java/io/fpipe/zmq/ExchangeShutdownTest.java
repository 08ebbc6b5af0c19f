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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.util.retry.Retry;

/** Shutting down in peace, and clients of several servers. */
class ExchangeShutdownTest {

    private static Flux<ByteBuffer> just(String text) {
        return Flux.just(Bytes.utf8(text));
    }

    private static Mono<String> ask(Stage remote, String text) {
        return Bytes.joinText(remote.apply(just(text)));
    }

    private static void hasCode(Throwable ex, int code) {
        assertThat(ex).isInstanceOf(ZmqRemoteException.class).extracting("code").isEqualTo(code);
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aServerLetsItsCallsEndAndTakesNoMore(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Sinks.Many<ByteBuffer> reply = Sinks.many().unicast().onBackpressureBuffer();
            CountDownLatch begun = new CountDownLatch(1);
            ZmqBinding server = rig.serve(
                    bytes -> reply.asFlux().doOnSubscribe(s -> begun.countDown()),
                    s -> s.route("echo", Stage.identity()));
            ClientExchange exchange = rig.client();
            AtomicInteger closed = new AtomicInteger();
            StepVerifier.create(exchange.apply(just("x")).map(Bytes::text))
                    .expectSubscription()
                    .then(() -> Rig.await(begun))
                    .then(() -> server.shutdownGracefully(Duration.ofSeconds(30))
                            .subscribe(v -> {}, ex -> {}, closed::incrementAndGet))
                    .then(rig::settle)
                    .then(() -> reply.tryEmitNext(Bytes.utf8("still here")).orThrow())
                    .expectNext("still here")
                    .then(() -> StepVerifier.create(ask(exchange.route("echo"), "y"))
                            .expectSubscription()
                            .expectNoEvent(Duration.ofMillis(100)) // it waits for the next server
                            .thenCancel()
                            .verify(Rig.SOON))
                    .then(() -> assertThat(closed).hasValue(0))
                    .then(() -> reply.tryEmitComplete().orThrow())
                    .expectComplete()
                    .verify(Rig.SOON);
            server.onDispose().block(Rig.SOON);
            rig.await("it is told", () -> closed.get() == 1);
            assertThat(server.isDisposed()).isTrue();
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aServerAbortsWhatIsNotOverInTime() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            Sinks.One<Throwable> seen = Sinks.one();
            ZmqBinding server = rig.serve(bytes -> {
                bytes.subscribe(b -> {}, seen::tryEmitValue);
                return just("a").concatWith(Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown));
            });
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.concat(just("x"), Flux.never())))
                    .expectNextCount(1)
                    .then(() ->
                            server.shutdownGracefully(Duration.ofMillis(100)).subscribe())
                    .expectErrorSatisfies(ex -> hasCode(ex, ZmqRemoteException.SHUTTING_DOWN))
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            hasCode(seen.asMono().block(Rig.SOON), ZmqRemoteException.SHUTTING_DOWN);
            StepVerifier.create(server.onDispose()).expectComplete().verify(Rig.SOON);
        }
    }

    @Test
    void aServerWithoutCallsIsGoneAtOnceAndCallsMadeMeanwhileFindTheNext() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serveApart(Stage.identity());
            ClientExchange exchange = rig.client();
            assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("x");
            server.shutdownGracefully(Duration.ofDays(100_000)).block(Rig.SOON);
            rig.closeApart();
            Mono<String> call = ask(exchange, "y");
            StepVerifier.create(call)
                    .expectSubscription()
                    .then(() -> rig.serve(Stage.identity()))
                    .expectNext("y")
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aClientLetsItsCallsEndAndMakesNoMore(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Sinks.Many<ByteBuffer> reply = Sinks.many().unicast().onBackpressureBuffer();
            ZmqBinding server = rig.serve(bytes -> reply.asFlux());
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(just("x")).map(Bytes::text))
                    .expectSubscription()
                    .then(() -> reply.tryEmitNext(Bytes.utf8("a")).orThrow())
                    .expectNext("a")
                    .then(() ->
                            exchange.shutdownGracefully(Duration.ofSeconds(30)).subscribe())
                    .then(() -> StepVerifier.create(ask(exchange, "y"))
                            .expectErrorSatisfies(ex -> assertThat(ex)
                                    .isExactlyInstanceOf(ZmqException.class)
                                    .hasMessageContaining("shuts down"))
                            .verify(Rig.SOON))
                    .then(() -> reply.tryEmitNext(Bytes.utf8("b")).orThrow())
                    .expectNext("b")
                    .then(() -> reply.tryEmitComplete().orThrow())
                    .expectComplete()
                    .verify(Rig.SOON);
            exchange.onDispose().block(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aClientAbortsWhatIsNotOverInTime() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            Sinks.One<Throwable> seen = Sinks.one();
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> {
                bytes.subscribe(b -> begun.countDown(), seen::tryEmitValue);
                return Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
            });
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.concat(just("x"), Flux.never())))
                    .expectSubscription()
                    .then(() -> Rig.await(begun))
                    .then(() ->
                            exchange.shutdownGracefully(Duration.ofMillis(50)).subscribe())
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isExactlyInstanceOf(ZmqException.class)
                            .hasMessageContaining("shuts down"))
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            hasCode(seen.asMono().block(Rig.SOON), ZmqRemoteException.SHUTTING_DOWN);
            rig.awaitNoStreams(exchange, server);
            StepVerifier.create(exchange.onDispose()).expectComplete().verify(Rig.SOON);
        }
    }

    // ------------------------------------------------------------------------------------------- several servers

    private static ZmqBinding name(Rig rig, String name, Map<String, AtomicInteger> calls) {
        AtomicInteger count = calls.computeIfAbsent(name, n -> new AtomicInteger());
        return rig.serve(
                bytes -> bytes.thenMany(Flux.defer(() -> {
                    count.incrementAndGet();
                    return just(name);
                })),
                s -> s.bind("inproc://" + name).route("hold", bytes -> Flux.never()));
    }

    private static ClientExchange clientOf(Rig rig, String... names) {
        String[] more = new String[names.length - 1];
        for (int i = 1; i < names.length; i++) {
            more[i - 1] = "inproc://" + names[i];
        }
        return rig.client(c -> c.connect("inproc://" + names[0], more));
    }

    @Test
    void callsGoToTheServerWithTheFewest() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
            List<ZmqBinding> servers = List.of(name(rig, "a", calls), name(rig, "b", calls), name(rig, "c", calls));
            ClientExchange exchange = clientOf(rig, "a", "b", "c");
            rig.await("all are connected", () -> exchange.readyLines() == 3);
            for (int i = 0; i < 9; i++) {
                exchange.route("hold").apply(just("x")).subscribe(b -> {}, ex -> {});
            }
            for (ZmqBinding server : servers) {
                rig.await("it has its share", () -> ((ServerBinding) server).streamCount() == 3);
            }
        }
    }

    @Test
    void aServerThatIsLostGetsNoCallsUntilItIsBack() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
            ZmqBinding a = name(rig, "a", calls);
            ClientExchange exchange = clientOf(rig, "a", "b"); // nobody is at b yet
            assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("a");
            name(rig, "b", calls);
            rig.await("both are connected", () -> exchange.readyLines() == 2);
            a.dispose();
            rig.await("one is lost", () -> exchange.readyLines() == 1);
            for (int i = 0; i < 20; i++) {
                assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("b");
            }
            a.onDispose().block(Rig.SOON);
            name(rig, "a", calls);
            rig.await("both are connected", () -> exchange.readyLines() == 2);
            int before = calls.get("a").get();
            exchange.route("hold").apply(just("x")).subscribe(b -> {}, ex -> {});
            exchange.route("hold").apply(just("x")).subscribe(b -> {}, ex -> {});
            for (int i = 0; i < 20; i++) {
                ask(exchange, "x").block(Rig.SOON);
            }
            assertThat(calls.get("a").get()).isGreaterThan(before);
        }
    }

    @Test
    void aServerThatDrainsLeavesItsCallsToTheOthers() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
            ZmqBinding a = name(rig, "a", calls);
            name(rig, "b", calls);
            ClientExchange exchange = clientOf(rig, "a", "b");
            rig.await("both are connected", () -> exchange.readyLines() == 2);
            exchange.route("hold").apply(just("x")).subscribe(b -> {}, ex -> {});
            exchange.route("hold").apply(just("x")).subscribe(b -> {}, ex -> {});
            a.shutdownGracefully(Duration.ofSeconds(30)).subscribe();
            rig.await("one drains", () -> exchange.readyLines() == 1);
            List<String> replies = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                replies.add(ask(exchange, "x").block(Rig.SOON));
            }
            assertThat(replies).containsOnly("b");
        }
    }

    @Test
    void whatWasLostMayBeRepeatedByAnOperator() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
            ZmqBinding a = name(rig, "a", calls);
            ClientExchange exchange = clientOf(rig, "a", "b");
            assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("a");
            name(rig, "b", calls);
            rig.await("both are connected", () -> exchange.readyLines() == 2);
            CountDownLatch lost = new CountDownLatch(1);
            Mono<String> call = Flux.range(0, 2) // one of them at each server
                    .flatMap(i -> Bytes.joinText(exchange.apply(Flux.concat(
                                    just("x"),
                                    Mono.delay(Duration.ofMillis(200)).then(Mono.empty()))))
                            .doOnError(ex -> lost.countDown())
                            .retryWhen(Retry.max(3).filter(ZmqDisconnectedException.class::isInstance)))
                    .reduce("", String::concat);
            StepVerifier.create(call)
                    .expectSubscription()
                    .then(a::dispose)
                    .expectNext("bb")
                    .expectComplete()
                    .verify(Rig.SOON);
            Rig.await(lost);
        }
    }

    @Test
    void aClientOfSeveralIsGoneWhenAllOfItIs() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
            name(rig, "a", calls);
            ClientExchange exchange = clientOf(rig, "a", "nobody", "b");
            assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("a");
            exchange.dispose();
            StepVerifier.create(exchange.onDispose()).expectComplete().verify(Rig.SOON);
        }
    }
}
