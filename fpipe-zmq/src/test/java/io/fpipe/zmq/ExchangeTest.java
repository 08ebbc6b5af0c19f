/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class ExchangeTest {

    private static final byte[] MEGABYTE = Bytes.random(1 << 20, 1);

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void returnsWhatItWasGivenWhateverItsBuffers(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            ZmqExchange exchange = rig.client();
            for (List<ByteBuffer> message : List.of(
                    List.<ByteBuffer>of(),
                    List.of(ByteBuffer.allocate(0)),
                    List.of(Bytes.utf8("x")),
                    List.of(ByteBuffer.wrap(MEGABYTE)),
                    Bytes.cut(MEGABYTE, 1 << 16),
                    Bytes.cut(Bytes.random(20_000, 2), 3),
                    Bytes.mixed(Bytes.random(1_000_000, 3)))) {
                List<ByteBuffer> before =
                        message.stream().map(ByteBuffer::duplicate).toList();
                byte[] reply =
                        Bytes.join(exchange.apply(Flux.fromIterable(message))).block(Rig.SOON);
                assertThat(reply).isEqualTo(Bytes.join(before));
                for (int i = 0; i < before.size(); i++) {
                    assertThat(message.get(i).position())
                            .isEqualTo(before.get(i).position());
                    assertThat(message.get(i).limit()).isEqualTo(before.get(i).limit());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void keepsManyCallsApart(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            ZmqExchange exchange = rig.client();
            StepVerifier.create(Flux.range(0, 2000)
                            .flatMap(
                                    i -> Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("call " + i))))
                                            .map(reply -> reply.equals("call " + i)),
                                    256)
                            .filter(equal -> equal)
                            .count())
                    .expectNext(2000L)
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void servesSeveralClients(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            List<ClientExchange> clients = Stream.generate(rig::client).limit(5).toList();
            List<String> replies = Flux.range(0, 500)
                    .flatMapSequential(
                            i -> Bytes.joinText(clients.get(i % 5).apply(Flux.just(Bytes.utf8("call " + i)))), 100)
                    .collectList()
                    .block(Rig.SOON);
            assertThat(replies)
                    .isEqualTo(Flux.range(0, 500)
                            .map(i -> "call " + i)
                            .collectList()
                            .block());
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void callsMadeBeforeTheServerIsThereWaitForIt(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqExchange exchange = rig.client();
            Flux<String> replies =
                    Flux.range(0, 10).flatMap(i -> Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("call " + i)))));
            StepVerifier.create(replies)
                    .expectSubscription()
                    .then(() -> rig.serve(Stage.identity()))
                    .expectNextCount(10)
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aReplyBeginsBeforeItsRequestEnds(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            Sinks.Many<ByteBuffer> request = Sinks.many().unicast().onBackpressureBuffer();
            StepVerifier.create(rig.client().apply(request.asFlux()).map(Bytes::text))
                    .expectSubscription()
                    .then(() -> request.tryEmitNext(Bytes.utf8("a")).orThrow())
                    .expectNext("a")
                    .then(() -> request.tryEmitNext(Bytes.utf8("b")).orThrow())
                    .expectNext("b")
                    .then(() -> request.tryEmitComplete().orThrow())
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aRequestMayBeEndless(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            CountDownLatch cancelled = new CountDownLatch(1);
            Flux<ByteBuffer> source = Bytes.endless(50_000).doOnCancel(cancelled::countDown);
            Long bytes = rig.client()
                    .apply(source)
                    .scan(0L, (sum, buffer) -> sum + buffer.remaining())
                    .takeUntil(sum -> sum > 20_000_000)
                    .last()
                    .block(Rig.SOON);
            assertThat(bytes).isGreaterThan(20_000_000);
            Rig.await(cancelled);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aReplyThatEndsBeforeItsRequestCancelsTheRest(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server = rig.serve(bytes -> bytes.take(1));
            CountDownLatch cancelled = new CountDownLatch(1);
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.concat(Flux.just(Bytes.utf8("all I say")), Flux.<ByteBuffer>never())
                                    .doOnCancel(cancelled::countDown))
                            .map(Bytes::text))
                    .expectNext("all I say")
                    .expectComplete()
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aHandlerMayIgnoreTheRequest(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server = rig.serve(bytes -> Flux.just(Bytes.utf8("whatever")));
            ClientExchange exchange = rig.client();
            for (Flux<ByteBuffer> request : List.of(
                    Flux.<ByteBuffer>empty(),
                    Flux.just(ByteBuffer.wrap(MEGABYTE)),
                    Bytes.endless(1000),
                    Flux.<ByteBuffer>never())) {
                assertThat(Bytes.joinText(exchange.apply(request)).block(Rig.SOON))
                        .isEqualTo("whatever");
            }
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aHandlerMayReadTheRequestOnlyOnceAndNotAfterItsReply() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            AtomicReference<Flux<ByteBuffer>> request = new AtomicReference<>();
            rig.serve(bytes -> {
                request.set(bytes);
                return Flux.just(Bytes.utf8("done"));
            });
            ClientExchange exchange = rig.client();
            assertThat(Bytes.joinText(exchange.apply(Flux.never())).block(Rig.SOON))
                    .isEqualTo("done");
            StepVerifier.create(request.get())
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .extracting("code")
                            .isEqualTo(ZmqRemoteException.CANCELLED))
                    .verify(Rig.SOON);
            StepVerifier.create(request.get())
                    .expectError(IllegalStateException.class)
                    .verify(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aHandlerMayCancelTheRequestAndGoOnReplying(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            Sinks.Many<ByteBuffer> reply = Sinks.many().unicast().onBackpressureBuffer();
            ZmqBinding server = rig.serve(bytes -> bytes.take(1).thenMany(reply.asFlux()));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Bytes.endless(1000).doOnCancel(cancelled::countDown))
                            .map(Bytes::text))
                    .expectSubscription()
                    .then(() -> Rig.await(cancelled))
                    .then(() -> reply.tryEmitNext(Bytes.utf8("one")).orThrow())
                    .expectNext("one")
                    .then(() -> reply.tryEmitNext(Bytes.utf8("two")).orThrow())
                    .expectNext("two")
                    .then(() -> reply.tryEmitComplete().orThrow())
                    .expectComplete()
                    .verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aCallersCancelReachesAHandlerThatHasCancelledTheRequest(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            CountDownLatch sourceCancelled = new CountDownLatch(1);
            CountDownLatch handlerCancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(
                    bytes -> bytes.take(1).thenMany(Flux.<ByteBuffer>never().doOnCancel(handlerCancelled::countDown)));
            ClientExchange exchange = rig.client();
            Disposable call = exchange.apply(Bytes.endless(1000).doOnCancel(sourceCancelled::countDown))
                    .subscribe();
            Rig.await(sourceCancelled);
            call.dispose();
            Rig.await(handlerCancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aCallersCancelCancelsTheSourceAndTheHandler(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            CountDownLatch sourceCancelled = new CountDownLatch(1);
            CountDownLatch handlerCancelled = new CountDownLatch(1);
            CountDownLatch begun = new CountDownLatch(1);
            Sinks.One<Throwable> seen = Sinks.one();
            ZmqBinding server = rig.serve(bytes -> {
                bytes.subscribe(buffer -> begun.countDown(), seen::tryEmitValue);
                return Flux.<ByteBuffer>never().doOnCancel(handlerCancelled::countDown);
            });
            ClientExchange exchange = rig.client();
            Disposable call = exchange.apply(Flux.concat(Flux.just(Bytes.utf8("a")), Flux.<ByteBuffer>never())
                            .doOnCancel(sourceCancelled::countDown))
                    .subscribe();
            Rig.await(begun);
            call.dispose();
            Rig.await(sourceCancelled);
            Rig.await(handlerCancelled);
            assertThat(seen.asMono().block(Rig.SOON))
                    .isInstanceOf(ZmqRemoteException.class)
                    .extracting("code")
                    .isEqualTo(ZmqRemoteException.CANCELLED);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void anErrorOfTheSourceReachesBothEnds(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Sinks.One<Throwable> seen = Sinks.one();
            Sinks.Empty<Void> begun = Sinks.empty();
            ZmqBinding server =
                    rig.serve(bytes -> bytes.doOnNext(b -> begun.tryEmitEmpty()).doOnError(seen::tryEmitValue));
            ClientExchange exchange = rig.client();
            IllegalStateException failure = new IllegalStateException("the file ends here");
            StepVerifier.create(exchange.apply(Flux.concat(
                            Flux.just(ByteBuffer.wrap(MEGABYTE)), begun.asMono().then(Mono.error(failure)))))
                    .thenConsumeWhile(buffer -> true)
                    .expectErrorSatisfies(ex -> assertThat(ex).isSameAs(failure))
                    .verify(Rig.SOON);
            assertThat(seen.asMono().block(Rig.SOON))
                    .isInstanceOf(ZmqRemoteException.class)
                    .hasMessage("the file ends here")
                    .extracting("code")
                    .isEqualTo(ZmqRemoteException.FAILED);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void anErrorAheadOfTheFirstByteIsNoCall() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            AtomicInteger calls = new AtomicInteger();
            rig.serve(bytes -> {
                calls.incrementAndGet();
                return bytes;
            });
            ClientExchange exchange = rig.client();
            IllegalStateException failure = new IllegalStateException("no file");
            StepVerifier.create(exchange.apply(Flux.error(failure)))
                    .expectErrorSatisfies(ex -> assertThat(ex).isSameAs(failure))
                    .verify(Rig.SOON);
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("x"))))
                            .block(Rig.SOON))
                    .isEqualTo("x");
            assertThat(calls).hasValue(1);
        }
    }

    static Stream<Stage> failingHandlers() {
        return Stream.of(
                bytes -> {
                    throw new IllegalStateException("no such order");
                },
                bytes -> Flux.error(new IllegalStateException("no such order")),
                bytes -> bytes.then(Mono.<ByteBuffer>error(new IllegalStateException("no such order")))
                        .flux(),
                bytes -> Flux.concat(
                        bytes, Flux.error(new RuntimeException(new IllegalStateException("no such order")))),
                bytes -> Flux.error(new StackOverflowError("no such order")),
                bytes -> Flux.defer(() -> {
                    throw new StackOverflowError("no such order"); // which Reactor throws on
                }));
    }

    @Test
    void aSourceThatFailsForGoodWhenItHasBegunIsCancelled() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            CountDownLatch disposed = new CountDownLatch(2);
            Flux<ByteBuffer> broken = Flux.create(sink -> {
                sink.onDispose(disposed::countDown);
                throw new StackOverflowError("begun");
            });
            ZmqBinding server = rig.serve(bytes -> broken);
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.empty()))
                    .expectErrorMessage("begun")
                    .verify(Rig.SOON);
            StepVerifier.create(exchange.apply(broken))
                    .expectErrorMessage("begun")
                    .verify(Rig.SOON);
            Rig.await(disposed);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @MethodSource("failingHandlers")
    void aFailingHandlerFailsItsCallWithItsTextAndNoOther(Stage failing) {
        try (Rig rig = new Rig(Wiring.TCP)) {
            AtomicInteger calls = new AtomicInteger();
            ZmqBinding server = rig.serve(bytes -> calls.getAndIncrement() == 0 ? failing.apply(bytes) : bytes);
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("x"))))
                    .thenConsumeWhile(buffer -> true)
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessage("no such order")
                            .extracting("code")
                            .isEqualTo(ZmqRemoteException.FAILED))
                    .verify(Rig.SOON);
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("next"))))
                            .block(Rig.SOON))
                    .isEqualTo("next");
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aHandlerThatGivesNullFailsItsCallOnly() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            AtomicInteger calls = new AtomicInteger();
            rig.serve(bytes -> calls.getAndIncrement() == 0 ? null : bytes);
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("x"))))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessage("the handler returned null"))
                    .verify(Rig.SOON);
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("next"))))
                            .block(Rig.SOON))
                    .isEqualTo("next");
        }
    }

    @Test
    void whoeverSaysThatItHasConnectedAgainAndAgainIsGreetedNowAndThen() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            ClientExchange bound = rig.client(client -> client.bind("tcp://127.0.0.1:*"));
            RawPeer raw =
                    new RawPeer(ZmqSocket.dealer().connect(bound.endpoint()).runOn(rig.resources), false);
            rig.track(raw.connection());
            ZmqMessage connected = ZmqMessage.of(ByteBuffer.allocate(0));
            raw.connection().send(Flux.range(0, 50_000).map(i -> connected)).block(Rig.SOON);
            Mono<String> call =
                    Bytes.joinText(bound.apply(Flux.just(Bytes.utf8("x")))).cache();
            call.subscribe();
            int hellos = 0;
            for (RawPeer.Received next = raw.next(); next.type() != 2; next = raw.next()) {
                hellos++;
                raw.incarnation = next.incarnation();
                raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0}); // the last one counts
            }
            assertThat(hellos).isBetween(1, 1000);
            raw.send(3, RawPeer.END, 1, 0, "y");
            assertThat(call.block(Rig.SOON)).isEqualTo("y");
        }
    }

    @Test
    void aServerThatNoGreetingHasReachedIsGreetedLater() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            ClientExchange bound = rig.client(client -> client.bind("tcp://127.0.0.1:*")
                    .limits(l -> l.ping(Duration.ofMillis(100), Duration.ofSeconds(10))));
            RawPeer raw =
                    new RawPeer(ZmqSocket.dealer().connect(bound.endpoint()).runOn(rig.resources), false);
            rig.track(raw.connection());
            raw.sendRaw(ByteBuffer.allocate(0)); // it has connected
            for (int i = 0; i < 12; i++) { // two more than there are in the first second
                RawPeer.Received hello = raw.next();
                assertThat(hello.type()).isEqualTo(1);
                raw.incarnation = hello.incarnation();
            }
            raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
            Mono<String> call =
                    Bytes.joinText(bound.apply(Flux.just(Bytes.utf8("x")))).cache();
            call.subscribe();
            raw.next(2);
            raw.send(3, RawPeer.END, 1, 0, "y");
            assertThat(call.block(Rig.SOON)).isEqualTo("y");
        }
    }

    @Test
    void aHandlerThatBreaksOnTheLoopFailsItsCallOnly() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            AtomicInteger calls = new AtomicInteger();
            ZmqBinding server = rig.serve(bytes -> {
                if (calls.getAndIncrement() > 0) {
                    return bytes;
                }
                bytes.subscribe(new BrokenSubscriber());
                return Flux.never();
            });
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("x"))))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessage("I should not throw"))
                    .verify(Rig.SOON);
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("next"))))
                            .block(Rig.SOON))
                    .isEqualTo("next");
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aCallerThatBreaksOnTheLoopBreaksItsCallOnly() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(Stage.identity());
            ClientExchange exchange = rig.client();
            CountDownLatch cancelled = new CountDownLatch(1);
            exchange.apply(Flux.concat(Flux.just(Bytes.utf8("x")), Flux.<ByteBuffer>never())
                            .doOnCancel(cancelled::countDown))
                    .subscribe(new BrokenSubscriber());
            Rig.await(cancelled);
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("next"))))
                            .block(Rig.SOON))
                    .isEqualTo("next");
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void everySubscriptionSendsTheMessageAnew(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            AtomicInteger subscriptions = new AtomicInteger();
            Mono<String> reply = Bytes.joinText(rig.client()
                    .apply(Flux.defer(() -> Flux.just(Bytes.utf8("number " + subscriptions.incrementAndGet())))));
            assertThat(reply.block(Rig.SOON)).isEqualTo("number 1");
            assertThat(reply.block(Rig.SOON)).isEqualTo("number 2");
        }
    }

    @Test
    void servesWithAFunctionOfObjects() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.track(rig.server(server -> server)
                    .serve(
                            bytes -> Bytes.joinText(bytes).filter(text -> !text.isEmpty()),
                            text -> switch (text) {
                                case "nothing" -> Mono.empty();
                                case "fail" -> Mono.error(new IllegalStateException("told to"));
                                case "null" -> null;
                                default -> Mono.just(text.length());
                            },
                            length -> Flux.just(Bytes.utf8("length " + length)))
                    .block(Rig.SOON));
            ClientExchange exchange = rig.client();
            Stage remote = exchange;
            assertThat(ask(remote, "four")).isEqualTo("length 4");
            assertThat(ask(remote, "nothing")).isEqualTo("length null");
            assertThat(ask(remote, "")).isEqualTo("length null");
            assertThatThrownBy(() -> ask(remote, "fail"))
                    .isInstanceOf(ZmqRemoteException.class)
                    .hasMessage("told to");
            assertThatThrownBy(() -> ask(remote, "null"))
                    .isInstanceOf(ZmqRemoteException.class)
                    .hasMessage("the function returned null");
        }
    }

    private static String ask(Stage remote, String text) {
        return Bytes.joinText(remote.apply(Flux.just(Bytes.utf8(text)))).block(Rig.SOON);
    }

    @Test
    void aWildcardPortIsShownByTheEndpoint() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            ZmqBinding server = rig.serve(Stage.identity(), s -> s.bind("tcp://127.0.0.1:*"));
            assertThat(server.endpoint()).matches("tcp://127\\.0\\.0\\.1:[1-9][0-9]*");
            ClientExchange exchange = rig.client(client -> client.connect(server.endpoint()));
            assertThat(exchange.endpoint()).isEqualTo(server.endpoint());
            assertThat(ask(exchange, "x")).isEqualTo("x");
            ClientExchange bound = rig.client(client -> client.bind("tcp://127.0.0.1:*"));
            rig.serve(bytes -> Flux.just(Bytes.utf8("other")), s -> s.connect(bound.endpoint()));
            assertThat(ask(bound, "x")).isEqualTo("other");
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aCallWithoutServerFailsAfterTheTimeoutAndTheNextOneWorks(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(200)));
            StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("x"))))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(TimeoutException.class)
                            .hasMessageContaining(rig.endpoint())
                            .hasMessageContaining("nobody"))
                    .verify(Rig.SOON);
            rig.serve(Stage.identity());
            Mono<String> call = Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("x"))));
            // connecting again may take longer than this client's patience
            assertThat(call.retry(20).block(Rig.SOON)).isEqualTo("x");
            assertThat(call.block(Rig.SOON)).isEqualTo("x");
        }
    }

    @Test
    void aCallWithoutReplyFailsAfterTheTimeoutAndCancelsTheHandler() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown));
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(300)));
            StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("x"))))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(TimeoutException.class)
                            .hasMessageContaining("no reply from " + rig.endpoint()))
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void theTimeoutDoesNotLimitHowLongARequestTakes() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(bytes -> Bytes.join(bytes)
                    .map(all -> Bytes.utf8("got " + all.length))
                    .flux());
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(500)));
            Flux<ByteBuffer> slow =
                    Flux.interval(Duration.ofMillis(50)).take(20).map(i -> Bytes.utf8("x"));
            assertThat(Bytes.joinText(exchange.apply(slow)).block(Rig.SOON)).isEqualTo("got 20");
        }
    }

    @Test
    void aReaderThatIsSlowToBeginDoesNotTimeOutOnceTheReplyIsThere() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            rig.serve(Stage.identity());
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(200)));
            StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("x"))).map(Bytes::text), 0)
                    .expectSubscription()
                    .expectNoEvent(Duration.ofMillis(500))
                    .thenRequest(1)
                    .expectNext("x")
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @Test
    void aSmallMessageOfManyBuffersIsOneFrame() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            List<Integer> arrived = new ArrayList<>();
            rig.serve(bytes -> bytes.doOnNext(buffer -> arrived.add(buffer.remaining())));
            ClientExchange exchange = rig.client();
            List<ByteBuffer> message = Bytes.cut(Bytes.random(900, 4), 9);
            assertThat(exchange.apply(Flux.fromIterable(message)).collectList().block(Rig.SOON))
                    .hasSize(1);
            assertThat(arrived).containsExactly(900);
        }
    }

    @ParameterizedTest
    @CsvSource({"TCP, 8192", "TCP, 1048576", "TCP_CLIENT_BINDS, 8192", "TCP_CLIENT_BINDS, 1048576"})
    void buffersOfAnySizeCarryAllFrames(Wiring wiring, int size) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity(), server -> server.bufferBytes(size));
            ClientExchange exchange = rig.client(client -> client.bufferBytes(size));
            assertThat(Bytes.join(exchange.apply(Flux.just(ByteBuffer.wrap(MEGABYTE))))
                            .block(Rig.SOON))
                    .isEqualTo(MEGABYTE);
        }
    }

    @Test
    void buffersThatAreTooSmallAreRefused() {
        assertThatThrownBy(() -> ZmqClient.create().bufferBytes(8191))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bufferBytes must be at least 8192, was 8191");
        assertThatThrownBy(() -> ZmqServer.create().bufferBytes(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aSourceThatGivesMoreThanWasRequestedFailsItsCall() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Sinks.One<Throwable> seen = Sinks.one();
            ZmqBinding server = rig.serve(bytes -> bytes.doOnError(seen::tryEmitValue));
            ClientExchange exchange = rig.client();
            AtomicReference<Subscriber<? super ByteBuffer>> sink = new AtomicReference<>();
            AtomicBoolean emitted = new AtomicBoolean();
            Flux<ByteBuffer> source = Flux.from(subscriber -> {
                sink.set(subscriber);
                subscriber.onSubscribe(new Subscription() {
                    @Override
                    public void request(long n) {
                        if (emitted.compareAndSet(false, true)) {
                            subscriber.onNext(ByteBuffer.wrap(MEGABYTE)); // more than the first credit
                        }
                    }

                    @Override
                    public void cancel() {}
                });
            });
            StepVerifier.create(exchange.apply(source), 0)
                    .expectSubscription()
                    .then(() -> rig.await("a call", () -> ((ServerBinding) server).streamCount() == 1))
                    .then(() -> sink.get().onNext(Bytes.utf8("unasked")))
                    .expectErrorSatisfies(
                            ex -> assertThat(Exceptions.isOverflow(ex)).isTrue())
                    .verify(Rig.SOON);
            assertThat(seen.asMono().block(Rig.SOON)).isInstanceOf(ZmqRemoteException.class);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aSubscriberThatThrowsWhenItIsSubscribedKeepsNoMemory() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            rig.serve(Stage.identity());
            ClientExchange exchange = rig.client();
            assertThatThrownBy(() -> exchange.apply(Flux.empty()).subscribe(new BrokenSubscriber() {
                        @Override
                        public void onSubscribe(Subscription s) {
                            throw new StackOverflowError("I should not throw");
                        }
                    }))
                    .isInstanceOf(StackOverflowError.class);
            assertThat(rig.resources.windows().used()).isZero();
        }
    }

    /** What a source emits while it is asked is looked at when it has returned. */
    @Test
    void aBufferIsSentAsItWasThoughItsSourceReadsOn() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            rig.serve(Stage.identity());
            ByteBuffer mine = Bytes.utf8("abc");
            Flux<ByteBuffer> source = Flux.from(subscriber -> subscriber.onSubscribe(new Subscription() {
                @Override
                public void request(long n) {
                    if (mine.hasRemaining()) {
                        subscriber.onNext(mine);
                        mine.position(mine.limit());
                        subscriber.onComplete();
                    }
                }

                @Override
                public void cancel() {}
            }));
            assertThat(Bytes.joinText(rig.client().apply(source)).block(Rig.SOON))
                    .isEqualTo("abc");
        }
    }

    @Test
    void aBufferIsSentAsItWasWhenItWasEmitted() throws Exception {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            Sinks.Empty<Void> begin = Sinks.empty();
            ZmqBinding server = rig.serve(bytes -> begin.asMono().thenMany(bytes));
            ClientExchange exchange = rig.client();
            ByteBuffer mine = ByteBuffer.wrap(MEGABYTE); // more than the first credit
            CompletableFuture<byte[]> reply =
                    Bytes.join(exchange.apply(Flux.just(mine))).toFuture();
            rig.await("the first bytes are there", () -> ((ServerBinding) server).streamCount() == 1);

            mine.limit(10);
            begin.tryEmitEmpty();

            assertThat(reply.get(Rig.SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(MEGABYTE);
        }
    }
}
