/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class ExchangeLossTest {

    private static Mono<String> ask(ZmqExchange exchange, String text) {
        return Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8(text))));
    }

    @Test
    void aKilledServerFailsItsCallsAndTheNextOneServesOnTheSamePort() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ClientExchange exchange = rig.client();
            try (Child server = Child.server(rig.endpoint())) {
                StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("go on")))
                                .scan(0L, (sum, buffer) -> sum + buffer.remaining())
                                .doOnNext(sum -> {
                                    if (sum > 4_000_000) {
                                        server.killSoon();
                                    }
                                })
                                .then())
                        .expectErrorSatisfies(ex -> assertThat(ex)
                                .isInstanceOf(ZmqDisconnectedException.class)
                                .hasMessageContaining(rig.endpoint()))
                        .verify(Rig.SOON);
            }
            assertThat(exchange.streamCount()).isZero();
            Mono<String> call = ask(exchange, "echo");
            StepVerifier.create(call)
                    .expectSubscription()
                    .then(() -> rig.track(Child.server(rig.endpoint())))
                    .expectNext("echo")
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @Test
    void aKilledClientFailsItsRequestAndTheServerGoesOnWithOthers() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            Sinks.One<Throwable> seen = Sinks.one();
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            AtomicInteger calls = new AtomicInteger();
            ZmqBinding server = rig.serve(bytes -> {
                if (calls.getAndIncrement() > 0) {
                    return bytes;
                }
                bytes.scan(0L, (sum, buffer) -> sum + buffer.remaining())
                        .subscribe(
                                sum -> {
                                    if (sum > 4_000_000) {
                                        begun.countDown();
                                    }
                                },
                                seen::tryEmitValue);
                return Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
            });
            try (Child client = Child.client(rig.endpoint())) {
                Rig.await(begun);
                client.kill();
                assertThat(seen.asMono().block(Rig.SOON)).isInstanceOf(ZmqDisconnectedException.class);
            }
            Rig.await(cancelled);
            ClientExchange exchange = rig.client();
            assertThat(ask(exchange, "next").block(Rig.SOON)).isEqualTo("next");
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aDisposedServerFailsItsCallsAndANewOneServes(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            CountDownLatch handlerCancelled = new CountDownLatch(1);
            CountDownLatch sourceCancelled = new CountDownLatch(1);
            ZmqBinding server =
                    rig.serveApart(bytes -> Flux.concat(Flux.just(Bytes.utf8("half a reply")), Flux.<ByteBuffer>never())
                            .doOnCancel(handlerCancelled::countDown));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.apply(Flux.<ByteBuffer>never().doOnCancel(sourceCancelled::countDown)))
                    .expectNextCount(1)
                    .then(server::dispose)
                    .expectError(ZmqDisconnectedException.class)
                    .verify(Rig.SOON);
            Rig.await(handlerCancelled);
            Rig.await(sourceCancelled);
            assertThat(server.isDisposed()).isTrue();
            rig.closeApart();
            rig.awaitNoStreams(exchange, server);
            StepVerifier.create(ask(exchange, "next"))
                    .expectSubscription()
                    .then(() -> rig.serve(Stage.identity()))
                    .expectNext("next")
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aDisposedClientFailsItsCallsAndCancelsTheHandlers(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            int calls = 20;
            CountDownLatch begun = new CountDownLatch(calls);
            CountDownLatch cancelled = new CountDownLatch(calls);
            List<Throwable> seen = new ArrayList<>();
            ZmqBinding server = rig.serve(bytes -> {
                begun.countDown();
                bytes.subscribe(buffer -> {}, seen::add);
                return Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
            });
            ClientExchange exchange = rig.client();
            Flux<Throwable> errors = Flux.range(0, calls)
                    .flatMap(
                            i -> exchange.apply(Flux.<ByteBuffer>never())
                                    .then(Mono.<Throwable>empty())
                                    .onErrorResume(Mono::just),
                            calls);
            StepVerifier.create(errors.collectList())
                    .expectSubscription()
                    .then(() -> Rig.await(begun))
                    .then(exchange::dispose)
                    .assertNext(all -> assertThat(all)
                            .hasSize(calls)
                            .allSatisfy(ex -> assertThat(ex)
                                    .isExactlyInstanceOf(ZmqException.class)
                                    .hasMessageContaining("disposed")))
                    .expectComplete()
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            StepVerifier.create(exchange.onDispose()).expectComplete().verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
            assertThat(seen).hasSize(calls).hasOnlyElementsOfType(ZmqDisconnectedException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aClientTakesThePlaceOfOneThatIsGone(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            for (int i = 0; i < 3; i++) {
                ZmqResources own = wiring.isTcp() ? ZmqResources.create() : rig.resources;
                ClientExchange exchange = rig.client(client -> client.runOn(own));
                assertThat(ask(exchange, "one").block(Rig.SOON)).isEqualTo("one");
                exchange.dispose();
                StepVerifier.create(exchange.onDispose()).expectComplete().verify(Rig.SOON);
                if (wiring.isTcp()) { // the port is free for sure when the context is gone
                    own.dispose();
                    own.onDispose().block(Rig.SOON);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aDisposedExchangeRefusesCallsAtOnce(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity());
            ClientExchange exchange = rig.client();
            assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("x");
            exchange.dispose();
            assertThat(exchange.isDisposed()).isTrue();
            assertThatThrownBy(() -> ask(exchange, "x").block(Rig.SOON))
                    .isExactlyInstanceOf(ZmqException.class)
                    .hasMessage("the exchange with " + exchange.endpoint() + " is disposed");
            rig.resources.dispose();
            rig.resources.onDispose().block(Rig.SOON);
            assertThatThrownBy(() -> ask(exchange, "x").block(Rig.SOON))
                    .isExactlyInstanceOf(ZmqException.class)
                    .hasMessageContaining("disposed");
        }
    }

    @Test
    void callsThatWaitForAServerFailWhenTheExchangeIsDisposed() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ClientExchange exchange = rig.client();
            StepVerifier.create(ask(exchange, "x"))
                    .expectSubscription()
                    .then(exchange::dispose)
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isExactlyInstanceOf(ZmqException.class)
                            .hasMessageContaining("disposed"))
                    .verify(Rig.SOON);
        }
    }

    /** JeroMQ itself may be who is silent: it may forget a connection that it has just made. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aConnectionWithoutHandshakeIsTriedAgain(boolean clientConnects) throws IOException {
        Rig rig = new Rig(clientConnects ? Wiring.TCP : Wiring.TCP_CLIENT_BINDS);
        URI address = URI.create(rig.endpoint());
        try (rig;
                ServerSocket silent =
                        new ServerSocket(address.getPort(), 5, InetAddress.getByName(address.getHost()))) {
            silent.setSoTimeout((int) Rig.SOON.toMillis());
            if (clientConnects) {
                rig.client();
            } else {
                rig.serve(Stage.identity());
            }
            try (Socket connection = silent.accept()) {
                connection.setSoTimeout((int) Rig.SOON.toMillis());
                connection.getInputStream().readAllBytes(); // returns when the other end has closed
            }
            silent.accept().close();
        }
    }

    /** Between two connections there is no socket whose closing could be waited for. */
    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aClientMayBeDisposedWhenItsServerIsLost(Wiring wiring) {
        for (int round = 0; round < 5; round++) {
            try (Rig rig = new Rig(wiring)) {
                ZmqBinding server = rig.serve(Stage.identity());
                ClientExchange exchange = rig.client();
                assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("x");
                StepVerifier.create(exchange.apply(Flux.never()))
                        .expectSubscription()
                        .then(server::dispose)
                        .expectError(ZmqDisconnectedException.class)
                        .verify(Rig.SOON);
                rig.later(round * 35, exchange::dispose); // the next connection is tried after 100 ms
                StepVerifier.create(exchange.onDispose()).expectComplete().verify(Rig.SOON);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC_CLIENT_BINDS", "TCP_CLIENT_BINDS"})
    void aServerMayBeDisposedWhenItsClientIsLost(Wiring wiring) {
        for (int round = 0; round < 5; round++) {
            try (Rig rig = new Rig(wiring)) {
                ZmqBinding server = rig.serve(Stage.identity());
                ClientExchange exchange = rig.client();
                assertThat(ask(exchange, "x").block(Rig.SOON)).isEqualTo("x");
                exchange.dispose();
                rig.later(round * 35, server::dispose);
                StepVerifier.create(server.onDispose()).expectComplete().verify(Rig.SOON);
            }
        }
    }

    /** Against rule 3.15 of Reactive Streams; and who is told of dropped errors may throw, too. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSourceThatThrowsWhenItIsCancelledKeepsNoOtherCallFromFailing(boolean hookThrows) {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(bytes -> Flux.never());
            ClientExchange exchange = rig.client();
            Consumer<Throwable> hook = ex -> {
                if (hookThrows) {
                    throw new IllegalStateException("hook", ex);
                }
            };
            Flux<ByteBuffer> bad = Flux.from(subscriber -> subscriber.onSubscribe(new Subscription() {
                @Override
                public void request(long n) {
                    // never emits
                }

                @Override
                public void cancel() {
                    throw new IllegalStateException("cancel");
                }
            }));
            List<CompletableFuture<ByteBuffer>> calls = new ArrayList<>();
            for (Flux<ByteBuffer> message : List.of(bad, Flux.<ByteBuffer>never())) {
                calls.add(exchange.apply(message)
                        .contextWrite(context -> context.put("reactor.onErrorDropped.local", hook))
                        .next()
                        .toFuture());
            }
            rig.await("both are there", () -> ((ServerBinding) server).streamCount() == 2);

            server.dispose();

            for (CompletableFuture<ByteBuffer> call : calls) {
                assertThat(call).failsWithin(Rig.SOON).withThrowableThat().withCauseInstanceOf(ZmqException.class);
            }
            StepVerifier.create(server.onDispose()).expectComplete().verify(Rig.SOON);
            rig.serve(Stage.identity());
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("again"))))
                            .block(Rig.SOON))
                    .isEqualTo("again");
        }
    }

    @Test
    void aReplyWhoseSourceThrowsWheneverItIsUsedFailsAlone() {
        Flux<ByteBuffer> bad = Flux.from(subscriber -> subscriber.onSubscribe(new Subscription() {
            @Override
            public void request(long n) {
                throw new IllegalStateException("request");
            }

            @Override
            public void cancel() {
                throw new IllegalStateException("cancel");
            }
        }));
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(Stage.identity(), s -> s.route("bad", bytes -> bad));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.route("bad").apply(Flux.just(Bytes.utf8("x"))))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessageContaining("request"))
                    .verify(Rig.SOON);
            StepVerifier.create(exchange.apply(bad))
                    .expectErrorMessage("request")
                    .verify(Rig.SOON);
            assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("next"))))
                            .block(Rig.SOON))
                    .isEqualTo("next");
            rig.awaitNoStreams(exchange, server);
        }
    }
}
