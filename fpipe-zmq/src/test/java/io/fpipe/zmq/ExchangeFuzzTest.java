/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.LimitExceededException;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Hostile frames against a server and against a client, each with healthy peers beside it. */
class ExchangeFuzzTest {

    private static final int BATCH = 2000;

    /** After so many frames of peers that were cut off a server binds anew. */
    private static final long BEFORE_REBINDING = 1_000_000;

    private final Queue<Throwable> surprises = new ConcurrentLinkedQueue<>();

    @Test
    void aServerSurvivesAShortRun() {
        assertThat(attackServer(1, Duration.ofSeconds(60), 30_000)).isGreaterThanOrEqualTo(30_000);
    }

    @Test
    void aClientSurvivesAShortRun() {
        assertThat(attackClient(1, Duration.ofSeconds(60), 20_000)).isGreaterThanOrEqualTo(20_000);
    }

    @Tag("fuzz")
    @Test
    void aServerSurvives() {
        long done = attackServer(Long.getLong("fuzz.seed", 1), time(), Long.getLong("fuzz.frames", 5_000_000));
        System.out.println("fuzz: server: " + done + " frames");
    }

    @Tag("fuzz")
    @Test
    void aClientSurvives() {
        long done = attackClient(Long.getLong("fuzz.seed", 1), time(), Long.getLong("fuzz.frames", 5_000_000));
        System.out.println("fuzz: client: " + done + " frames");
    }

    private static Duration time() {
        return Duration.ofSeconds(Long.getLong("fuzz.seconds", 120));
    }

    /** Only errors that the documentation names. */
    private void typed(Throwable ex) {
        if (!(ex instanceof ZmqException)
                && !(ex instanceof LimitExceededException)
                && !(ex instanceof TimeoutException)) {
            surprises.add(ex);
        }
    }

    private Flux<ByteBuffer> handle(Flux<ByteBuffer> bytes, int number) {
        Flux<ByteBuffer> request = bytes.doOnError(this::typed);
        return switch (number % 5) {
            case 0 -> Flux.never();
            case 1 -> request.take(1).concatWith(Bytes.endless(3000).take(20));
            case 2 -> Flux.error(new IllegalStateException("handler"));
            case 3 -> Bytes.endless(70_000);
            default -> request;
        };
    }

    private long attackServer(long seed, Duration time, long frames) {
        long end = System.nanoTime() + time.toNanos();
        try (Rig rig = new Rig(Wiring.TCP)) {
            AtomicInteger number = new AtomicInteger();
            ZmqBinding server = rig.serve(
                    bytes -> handle(bytes, number.getAndIncrement()),
                    s -> s.route("echo", bytes -> bytes)
                            .window(8192)
                            .limits(l -> l.maxStreamsPerPeer(50).maxMessageBytes(200_000)));
            ClientExchange healthy = rig.client();
            FrameFuzz fuzz = new FrameFuzz(seed);
            long done = 0;
            long lost = 0;
            for (long round = 1; done < frames && System.nanoTime() - end < 0; round++) {
                RawPeer raw =
                        new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
                raw.hello(round, 1 << 16);
                for (int batch = 0; batch < 3; batch++) {
                    List<ZmqMessage> messages = new ArrayList<>();
                    for (int i = 0; i < BATCH; i++) {
                        messages.add(ZmqMessage.of(fuzz.next(round)));
                    }
                    raw.connection().send(Flux.fromIterable(messages)).block(Rig.SOON);
                    raw.clearInbox();
                    done += BATCH;
                    try {
                        checkHealthy(healthy, round);
                    } catch (ZmqDisconnectedException ex) { // the server has bound anew, to be rid of the hostile one
                        lost++;
                        assertThat(lost).as("lost connections").isLessThanOrEqualTo(done / BEFORE_REBINDING);
                        checkHealthy(healthy, round);
                    }
                }
                raw.connection().dispose();
                raw.connection().onDispose().block(Rig.SOON);
            }
            rig.awaitNoStreams(healthy, server);
            rig.await(
                    "all windows are given back", () -> rig.resources.windows().used() == 0);
            assertThat(surprises).isEmpty();
            return done;
        }
    }

    private static void checkHealthy(ClientExchange healthy, long round) {
        byte[] message = Bytes.random(100_000, round);
        assertThat(Bytes.join(healthy.route("echo").apply(Flux.fromIterable(Bytes.cut(message, 9999))))
                        .block(Rig.SOON))
                .isEqualTo(message);
    }

    private long attackClient(long seed, Duration time, long frames) {
        long end = System.nanoTime() + time.toNanos();
        FrameFuzz fuzz = new FrameFuzz(seed);
        long done = 0;
        try (Rig rig = new Rig(Wiring.INPROC)) {
            RawPeer raw =
                    new RawPeer(ZmqSocket.router().bind("tcp://127.0.0.1:*").runOn(rig.resources), true);
            rig.track(raw.connection());
            rig.serve(bytes -> bytes, s -> s.bind("inproc://healthy").route("echo", bytes -> bytes));
            ClientExchange healthy = rig.client(c -> c.connect("inproc://healthy"));
            ClientExchange attacked = rig.client(c -> c.connect(raw.endpoint())
                    .requestTimeout(Duration.ofMillis(500))
                    .idleTimeout(Duration.ofMillis(500)));
            for (long round = 1; done < frames && System.nanoTime() - end < 0; round++) {
                for (int i = 0; i < 10; i++) {
                    attacked.apply(i % 2 == 0 ? Flux.never() : Bytes.endless(500))
                            .subscribe(buffer -> {}, this::typed);
                }
                for (int i = 0; i < BATCH; i++) {
                    raw.greet(); // whenever it comes back
                    raw.offer(fuzz.next(raw.incarnation));
                }
                done += BATCH;
                checkHealthy(healthy, round);
            }
            rig.await("all calls have ended", () -> attacked.streamCount() == 0);
            rig.await(
                    "all windows are given back", () -> rig.resources.windows().used() == 0);
            assertThat(surprises).isEmpty();
            return done;
        }
    }
}
