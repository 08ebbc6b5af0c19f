/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What is sent under CURVE arrives as it was. JeroMQ delivers encrypted bytes as messages when a high-water mark stops a
 * connection (jeromq#1009); an exchange has no marks.
 */
class CurveTransferTest {

    private static final int MESSAGES = Integer.getInteger("curve.messages", 10_000);
    private static final int STALL_EVERY = MESSAGES > 100_000 ? 10_000 : 1_000;
    private static final int WINDOW = 16_384; // so many calls at a time have room
    private static final int CONCURRENT = 5_000; // more than JeroMQ's mark of 1000
    private static final Duration LIMIT = Duration.ofSeconds(30 + MESSAGES / 1000);

    private static final ZmqKeyPair SERVER = ZmqKeyPair.generate();
    private static final ZmqKeyPair CLIENT = ZmqKeyPair.generate();

    private final Rig rig = new Rig(Rig.Wiring.TCP);
    private final ZmqResources apart = ZmqResources.create();

    @AfterEach
    void close() {
        rig.close();
        apart.dispose();
        apart.onDispose().block(Rig.SOON);
    }

    private ZmqBinding serve(Stage handler) {
        return rig.serve(handler, s -> s.runOn(apart).window(WINDOW).curve(SERVER, CLIENT.publicKey()::equals));
    }

    private ClientExchange client() {
        return rig.client(c -> c.window(WINDOW).curve(SERVER.publicKey(), CLIENT));
    }

    /** Number, checksum of the rest, and 16 to 400 bytes that depend on the number. */
    private static ByteBuffer numbered(int number) {
        Random random = new Random(number);
        byte[] body = new byte[16 + random.nextInt(385)];
        random.nextBytes(body);
        CRC32C crc = new CRC32C();
        crc.update(body);
        return ByteBuffer.allocate(8 + body.length)
                .putInt(number)
                .putInt((int) crc.getValue())
                .put(body)
                .flip();
    }

    /** The number of a message that is as it was made. */
    private static int check(byte[] message) {
        int number = ByteBuffer.wrap(message).getInt();
        assertThat(ByteBuffer.wrap(message)).as("message %d", number).isEqualTo(numbered(number));
        return number;
    }

    /** The loop does nothing for a while, so the socket is not read. */
    private static void stallTheLoop() {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
    }

    /** {@code -Dcurve.messages=1000000} for as many. */
    @Test
    void manyMessagesToAReaderThatStopsAndGoesArriveAsTheyWere() {
        BitSet requests = new BitSet();
        AtomicInteger seen = new AtomicInteger();
        AtomicInteger stalls = new AtomicInteger();
        serve(message -> Bytes.join(message).flatMapMany(bytes -> {
            requests.set(check(bytes)); // on the loop only
            if (seen.incrementAndGet() % STALL_EVERY == 0) {
                stalls.incrementAndGet();
                stallTheLoop();
            }
            return Flux.just(ByteBuffer.wrap(bytes));
        }));
        ClientExchange client = client();

        BitSet replies = new BitSet();
        long start = System.nanoTime();
        Flux.range(0, MESSAGES)
                .flatMap(i -> Bytes.join(client.apply(Flux.just(numbered(i)))), CONCURRENT, 1)
                .doOnNext(bytes -> {
                    int number = check(bytes);
                    replies.set(number);
                    if (number % STALL_EVERY == 0) {
                        stallTheLoop();
                    }
                })
                .blockLast(LIMIT);

        assertThat(seen).hasValue(MESSAGES);
        assertThat(requests.cardinality()).isEqualTo(MESSAGES);
        assertThat(replies.cardinality()).isEqualTo(MESSAGES);
        assertThat(stalls).hasValue(MESSAGES / STALL_EVERY);
        System.out.printf(
                "CURVE: %,d messages there and back in %.1f s, each compared, with %d stops of the server's reader%n",
                MESSAGES, (System.nanoTime() - start) / 1e9, stalls.get());
    }

    /** Stops before each buffer that a mark divides the bytes so far at, until a timer lets it go on. */
    private static Flux<ByteBuffer> stopAndGo(Flux<ByteBuffer> message) {
        AtomicInteger count = new AtomicInteger();
        return message.concatMap(
                buffer -> count.incrementAndGet() % 40 == 0
                        ? Mono.just(buffer).delayElement(Duration.ofMillis(10))
                        : Mono.just(buffer),
                0);
    }

    @Test
    void streamsOfMegabytesInBothDirectionsWithReadersThatStopArriveAsTheyWere() {
        serve(CurveTransferTest::stopAndGo);
        ClientExchange client = client();
        List<Mono<byte[]>> replies = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            byte[] bytes = Bytes.random(4_000_000, i);
            replies.add(Bytes.join(stopAndGo(client.apply(Flux.fromIterable(Bytes.cut(bytes, 30_000)))))
                    .doOnNext(reply -> assertThat(reply).isEqualTo(bytes)));
        }

        assertThat(Flux.merge(replies).count().block(LIMIT)).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(names = {"TCP", "TCP_CLIENT_BINDS"})
    void aServerThatComesBackIsReachedAgain(Rig.Wiring wiring) {
        try (Rig own = new Rig(wiring)) {
            ClientExchange client = own.client(
                    c -> c.curve(SERVER.publicKey(), CLIENT).limits(l -> l.ping(Duration.ofMillis(100), LIMIT)));
            for (int i = 0; i < 2; i++) {
                ZmqResources resources = own.track(ZmqResources.create());
                own.serve(Stage.identity(), s -> s.runOn(resources).curve(SERVER, CLIENT.publicKey()::equals));
                byte[] bytes = Bytes.random(500_000, i);
                assertThat(Bytes.join(Mono.defer(() ->
                                                Bytes.join(client.apply(Flux.fromIterable(Bytes.cut(bytes, 30_000)))))
                                        .retry(3)
                                        .map(ByteBuffer::wrap)
                                        .flux())
                                .block(LIMIT))
                        .isEqualTo(bytes);
                Flux<ByteBuffer> open = client.apply(Bytes.endless(1000));
                Mono<Throwable> lost = open.then(Mono.<Throwable>empty())
                        .onErrorResume(Mono::just)
                        .cache();
                lost.subscribe();
                own.await("the call begins", () -> client.streamCount() > 0);

                resources.dispose(); // with a stream under way
                resources.onDispose().block(LIMIT);

                assertThat(lost.block(LIMIT)).isInstanceOf(ZmqException.class);
            }
        }
    }

    /** No test but a measurement: {@code -Dcurve.megabytes=100}. */
    @Test
    @EnabledIfSystemProperty(named = "curve.megabytes", matches = "\\d+")
    void theSpeedOfOneStream() {
        int pieces = Integer.getInteger("curve.megabytes") * 16;
        byte[] piece = Bytes.random(62_500, 1);
        Stage discard = message -> message.filter(buffer -> false);
        String plain = rig.serve(discard, s -> s.bind("tcp://127.0.0.1:*").runOn(apart))
                .endpoint();
        String secured = rig.serve(
                        discard, s -> s.bind("tcp://127.0.0.1:*").runOn(apart).curve(SERVER, key -> true))
                .endpoint();
        ZmqExchange inClear = rig.client(c -> c.connect(plain));
        ZmqExchange curve = rig.client(c -> c.connect(secured).curve(SERVER.publicKey()));
        for (int round = 1; round <= 4; round++) {
            System.out.printf(
                    "round %d: %.0f MB/s in clear, %.1f MB/s with CURVE%n",
                    round, speed(inClear, piece, pieces), speed(curve, piece, pieces));
        }
    }

    private static double speed(ZmqExchange exchange, byte[] piece, int pieces) {
        long start = System.nanoTime();
        exchange.apply(Flux.range(0, pieces).map(i -> ByteBuffer.wrap(piece))).blockLast(LIMIT);
        return (double) pieces * piece.length / 1e6 / ((System.nanoTime() - start) / 1e9);
    }
}
