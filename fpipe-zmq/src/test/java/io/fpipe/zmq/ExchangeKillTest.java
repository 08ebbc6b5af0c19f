/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.zmq.Rig.Wiring;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The process at the other end of two exchanges, the server of one and the client of the other, is killed, or stopped
 * for a moment or for long, at random bytes of the calls both ways: each call ends with the right bytes or an error of
 * those that are documented, and nothing is left on the side that lives. {@code -Dkill.exchange.rounds=1000} for more
 * rounds than a build does (default: 60), {@code -Dkill.seed=N} for other bytes (default: 1); a failure names the seed
 * that begins with its round.
 */
@EnabledOnOs(OS.LINUX)
class ExchangeKillTest {

    private static final int ROUNDS = Integer.getInteger("kill.exchange.rounds", 60) / 2;
    private static final long SEED = Long.getLong("kill.seed", 1);
    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final int CALLS = 3;

    /** What the heap may vary by beside what leaks. */
    private static final long HEAP = 24 << 20;

    @TempDir
    Path folder;

    private final List<ExchangeVictim> victims = new ArrayList<>();
    private final AtomicInteger handlersBegun = new AtomicInteger();
    private final AtomicInteger handlersEnded = new AtomicInteger();
    private final AtomicInteger requestsEnded = new AtomicInteger();
    private long right;
    private long failed;
    private long failedInAMoment;
    private volatile Blow blow = new Blow(Long.MAX_VALUE, () -> {});

    private Wiring wiring;
    private Rig here;
    private Rig there;
    private ClientExchange exchange;
    private ServerBinding binding;
    private ExchangeVictim victim;
    private ExchangeVictim next;

    /** What happens to the process. */
    private enum Fault {
        KILLED,
        STOPPED_FOR_A_MOMENT,
        STOPPED_FOR_LONG,
        STOPPED_AND_KILLED;

        static Fault of(int round, Random random) {
            if (round % 25 == 5) {
                return random.nextBoolean() ? STOPPED_FOR_LONG : STOPPED_AND_KILLED;
            }
            return round % 12 == 3 ? KILLED : STOPPED_FOR_A_MOMENT;
        }
    }

    /** Falls when some bytes have passed since, whoever has sent them. */
    private static final class Blow {

        final CompletableFuture<Void> fallen = new CompletableFuture<>();
        private final AtomicLong left;
        private final Runnable what;

        Blow(long bytes, Runnable what) {
            this.left = new AtomicLong(bytes);
            this.what = what;
        }

        void count(int bytes) {
            if (left.addAndGet(-bytes) <= 0) {
                fall();
            }
        }

        void fall() {
            synchronized (this) {
                if (!fallen.isDone()) {
                    what.run();
                    fallen.complete(null);
                }
            }
        }
    }

    private Flux<ByteBuffer> counted(Flux<ByteBuffer> bytes) {
        return bytes.doOnNext(buffer -> blow.count(buffer.remaining()));
    }

    /** An echo that knows whether all it was given and has given has ended. */
    private Flux<ByteBuffer> handle(Flux<ByteBuffer> request) {
        handlersBegun.incrementAndGet();
        return counted(request.doFinally(end -> requestsEnded.incrementAndGet()))
                .doFinally(end -> handlersEnded.incrementAndGet());
    }

    private ExchangeVictim victim() {
        Path file = folder.resolve("victim" + victims.size());
        ExchangeVictim started =
                ExchangeVictim.start(file, wiring, here.endpoint(), there.endpoint(), SEED + victims.size());
        victims.add(started);
        return started;
    }

    @ParameterizedTest
    @EnumSource(names = {"TCP", "TCP_CLIENT_BINDS"})
    void everyCallEndsRightWhateverHappensToTheProcessAtTheOtherEnd(Wiring wired) throws Exception {
        wiring = wired;
        try (Rig callers = new Rig(wiring);
                Rig servers = new Rig(wiring)) {
            here = callers;
            there = servers;
            binding = there.track((ServerBinding) ExchangeVictim.server(wiring.clientBinds(), there.endpoint())
                    .runOn(there.resources)
                    .serveNow(this::handle));
            exchange = here.track((ClientExchange) ExchangeVictim.client(wiring.clientBinds(), here.endpoint())
                    .runOn(here.resources)
                    .openNow());
            next = victim();
            replace("before the first round");
            int descriptors = descriptors();
            int threads = threads();
            long heap = heap();
            for (int round = 0; round < ROUNDS; round++) {
                round(round);
            }
            Probe.assertReturnsTo(descriptors + 4L, ExchangeKillTest::descriptors);
            Probe.assertReturnsTo(threads, ExchangeKillTest::threads);
            Probe.assertReturnsTo(heap + HEAP, ExchangeKillTest::heap);
            assertThat(failed).as("calls that failed").isGreaterThan(ROUNDS / 10);
            assertThat(failedInAMoment) // on a machine so busy that a moment becomes a second
                    .as("calls that failed because of a moment")
                    .isLessThanOrEqualTo(ROUNDS / 10);
            assertThat(right).as("calls that did not fail").isGreaterThan(ROUNDS);
            System.out.printf(
                    "%s, %d rounds from seed %d: %d processes, %d calls right and %d failed, of theirs %d and %d%n",
                    wiring,
                    ROUNDS,
                    SEED,
                    victims.size() - 1,
                    right,
                    failed,
                    victims.stream().mapToLong(ExchangeVictim::right).sum(),
                    victims.stream().mapToLong(ExchangeVictim::failed).sum());
        } finally {
            victims.forEach(ExchangeVictim::close);
        }
    }

