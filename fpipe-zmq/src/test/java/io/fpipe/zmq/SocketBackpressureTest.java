/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.bytes;
import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A receiver without demand stops its sender, and nothing is lost, grows or runs idle meanwhile. For a whole minute with
 * {@code -Dfpipe.stopped.seconds=60}.
 */
class SocketBackpressureTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String NAME = "stopped-test";
    private static final long SECONDS = Long.getLong("fpipe.stopped.seconds", 1);

    private final ZmqResources resources = ZmqResources.create(o -> o.name(NAME));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket on(ZmqSocket socket) {
        return socket.runOn(resources).linger(Duration.ZERO);
    }

    private static void pause(long millis) throws InterruptedException {
        assertThat(new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)).isFalse();
    }

    /** Waits until a number has not changed for a while; for at most a number of looks. */
    private static long awaitStandstill(LongSupplier number) throws InterruptedException {
        long before = -1;
        for (int look = 0; look < 100 && before != number.getAsLong(); look++) {
            before = number.getAsLong();
            pause(200);
        }
        assertThat(number.getAsLong()).isEqualTo(before);
        return before;
    }

    /** The processor time of the loop and of JeroMQ's threads. */
    private static long cpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().startsWith(NAME))
                .mapToLong(t -> Math.max(0, threads.getThreadCpuTime(t.getId())))
                .sum();
    }

    private long idled() {
        EventLoop loop = resources.loop();
        Long idled = Mono.<Long>create(sink -> loop.execute(() -> sink.success(loop.idled())))
                .block(LIMIT);
        return idled == null ? -1 : idled;
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp://127.0.0.1:*", "inproc://stopped"})
    void aReceiverWithoutDemandStopsTheSenderAndNothingIsLostGrowsOrRunsIdle(String endpoint) throws Exception {
        ZmqConnection pull = on(ZmqSocket.pull())
                .bind(endpoint)
                .highWaterMark(100)
                .bufferBytes(1 << 16)
                .openNow();
        ZmqConnection push = on(ZmqSocket.push())
                .connect(pull.endpoint())
                .highWaterMark(100)
                .bufferBytes(1 << 16)
                .openNow();
        Probe probe = new Probe(10);
        pull.receive().subscribe(probe);
        AtomicLong taken = new AtomicLong();
        AtomicLong turnedAway = new AtomicLong();
        ByteBuffer ballast = ByteBuffer.allocate(4096);
        Disposable sending = push.send(Flux.interval(Duration.ofNanos(50_000))
                        .onBackpressureDrop(i -> turnedAway.incrementAndGet())
                        .map(i -> ZmqMessage.of(bytes("" + taken.getAndIncrement()), ballast)))
                .subscribe();
        long stopped = awaitStandstill(taken::get);
        long before = turnedAway.get();
        long idled = idled();
        long cpu = cpuNanos();

        pause(SECONDS * 1000);

        long used = cpuNanos() - cpu;
        assertThat(taken).as("messages taken from the source").hasValue(stopped);
        assertThat(turnedAway.get()).as("offered meanwhile").isGreaterThan(before + 100);
        assertThat(probe.received).hasValue(10);
        assertThat(used).as("nanoseconds of processor time").isLessThan(SECONDS * 10_000_000);
        assertThat(idled() - idled).as("spurious wake-ups").isLessThan(5);
        // the queues of both marks, what the send has requested, what was read, and the kernel's buffers
        assertThat(stopped).isLessThanOrEqualTo(3 * 100 + 10 + (endpoint.startsWith("tcp") ? 4000 : 0));

        sending.dispose();
        probe.request(Long.MAX_VALUE - 10);
        for (long i = 0; i < taken.get(); i++) {
            assertThat(text(probe.next().frame(0))).isEqualTo("" + i);
        }
        assertThat(probe.poll(50)).isNull();
        probe.assertNoBreaches();
    }

    @Test
    void pacedMessagesCauseFewSpuriousWakeUps() throws Exception {
        int total = 2_000;
        ZmqConnection pull = on(ZmqSocket.pull()).bind("tcp://127.0.0.1:*").openNow();
        ZmqConnection push = on(ZmqSocket.push()).connect(pull.endpoint()).openNow();
        Probe probe = new Probe(Long.MAX_VALUE);
        pull.receive().subscribe(probe);
        long before = idled();

        push.send(Flux.interval(Duration.ofNanos(500_000))
                        .onBackpressureBuffer()
                        .take(total)
                        .map(i -> message("" + i)))
                .block(LIMIT);

        for (int i = 0; i < total; i++) {
            assertThat(probe.nextText()).isEqualTo("" + i);
        }
        assertThat(idled() - before)
                .as("spurious wake-ups for " + total + " messages")
                .isLessThan(total * 5L);
    }

    @Test
    void aProcessWithIdleSocketsIsIdle() throws Exception {
        for (int i = 0; i < 20; i++) {
            ZmqConnection pull = on(ZmqSocket.pull()).bind("tcp://127.0.0.1:*").openNow();
            ZmqConnection push = on(ZmqSocket.push()).connect(pull.endpoint()).openNow();
            pull.receive().subscribe();
            push.send(Mono.just(message("x"))).block(LIMIT);
        }
        pause(200);
        long before = cpuNanos();

        pause(1000);

        assertThat(cpuNanos() - before).as("nanoseconds of one second").isLessThan(10_000_000);
    }

    @Test
    void aPublisherThatWaitsForASlowSubscriberCostsLittle() throws Exception {
        ZmqConnection pub = on(ZmqSocket.pub())
                .waitForFullPeers(true)
                .highWaterMark(1)
                .bind("inproc://waits")
                .openNow();
        ZmqConnection sub =
                on(ZmqSocket.sub("")).highWaterMark(1).connect("inproc://waits").openNow();
        Probe probe = new Probe(1);
        sub.receive().subscribe(probe);
        AtomicLong emitted = new AtomicLong();
        pub.send(Flux.range(0, 5_000)
                        .delaySubscription(Duration.ofMillis(50))
                        .map(i -> message("" + emitted.getAndIncrement())))
                .subscribe(v -> {}, e -> {});
        assertThat(probe.nextText()).isEqualTo("0");
        awaitStandstill(emitted::get);
        long before = cpuNanos();

        pause(1000);

        assertThat(cpuNanos() - before)
                .as("nanoseconds of one second, with a retry each 10 ms")
                .isLessThan(50_000_000);
        probe.request(100);
        for (int i = 1; i <= 100; i++) {
            assertThat(probe.nextText()).isEqualTo("" + i);
        }
    }

    @Test
    void socketsOfOneLoopTakeTurns() throws Exception {
        int sockets = 10;
        int each = 1_500;
        List<ZmqConnection> pulls = new ArrayList<>();
        for (int s = 0; s < sockets; s++) {
            ZmqSocket named = on(ZmqSocket.pull()).highWaterMark(each);
            pulls.add(named.bind("inproc://turns" + s).openNow());
            String text = "" + s;
            on(ZmqSocket.push())
                    .highWaterMark(each)
                    .connect("inproc://turns" + s)
                    .openNow()
                    .send(Flux.range(0, each).map(i -> message(text)))
                    .block(LIMIT);
        }
        List<String> order = new ArrayList<>(); // on the loop only, until all have come
        CountDownLatch all = new CountDownLatch(sockets * each);
        resources
                .loop()
                .execute(() -> pulls.forEach(pull -> pull.receive().subscribe(m -> {
                    order.add(text(m));
                    all.countDown();
                })));
        assertThat(all.await(10, TimeUnit.SECONDS)).isTrue();

        int budget = 256;
        for (int round = 0; round < each / budget; round++) {
            int from = round * sockets * budget;
            assertThat(order.subList(from, from + sockets * budget))
                    .as("who was served in round " + round)
                    .containsAll(pulls.stream().map(p -> "" + pulls.indexOf(p)).toList());
        }
    }
}
