/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** Routes, metadata, deadlines, trace context, messages without reply, and handlers of many objects. */
class ExchangeCallsTest {

    private static Stage says(String text) {
        return bytes -> bytes.thenMany(Flux.just(Bytes.utf8(text)));
    }

    private static String ask(Stage remote, String text) {
        return Bytes.joinText(remote.apply(Flux.just(Bytes.utf8(text)))).block(Rig.SOON);
    }

    private static void refused(Stage remote, int code, String text) {
        assertThatThrownBy(() -> ask(remote, "x"))
                .isInstanceOf(ZmqRemoteException.class)
                .hasMessageContaining(text)
                .extracting("code")
                .isEqualTo(code);
    }

    private static Flux<ByteBuffer> never(CountDownLatch cancelled) {
        return Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aCallGoesToTheHandlerOfItsRoute(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server =
                    rig.serve(says("default"), s -> s.route("a", says("one")).route("größe", says("two")));
            ClientExchange exchange = rig.client();
            assertThat(ask(exchange.route("a"), "")).isEqualTo("one");
            assertThat(ask(exchange.route("größe"), "")).isEqualTo("two");
            assertThat(ask(exchange, "")).isEqualTo("default");
            assertThat(ask(exchange.route("b"), "")).isEqualTo("default");
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void withoutADefaultHandlerOtherCallsAreRefused() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server =
                    rig.track(rig.server(s -> s.route("a", says("one"))).serve().block(Rig.SOON));
            ClientExchange exchange = rig.client();
            assertThat(ask(exchange.route("a"), "")).isEqualTo("one");
            refused(exchange.route("b"), ZmqRemoteException.UNKNOWN_ROUTE, "no route \"b\"");
            refused(exchange, ZmqRemoteException.UNKNOWN_ROUTE, "without a route");
            CountDownLatch cancelled = new CountDownLatch(1);
            refused(
                    message -> exchange.route("b").apply(Bytes.endless(1000).doOnCancel(cancelled::countDown)),
                    ZmqRemoteException.UNKNOWN_ROUTE,
                    "b");
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void routesAreCheckedWhenTheyAreAdded() {
        ZmqServer server = ZmqServer.create().bind("inproc://x").route("a", Stage.identity());
        assertThatThrownBy(() -> server.route("a", Stage.identity()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"a\"");
        assertThatThrownBy(() -> server.route("", Stage.identity())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.route("x".repeat(256), Stage.identity()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256");
        assertThatThrownBy(() -> ZmqServer.create().bind("inproc://x").serveNow())
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aHandlerSeesItsCall() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            AtomicReference<ZmqCall> seen = new AtomicReference<>();
            rig.serve(bytes -> Flux.deferContextual(context -> {
                seen.set(ZmqCall.from(context));
                return bytes;
            }));
            ClientExchange exchange = rig.client();
            UnaryOperator<CallOptions> options = o ->
                    o.deadline(Duration.ofSeconds(30)).metadata("user", "zoë").metadata("empty", "");
            byte[] large = Bytes.random(300_000, 1);
            assertThat(Bytes.join(exchange.route("r", options).apply(Flux.just(ByteBuffer.wrap(large))))
                            .block(Rig.SOON))
                    .isEqualTo(large);
            ZmqCall call = seen.get();
            assertThat(call.route()).isEqualTo("r");
            assertThat(call.metadata()).isEqualTo(Map.of("user", "zoë", "empty", ""));
            assertThat(call.remaining().orElseThrow()).isBetween(Duration.ofSeconds(15), Duration.ofSeconds(30));
            assertThat(call.peer()).matches("[0-9a-f]{16}");
            String peer = call.peer();
            ask(exchange, "");
            assertThat(seen.get().peer()).isEqualTo(peer);
            assertThat(seen.get().route()).isEmpty();
            assertThat(seen.get().remaining()).isEmpty();
            ask(rig.client(), "");
            assertThat(seen.get().peer()).isNotEqualTo(peer);
            assertThatThrownBy(() -> ZmqCall.from(reactor.util.context.Context.empty()))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void theTraceContextGoesFromContextToContext() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(bytes -> Flux.deferContextual(context -> Flux.just(
                    Bytes.utf8(context.getOrDefault("traceparent", "-") + context.getOrDefault("tracestate", "-")))));
            ClientExchange exchange = rig.client();
            assertThat(Bytes.joinText(exchange.apply(Flux.empty()))
                            .contextWrite(context ->
                                    context.put("traceparent", "00-a-b-01").put("tracestate", "x=y"))
                            .block(Rig.SOON))
                    .isEqualTo("00-a-b-01x=y");
            assertThat(ask(exchange, "")).isEqualTo("--");
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void theDeadlineEndsTheCallOnBothSides(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> never(cancelled), s -> s.route("warm", Stage.identity()));
            ClientExchange exchange = rig.client();
            ask(exchange.route("warm"), "x"); // to connect may take longer than the call below
            StepVerifier.create(exchange.route("r", o -> o.deadline(Duration.ofMillis(150)))
                            .apply(Flux.never()))
                    .expectErrorSatisfies(ex ->
                            assertThat(ex).isInstanceOf(TimeoutException.class).hasMessageContaining("deadline"))
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aReplyThatGoesOnIsEndedByTheDeadline() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> Flux.interval(Duration.ofMillis(5))
                    .map(i -> Bytes.utf8("x"))
                    .doOnCancel(cancelled::countDown));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.route("r", o -> o.deadline(Duration.ofMillis(200)))
                            .apply(Flux.empty()))
                    .thenConsumeWhile(buffer -> true)
                    .expectError(TimeoutException.class)
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aReplyThatIsHereButNotReadIsEndedByTheDeadline() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(bytes -> Flux.just(Bytes.utf8("all of it")));
            ClientExchange exchange = rig.client();
            StepVerifier.create(
                            exchange.route("r", o -> o.deadline(Duration.ofMillis(200)))
                                    .apply(Flux.empty()),
                            0)
                    .expectError(TimeoutException.class)
                    .verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
            assertThat(rig.resources.windows().used()).isZero();
        }
    }

    @Test
    void theDeadlineEndsACallThatWaitsForAServer() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ClientExchange exchange = rig.client();
            exchange.apply(Flux.empty()).subscribe(b -> {}, ex -> {}); // looked at after 30 seconds
            StepVerifier.create(exchange.route("r", o -> o.deadline(Duration.ofMillis(100)))
                            .apply(Flux.empty()))
                    .expectErrorSatisfies(ex ->
                            assertThat(ex).isInstanceOf(TimeoutException.class).hasMessageContaining("deadline"))
                    .verify(Duration.ofSeconds(5));
        }
    }

