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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** Replies that pause for too long, and peers that say nothing any more without having closed their connection. */
class ExchangeLivenessTest {

    private static final int PING = 8;
    private static final int PONG = 9;
    private static final Duration INTERVAL = Duration.ofMillis(50);

    private static ZmqLimits quick(ZmqLimits limits) {
        return limits.ping(INTERVAL, INTERVAL.multipliedBy(4));
    }

    private static Flux<ByteBuffer> just(String text) {
        return Flux.just(Bytes.utf8(text));
    }

    @Test
    void aReplyThatPausesForTooLongFails() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            CountDownLatch cancelled = new CountDownLatch(1);
            ZmqBinding server = rig.serve(
                    bytes -> just("a").concatWith(Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown)));
            ClientExchange exchange = rig.client(client -> client.idleTimeout(Duration.ofMillis(200)));
            StepVerifier.create(exchange.apply(just("x")).map(Bytes::text))
                    .expectNext("a")
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(TimeoutException.class)
                            .hasMessageContaining("nothing more of the reply")
                            .hasMessageContaining("PT0.2S"))
                    .verify(Rig.SOON);
            Rig.await(cancelled);
            rig.awaitNoStreams(exchange, server);
        }
    }

    /** One timer looks after all calls: that of a reply under way, which may pause for a minute, must not be the next look. */
    @Test
    void aCallIsLateInTimeWhileAReplyGoesOn() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(bytes -> just("a").concatWith(Flux.never()), s -> s.route("silent", bytes -> Flux.never()));
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(200)));
            rig.await("a server", () -> exchange.readyLines() == 1);
            CountDownLatch replying = new CountDownLatch(1);
            rig.track(exchange.apply(just("x")).subscribe(buffer -> replying.countDown()));
            Rig.await(replying);
            CountDownLatch looked = new CountDownLatch(1);
            rig.later(500, looked::countDown); // after the look that the call itself has asked for
            Rig.await(looked);
            StepVerifier.create(exchange.route("silent").apply(just("x")))
                    .expectErrorSatisfies(ex ->
                            assertThat(ex).isInstanceOf(TimeoutException.class).hasMessageContaining("PT0.2S"))
                    .verify(Rig.SOON);
        }
    }

    @Test
    void aCallWhoseSourceKeepsItsThreadIsLateInTime() throws InterruptedException {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(bytes -> Flux.never());
            ClientExchange exchange = rig.client(client -> client.requestTimeout(Duration.ofMillis(200)));
            rig.await("a server", () -> exchange.readyLines() == 1);
            CountDownLatch late = new CountDownLatch(1);
            Flux<ByteBuffer> blocking = Flux.generate(sink -> {
                Rig.await(late); // until the call has failed
                sink.complete();
            });
            Thread caller = new Thread(() -> exchange.apply(blocking)
                    .doOnError(TimeoutException.class, ex -> late.countDown())
                    .onErrorComplete()
                    .subscribe());
            caller.start();
            Rig.await(late);
            Rig.join(caller);
        }
    }

    @Test
    void theIdleTimeoutDoesNotLimitTheWholeReplyNorTheFirstByte() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(bytes -> bytes.thenMany(Flux.interval(Duration.ofMillis(500), Duration.ofMillis(50))
                    .take(20)
                    .map(i -> Bytes.utf8("x"))));
            ClientExchange exchange = rig.client(client -> client.idleTimeout(Duration.ofMillis(400)));
            assertThat(Bytes.joinText(exchange.apply(just("x"))).block(Rig.SOON))
                    .hasSize(20);
        }
    }

    @Test
    void aReaderWhoTakesHisTimeIsNotIdle() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(bytes -> Bytes.endless(1 << 16).take(4));
            ClientExchange exchange = rig.client(client -> client.idleTimeout(Duration.ofMillis(200)));
            StepVerifier.create(exchange.apply(just("x")), 0)
                    .expectSubscription()
                    .expectNoEvent(Duration.ofMillis(600))
                    .thenRequest(1)
                    .expectNextCount(1)
                    .thenRequest(10)
                    .expectNextCount(3)
                    .expectComplete()
                    .verify(Rig.SOON);
        }
    }

    @Test
    void pingsAreAnsweredAtOnce() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            rig.serve(Stage.identity(), s -> s.limits(l -> l.ping(Duration.ofMillis(100), Duration.ofDays(1))));
            RawPeer raw = new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
            rig.track(raw.connection());
            raw.hello(7, 1 << 20);
            raw.send(PING, 0, 0, 4711, new byte[0]);
            RawPeer.Received next = raw.next();
            while (next.type() == PING) {
                next = raw.next();
            }
            assertThat(next.type()).isEqualTo(PONG);
            assertThat(next.argument()).isEqualTo(4711);
            long first = raw.next(PING).argument();
            assertThat(raw.next(PING).argument()).as("it asks again").isEqualTo(first);
            raw.send(PONG, 0, 0, first, new byte[0]);
            long other = raw.next(PING).argument();
            for (int i = 0; i < 20 && other == first; i++) { // those that were on their way
                other = raw.next(PING).argument();
            }
            assertThat(other).isNotEqualTo(first);
        }
    }

    @Test
    void aSilentServerFailsItsCallsAndAnotherConnectionIsTried() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            RawPeer raw = new RawPeer(ZmqSocket.router().bind(rig.endpoint()).runOn(rig.resources), true);
            rig.track(raw.connection());
            ClientExchange exchange = rig.client(client -> client.limits(ExchangeLivenessTest::quick));
            raw.incarnation = raw.next(1).incarnation();
            long before = raw.incarnation;
            raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
            StepVerifier.create(exchange.apply(just("x")))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqDisconnectedException.class)
                            .hasMessageContaining("nothing was heard"))
                    .verify(Rig.SOON);
            assertThat(raw.next(1).incarnation()).isNotEqualTo(before);
        }
    }

    @Test
    void aServerThatDoesNotAnswerTheHelloIsTriedAgain() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            RawPeer raw = new RawPeer(ZmqSocket.router().bind(rig.endpoint()).runOn(rig.resources), true);
            rig.track(raw.connection());
            rig.client(client -> client.limits(l -> l.handshakeTimeout(Duration.ofMillis(100))));
            long before = raw.next(1).incarnation();
            assertThat(raw.next(1).incarnation()).isNotEqualTo(before);
        }
    }

    @Test
    void aSilentClientFailsItsRequests() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            Sinks.One<Throwable> seen = Sinks.one();
            rig.serve(
                    bytes -> {
                        bytes.subscribe(b -> {}, seen::tryEmitValue);
                        return Flux.never();
                    },
                    s -> s.limits(ExchangeLivenessTest::quick));
            RawPeer raw = new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
            rig.track(raw.connection());
            raw.hello(7, 1 << 20);
            raw.send(2, 0, 1, 0, "x");
            assertThat(seen.asMono().block(Rig.SOON))
                    .isInstanceOf(ZmqDisconnectedException.class)
                    .hasMessageContaining("nothing was heard");
            assertThat(raw.next(7).argument()).isZero();
        }
    }

    @Test
    void aStoppedServerFailsItsCallsInBoundedTimeAndServesWhenItGoesOn() {
        try (Rig rig = new Rig(Wiring.TCP);
                Child server = Child.server(rig.endpoint())) {
            ClientExchange exchange = rig.client(client -> client.limits(ExchangeLivenessTest::quick));
            StepVerifier.create(exchange.apply(just("go on"))
                            .scan(0L, (sum, buffer) -> sum + buffer.remaining())
                            .filter(sum -> sum > 1_000_000)
                            .doOnNext(sum -> server.stop())
                            .then())
                    .expectError(ZmqDisconnectedException.class)
                    .verify(Rig.SOON);
            server.goOn();
            assertThat(Bytes.joinText(exchange.apply(just("echo"))).block(Rig.SOON))
                    .isEqualTo("echo");
        }
    }

    @Test
    void aStoppedClientFailsItsRequestInBoundedTime() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            Sinks.One<Throwable> seen = Sinks.one();
            CountDownLatch begun = new CountDownLatch(1);
            ZmqBinding server = rig.serve(
                    bytes -> {
                        bytes.subscribe(b -> begun.countDown(), seen::tryEmitValue);
                        return Flux.never();
                    },
                    s -> s.limits(ExchangeLivenessTest::quick));
            // its own interval is 5 seconds, but its request does not pause
            try (Child client = Child.client(rig.endpoint())) {
                Rig.await(begun);
                client.stop();
                assertThat(seen.asMono().block(Rig.SOON)).isInstanceOf(ZmqDisconnectedException.class);
                rig.await("no stream is left", () -> ((ServerBinding) server).streamCount() == 0);
            }
        }
    }

    /** The lane of pings: whatever is under way or stands still, nobody is taken for dead. */
    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aPeerThatIsBusyWithLargeMessagesIsAlive(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            rig.serve(
                    Stage.identity(),
                    s -> s.limits(ExchangeLivenessTest::quick)
                            .window(16 << 20)
                            .runOn(wiring.isTcp() ? rig.track(ZmqResources.create()) : rig.resources));
            ClientExchange exchange = rig.client(
                    client -> client.limits(ExchangeLivenessTest::quick).window(16 << 20));
            AtomicReference<Throwable> stopped = new AtomicReference<>();
            exchange.apply(Bytes.endless(100_000)).subscribe(new reactor.core.publisher.BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(org.reactivestreams.Subscription s) {
                    // reads nothing at all
                }

                @Override
                protected void hookOnError(Throwable failure) {
                    stopped.compareAndSet(null, failure);
                }
            });
            long each = 150_000_000;
            Long sum = Flux.range(0, 4)
                    .flatMap(i -> exchange.apply(Bytes.endless(100_000).take(each / 100_000))
                            .reduce(0L, (bytes, buffer) -> bytes + buffer.remaining()))
                    .reduce(0L, Long::sum)
                    .block(Duration.ofSeconds(60));
            assertThat(sum).isEqualTo(4 * each);
            assertThat(stopped).hasValue(null);
        }
    }

    @Test
    void theLossTellsHowMuchWasAcknowledged() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            RawPeer raw = new RawPeer(ZmqSocket.router().bind(rig.endpoint()).runOn(rig.resources), true);
            rig.track(raw.connection());
            ClientExchange exchange = rig.client();
            raw.incarnation = raw.next(1).incarnation();
            raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
            StepVerifier.create(exchange.apply(Flux.concat(just("0123456789"), Flux.never())))
                    .expectSubscription()
                    .then(() -> {
                        raw.next(2, 1);
                        raw.send(
                                4,
                                0,
                                1,
                                (1 << 20) + 300,
                                ByteBuffer.allocate(8).putLong(7).array());
                        raw.send(
                                4,
                                0,
                                1,
                                (1 << 20) + 400,
                                ByteBuffer.allocate(8).putLong(5).array());
                        raw.send(4, 0, 1, (1 << 20) + 500, new byte[0]);
                        raw.send(7, 0, 0, 0, new byte[0]);
                    })
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqDisconnectedException.class)
                            .hasMessageContaining("7 bytes of the message")
                            .extracting("acknowledgedBytes")
                            .isEqualTo(7L))
                    .verify(Rig.SOON);
        }
    }

    @Test
    void whatAHandlerHasTakenIsAcknowledged() {
        try (Rig rig = new Rig(Wiring.TCP)) {
            AtomicInteger taken = new AtomicInteger();
            CountDownLatch enough = new CountDownLatch(1);
            ZmqBinding server = rig.serve(bytes -> {
                bytes.publishOn(Schedulers.parallel(), 1)
                        .subscribe(
                                b -> {
                                    if (taken.addAndGet(b.remaining()) > 3_000_000) {
                                        enough.countDown();
                                    }
                                },
                                ex -> {});
                return Flux.never();
            });
            StepVerifier.create(rig.client().apply(Bytes.endless(5000)))
                    .expectSubscription()
                    .then(() -> Rig.await(enough))
                    .then(server::dispose)
                    .expectErrorSatisfies(ex -> assertThat(((ZmqDisconnectedException) ex).acknowledgedBytes())
                            .isGreaterThan(100_000))
                    .verify(Rig.SOON);
        }
    }

    @Test
    void limitsAreCheckedWhenTheyAreSet() {
        ZmqLimits limits = ZmqLimits.DEFAULT;
        for (Runnable wrong : new Runnable[] {
            () -> limits.maxPeers(0),
            () -> limits.maxStreams(0),
            () -> limits.maxStreamsPerPeer(-1),
            () -> limits.maxWaiting(0),
            () -> limits.maxMessageBytes(0),
            () -> limits.handshakeTimeout(Duration.ZERO),
            () -> limits.ping(Duration.ZERO, INTERVAL),
            () -> limits.ping(INTERVAL, INTERVAL.minusNanos(1)),
            () -> ZmqClient.create().idleTimeout(Duration.ZERO),
            () -> ZmqClient.create().requestTimeout(Duration.ofMillis(-1)),
            () -> ZmqClient.create().window(4095),
            () -> ZmqServer.create().window(4095),
            () -> ZmqResources.create(o -> o.windowBudget(65535))
        }) {
            assertThatThrownBy(wrong::run).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(limits.ping(Duration.ofMillis(40), Duration.ofMillis(100)).maxSilent())
                .isEqualTo(3);
        assertThat(Mono.just(ZmqClient.create().requestTimeout(Duration.ofSeconds(Long.MAX_VALUE)))
                        .block())
                .isNotNull();
    }
}