    private void round(int round) throws Exception {
        Random random = new Random(SEED + round);
        Fault fault = Fault.of(round, random);
        List<Integer> lengths = random.ints(CALLS, 0, 1 << 30)
                .mapToObj(i -> ExchangeVictim.length(random))
                .toList();
        long bytes = 2L * lengths.stream().mapToInt(i -> i).sum();
        long at = random.nextInt(3) == 0 ? random.nextInt(1000) : random.nextLong(bytes + 1);
        String what = wiring + ", round " + round + " (-Dkill.seed=" + (SEED + round) + "), " + fault + " at byte " + at
                + " of calls of " + lengths;
        ExchangeVictim struck = victim;
        blow = new Blow(at, fault == Fault.KILLED ? struck.jvm::killSoon : struck.jvm::stop);
        CompletableFuture<List<Throwable>> calls = calls(lengths, random, what);
        CompletableFuture.anyOf(blow.fallen, calls).get(BOUND.toSeconds(), TimeUnit.SECONDS);
        blow.fall();
        if (fault == Fault.STOPPED_FOR_A_MOMENT) {
            pause(random.nextInt(20));
            struck.jvm.goOn();
        }
        List<Throwable> errors = ended(calls, what);
        failed += errors.size();
        right += CALLS - errors.size();
        assertThat(errors).as(what).allMatch(ExchangeVictim::isDocumented);
        here.await("no calls after " + what, () -> exchange.streamCount() == 0);
        assertThat(struck.wrong()).as("calls of the other process, " + what).isZero();
        if (fault == Fault.STOPPED_FOR_A_MOMENT) {
            failedInAMoment += errors.size();
            return;
        }
        assertThatAllIsGivenBack(what);
        if (fault == Fault.STOPPED_FOR_LONG) {
            long before = struck.right();
            struck.jvm.goOn();
            recovers(before, what);
        } else {
            struck.jvm.kill();
            replace(what);
        }
    }

    /** Calls at the same time; gives the errors. */
    private CompletableFuture<List<Throwable>> calls(List<Integer> lengths, Random random, String what) {
        return Flux.range(0, lengths.size())
                .flatMap(
                        i -> {
                            int seed = random.nextInt(1 << 20);
                            Flux<ByteBuffer> message =
                                    Noise.message(seed, lengths.get(i), 1000 + random.nextInt(100_000));
                            return Noise.length(seed, counted(exchange.apply(counted(message))))
                                    .doOnNext(n -> assertThat(n).as(what).isEqualTo((long) lengths.get(i)))
                                    .then(Mono.<Throwable>empty())
                                    .onErrorResume(Mono::just);
                        },
                        CALLS)
                .collectList()
                .toFuture();
    }

    private static <T> T ended(CompletableFuture<T> calls, String what) throws Exception {
        try {
            return calls.get(BOUND.toSeconds(), TimeUnit.SECONDS);
        } catch (java.util.concurrent.TimeoutException ex) {
            throw new AssertionError("calls did not end within " + BOUND + ": " + what, ex);
        }
    }

    /** Of a process that is gone, or as good as gone: the calls here, its calls, and all that they held. */
    private void assertThatAllIsGivenBack(String what) {
        here.await("no server after " + what, () -> exchange.readyLines() == 0);
        there.await("no streams after " + what, () -> binding.streamCount() == 0);
        assertThat(here.resources.windows().used())
                .as("bytes of windows, " + what)
                .isZero();
        assertThat(there.resources.windows().used())
                .as("bytes of windows, " + what)
                .isZero();
        assertThat(handlersEnded).as("replies that have ended, " + what).hasValue(handlersBegun.get());
        assertThat(requestsEnded).as("requests that have ended, " + what).hasValue(handlersBegun.get());
    }

    /** Has the next process take over, and the one after it start meanwhile. */
    private void replace(String what) throws Exception {
        victim = next;
        next = victim();
        victim.begin();
        recovers(0, what);
    }

    /** A call succeeds, which waits for the server, and so do those of the other process. */
    private void recovers(long before, String what) throws Exception {
        assertThat(ExchangeVictim.call(exchange, 1, 100_000, 1000).block(BOUND))
                .as("a call after " + what)
                .isTrue();
        long end = System.nanoTime() + BOUND.toNanos();
        while (victim.right() == before) {
            assertThat(System.nanoTime())
                    .as("nanoseconds until the process calls again, after " + what)
                    .isLessThan(end);
            pause(1);
        }
    }

    private static void pause(long millis) throws InterruptedException {
        assertThat(new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)).isFalse();
    }

    private static int descriptors() {
        String[] all = new File("/proc/self/fd").list();
        assertThat(all).isNotNull();
        return all.length;
    }

    private static int threads() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("fpipe-zmq"))
                .count();
    }

    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
