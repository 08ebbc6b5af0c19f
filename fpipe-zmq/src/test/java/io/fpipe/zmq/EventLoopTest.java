/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.message;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.NonBlocking;
import zmq.Msg;

class EventLoopTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String INPROC = "inproc://name";

    private final ZmqResources resources = ZmqResources.create(o -> o.name("loop-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket dealer() {
        return ZmqSocket.dealer().runOn(resources).linger(Duration.ZERO);
    }

    private ZmqSocket router() {
        return ZmqSocket.router().runOn(resources).linger(Duration.ZERO);
    }

    private <T> T onLoop(Supplier<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        resources.loop().execute(() -> result.complete(task.get()));
        return result.orTimeout(10, TimeUnit.SECONDS).join();
    }

    // ---- what it costs

    @Test
    void idleSocketsCostNoProcessorTime() throws Exception {
        ZmqConnection router = router().bind("tcp://127.0.0.1:*").openNow();
        Probe probe = new Probe(10);
        router.receive().subscribe(probe);
        for (int i = 0; i < 10; i++) {
            ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
            dealer.receive().subscribe(new Probe(i % 2)); // with and without demand
            dealer.send(Flux.just(message("hello"))).block(LIMIT);
        }
        ZmqConnection waiting = dealer().connect("inproc://nobody").openNow();
        waiting.send(Flux.just(message("x"))).subscribe(); // a blocked message
        for (int i = 0; i < 10; i++) {
            probe.next();
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long loop = onLoop(() -> Thread.currentThread().getId());

        long before = threads.getThreadCpuTime(loop);
        assertThat(new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS)).isFalse();
        long used = threads.getThreadCpuTime(loop) - before;

        assertThat(used).as("nanoseconds of 500 ms").isLessThan(5_000_000);
    }

    @Test
    void aBlockedPeerOfARouterCostsLittleProcessorTime() throws Exception {
        ZmqConnection router = router().bind(INPROC).highWaterMark(1).openNow();
        Probe probe = new Probe(1);
        router.receive().subscribe(probe);
        ZmqConnection dealer = dealer().connect(INPROC).highWaterMark(1).openNow();
        dealer.send(Flux.just(message("hello"))).block(LIMIT);
        ZmqMessage hello = probe.next();
        router.send(Flux.range(0, 100).map(i -> Probe.to(hello.frame(0), "x"))).subscribe(v -> {}, e -> {});
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long loop = onLoop(() -> Thread.currentThread().getId());

        long before = threads.getThreadCpuTime(loop);
        assertThat(new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS)).isFalse();
        long used = threads.getThreadCpuTime(loop) - before;

        // one retry each 10 ms
        assertThat(used).as("nanoseconds of 500 ms").isLessThan(50_000_000);
    }

    @Test
    void pacedMessagesCostFewTurnsEach() throws Exception {
        int total = 500;
        Counter counter = new Counter(total);
        OwnedSocket owned = resources.open(settings(), List.of(Endpoint.bind("tcp://127.0.0.1:*")), counter);
        owned.start();
        ZmqConnection dealer = dealer().connect(owned.address()).openNow();

        dealer.send(Flux.interval(Duration.ofMillis(1))
                        .onBackpressureBuffer()
                        .take(total)
                        .map(i -> message("" + i)))
                .block(LIMIT);
        assertThat(counter.all.await(10, TimeUnit.SECONDS)).isTrue();

        // F4: a reader that is woken before the byte counts would turn hundreds of times for each message
        assertThat(counter.turns.get()).as("turns for " + total + " messages").isLessThan(total * 10L);
        owned.close(0);
        assertThat(counter.closed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    private static SocketSettings settings() {
        return SocketSettings.of(SocketType.ROUTER);
    }

    /** Counts the turns of its socket: each asks for the demand once. */
    private static final class Counter implements SocketHandler {
        final AtomicLong turns = new AtomicLong();
        final CountDownLatch all;
        final CountDownLatch closed = new CountDownLatch(1);

        Counter(int messages) {
            all = new CountDownLatch(messages);
        }

        @Override
        public long demand() {
            turns.incrementAndGet();
            return Long.MAX_VALUE;
        }

        @Override
        public void received(List<Msg> parts, int from, int to) {
            all.countDown();
        }

        @Override
        public void starved() {}

        @Override
        public void disconnected() {}

        @Override
        public void closed(Throwable failure) {
            closed.countDown();
        }
    }

    // ---- what must not stop it

    @Test
    void aTaskThatThrowsStopsNobody() {
        resources.loop().execute(() -> {
            throw new IllegalStateException("a task");
        });
        resources.loop().execute(() -> {
            throw new AssertionError("a task");
        });
        resources
                .loop()
                .execute(() -> resources.loop().schedule(1, () -> {
                    throw new IllegalStateException("a timer");
                }));

        assertThat(onLoop(() -> "alive")).isEqualTo("alive");
        assertThat(onLoop(() -> "alive")).isEqualTo("alive");
    }

    @Test
    void aSubscriberThatThrowsStopsNobodyElse() throws Exception {
        ZmqConnection good = router().bind("inproc://good").openNow();
        ZmqConnection bad = router().bind("inproc://bad").openNow();
        bad.receive().subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnNext(ZmqMessage value) {
                throw new StackOverflowError("not a fatal error of the JVM, but one that Reactor lets through");
            }
        });
        Probe probe = new Probe(Long.MAX_VALUE);
        good.receive().subscribe(probe);

        dealer().connect("inproc://bad").openNow().send(Flux.just(message("x"))).block(LIMIT);
        dealer().connect("inproc://good")
                .openNow()
                .send(Flux.just(message("y")))
                .block(LIMIT);

        assertThat(probe.nextText()).isEqualTo("y");
    }

    @Test
    void userCodeThatInterruptsTheLoopDoesNotStopIt() throws Exception {
        ZmqConnection router = router().bind("tcp://127.0.0.1:*").openNow();
        Probe probe = new Probe(Long.MAX_VALUE);
        router.receive()
                .doOnNext(m -> Thread.currentThread().interrupt())
                .doOnNext(m -> router.send(Flux.just(m)).subscribe()) // sends with the flag set
                .subscribe(probe);
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe echo = new Probe(Long.MAX_VALUE);
        dealer.receive().subscribe(echo);

        for (int i = 0; i < 200; i++) {
            dealer.send(Flux.just(message("a" + i, "b" + i))).block(LIMIT);
            assertThat(echo.next()).hasToString(message("a" + i, "b" + i).toString());
        }
        for (int i = 0; i < 200; i++) {
            assertThat(probe.next().frames()).hasSize(3);
        }
        assertThat(onLoop(() -> "alive")).isEqualTo("alive");
    }

    @Test
    void refusesToBlockInASubscriber() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        CountDownLatch failed = new CountDownLatch(1);
        router.receive().doOnNext(m -> Mono.never().block(LIMIT)).subscribe(m -> {}, e -> {
            thrown.set(e);
            failed.countDown();
        });

        dealer().connect(INPROC).openNow().send(Flux.just(message("x"))).block(LIMIT);

        assertThat(failed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(thrown.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("blocking");
        assertThat(onLoop(Thread::currentThread)).isInstanceOf(NonBlocking.class);
    }

    // ---- tasks, timers, the end

    @Test
    void timersRunInTheOrderOfTheirTimesAndNotBefore() throws Exception {
        List<Integer> order = new CopyOnWriteArrayList<>();
        CountDownLatch done = new CountDownLatch(3);
        long begin = System.nanoTime();
        AtomicLong last = new AtomicLong();
        resources.loop().execute(() -> {
            for (int millis : new int[] {60, 20, 40}) {
                resources.loop().schedule(millis * 1_000_000L, () -> {
                    order.add(millis);
                    last.set(System.nanoTime());
                    done.countDown();
                });
            }
            EventLoop.Timer never = resources.loop().schedule(1_000_000, () -> order.add(0));
            resources.loop().cancel(never);
        });

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly(20, 40, 60);
        assertThat(last.get() - begin).isGreaterThanOrEqualTo(60_000_000);
    }

    @Test
    void noTaskIsLostWhenTheLoopEnds() throws Exception {
        int threads = 3;
        int each = 200;
        for (int round = 0; round < 20; round++) {
            AtomicInteger ran = new AtomicInteger();
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger together = new AtomicInteger();
            CountDownLatch exit = new CountDownLatch(1);
            EventLoop loop = new EventLoop("ending", exit::countDown);
            CyclicBarrier start = new CyclicBarrier(threads + 1);
            List<Thread> producers = Flux.range(0, threads)
                    .map(t -> new Thread(() -> {
                        await(start);
                        for (int i = 0; i < each; i++) {
                            loop.execute(() -> {
                                if (inside.incrementAndGet() != 1) {
                                    together.incrementAndGet();
                                }
                                ran.incrementAndGet();
                                inside.decrementAndGet();
                            });
                        }
                    }))
                    .collectList()
                    .block();
            producers.forEach(Thread::start);
            await(start);
            loop.execute(loop::stop);
            for (Thread producer : producers) {
                producer.join(10_000);
            }
            assertThat(exit.await(10, TimeUnit.SECONDS)).isTrue();
            CountDownLatch after = new CountDownLatch(1);
            loop.execute(after::countDown);
            assertThat(after.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(ran).hasValue(threads * each);
            assertThat(together).hasValue(0);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