    @Test
    void whatIsDisposedLeavesNoTimerBehind() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            for (int i = 0; i < 20; i++) {
                String name = "inproc://" + i;
                Duration never = Duration.ofDays(365);
                ZmqBinding server = rig.serve(
                        Stage.identity(),
                        s -> s.bind(name).limits(l -> l.ping(never, never).handshakeTimeout(never)));
                ClientExchange client = rig.client(
                        c -> c.connect(name).limits(l -> l.ping(never, never).handshakeTimeout(never)));
                assertThat(ask(client, "x")).isEqualTo("x");
                client.dispose();
                server.dispose();
                client.onDispose().block(Rig.SOON);
                server.onDispose().block(Rig.SOON);
            }
            rig.await("no timer is left", () -> rig.resources.loop().timerCount() < 8);
        }
    }

    @Test
    void aCallThatIsDoneBeforeItsDeadlineLeavesNothingBehind() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(Stage.identity());
            Stage remote = rig.client().route("r", o -> o.deadline(Duration.ofDays(365)));
            for (int i = 0; i < 20; i++) {
                assertThat(ask(remote, "x")).isEqualTo("x");
            }
            rig.await("no timer is left", () -> rig.resources.loop().timerCount() < 8);
        }
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aMessageWithoutReplyCompletesWithItsHandler(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            AtomicInteger bytes = new AtomicInteger();
            Sinks.Empty<ByteBuffer> done = Sinks.empty();
            Stage handler = message -> message.doOnNext(b -> bytes.addAndGet(b.remaining()))
                    .concatWith(Bytes.endless(1000).take(3000))
                    .concatWith(done.asMono());
            ZmqBinding server = rig.serve(says("x"), s -> s.route("log", handler));
            ClientExchange exchange = rig.client();
            assertThat(exchange.tell(Flux.just(Bytes.utf8("x"))).block(Rig.SOON))
                    .isNull();
            Mono<Void> tell = exchange.tell("log", Bytes.endless(1000).take(300), o -> o.metadata("k", "v"));
            StepVerifier.create(tell)
                    .expectSubscription()
                    .then(() -> rig.await("all was sent", () -> bytes.get() == 300_000))
                    .then(() -> done.tryEmitEmpty().orThrow())
                    .expectComplete()
                    .verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @Test
    void aMessageWithoutReplyIsNotLostInSilence() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch begun = new CountDownLatch(1);
            ZmqBinding server = rig.serve(
                    bytes -> Flux.<ByteBuffer>never().doOnSubscribe(s -> begun.countDown()),
                    s -> s.route("bad", bytes -> Flux.error(new IllegalStateException("disk full"))));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.tell("bad", Flux.just(Bytes.utf8("x")), o -> o))
                    .expectErrorMessage("disk full")
                    .verify(Rig.SOON);
            StepVerifier.create(exchange.tell(Flux.just(Bytes.utf8("x"))))
                    .expectSubscription()
                    .then(() -> Rig.await(begun))
                    .then(server::dispose)
                    .expectError(ZmqDisconnectedException.class)
                    .verify(Rig.SOON);
        }
    }

    @Test
    void anEndlessAnswerToAMessageWithoutReplyIsGivenUp() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = rig.serve(bytes -> Bytes.endless(1000), s -> s.window(8192));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.tell(just()))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .hasMessageContaining("8192"))
                    .verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
        }
    }

    private static Flux<ByteBuffer> just() {
        return Flux.just(Bytes.utf8("x"));
    }

    @Test
    void cancellingAMessageWithoutReplyCancelsItsHandler() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> never(cancelled).doOnSubscribe(s -> begun.countDown()));
            ClientExchange exchange = rig.client();
            StepVerifier.create(exchange.tell(Flux.just(Bytes.utf8("x"))))
                    .expectSubscription()
                    .then(() -> Rig.await(begun))
                    .thenCancel()
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    /** Numbers of 4 bytes, one after the other. */
    private static final Serializer<Flux<Integer>> NUMBERS =
            values -> values.map(i -> ByteBuffer.allocate(4).putInt(i).flip());

    /** The same, read; they may be cut anywhere. */
    private static final FluxDeserializer<Integer> TO_NUMBERS = bytes -> Flux.defer(() -> {
        ByteBuffer rest = ByteBuffer.allocate(4);
        return bytes.concatMapIterable(buffer -> {
            java.util.List<Integer> values = new java.util.ArrayList<>();
            for (ByteBuffer in = buffer.duplicate(); in.hasRemaining(); ) {
                rest.put(in.get());
                if (!rest.hasRemaining()) {
                    values.add(rest.flip().getInt());
                    rest.clear();
                }
            }
            return values;
        });
    });

    private static final Deserializer<Integer> TO_NUMBER =
            bytes -> TO_NUMBERS.deserialize(bytes).next();

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void oneRequestMayHaveManyReplies(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Stage count = ZmqServer.<Integer, Integer>toMany(TO_NUMBER, n -> Flux.range(0, n), NUMBERS);
            ZmqBinding server = rig.serve(says("x"), s -> s.route("count", count));
            ClientExchange exchange = rig.client(c -> c.window(4096));
            Flux<Integer> replies =
                    NUMBERS.then(exchange.route("count")).intoMany(TO_NUMBERS).apply(Flux.just(100_000));
            StepVerifier.create(replies.reduce(0L, Long::sum))
                    .expectNext(99_999L * 100_000 / 2)
                    .expectComplete()
                    .verify(Rig.SOON);
            StepVerifier.create(replies.take(10))
                    .expectNextCount(10)
                    .expectComplete()
                    .verify(Rig.SOON);
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void manyMayBeAnsweredByManyWhileTheyCome(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Stage square = ZmqServer.<Integer, Integer>manyToMany(TO_NUMBERS, all -> all.map(i -> i * i), NUMBERS);
            rig.serve(square);
            Sinks.Many<Integer> numbers = Sinks.many().unicast().onBackpressureBuffer();
            StepVerifier.create(NUMBERS.then(rig.client()).intoMany(TO_NUMBERS).apply(numbers.asFlux()))
                    .expectSubscription()
                    .then(() -> numbers.tryEmitNext(3).orThrow())
                    .expectNext(9)
                    .then(() -> numbers.tryEmitNext(4).orThrow())
                    .expectNext(16)
                    .then(() -> numbers.tryEmitComplete().orThrow())
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @Test
    void aRouteMayBeAFunctionOfObjects() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(
                    says("x"),
                    s -> s.route(
                            "length",
                            Bytes::joinText,
                            text -> Mono.just(text.length()),
                            length -> Flux.just(Bytes.utf8("length " + length))));
            assertThat(ask(rig.client().route("length"), "four")).isEqualTo("length 4");
        }
    }
}
