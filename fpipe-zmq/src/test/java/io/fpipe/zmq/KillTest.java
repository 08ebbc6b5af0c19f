/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/**
 * The process at the other end is killed, or stopped for a while, at any moment: nothing hangs, no more is lost than
 * ZeroMQ held in its buffers, and an event tells of it. {@code -Dkill.rounds=1000} for many rounds (default: 50),
 * {@code -Dkill.seed=N} for other moments (default: 1), {@code -DenableAssertions=false} without assertions.
 */
class KillTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int ROUNDS = Integer.getInteger("kill.rounds", 50) / 2;
    private static final long SEED = Long.getLong("kill.seed", 1);

    /** What a message of these takes on the wire: a byte of flags, eight of length. */
    private static final int ON_THE_WIRE = Victim.MESSAGE + 9;

    /** A queue, a batch that is being written, and a message that is cut by its end: what dies with a sender. */
    private static final long HELD_BY_SENDER = Victim.MARK + Victim.BUFFER / ON_THE_WIRE + 2;

    /** The kernel has twice what it is asked for, on either side; it outlives a sender and not a receiver. */
    private static final long HELD_BY_KERNEL = 4L * Victim.BUFFER / ON_THE_WIRE + 2;

    /** A batch that is being read, a queue, and the one message that was asked for. */
    private static final long HELD_BY_RECEIVER = Victim.BUFFER / ON_THE_WIRE + Victim.MARK + 2;

    @TempDir
    Path folder;

    private final ZmqResources resources = ZmqResources.create(o -> o.name("kill-test"));
    private final Random random = new Random(SEED);
    private final List<Victim> victims = new ArrayList<>();
    private final AtomicLong disconnects = new AtomicLong();
    private final AtomicLong peersUp = new AtomicLong();

    @BeforeEach
    void signalsExist() {
        assumeFalse(System.getProperty("os.name").startsWith("Windows"), "Windows has no SIGSTOP");
    }

    @AfterEach
    void everythingCloses() {
        victims.forEach(Victim::close);
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqConnection open(ZmqSocket socket) {
        ZmqConnection connection = socket.runOn(resources)
                .highWaterMark(Victim.MARK)
                .bufferBytes(Victim.BUFFER)
                .linger(Duration.ZERO)
                .bind("tcp://127.0.0.1:*")
                .openNow();
        connection.events().subscribe(event -> {
            switch (event.kind()) {
                case DISCONNECTED -> disconnects.incrementAndGet();
                case PEER_UP -> peersUp.incrementAndGet();
                default -> {}
            }
        });
        return connection;
    }

    private Path file() {
        return folder.resolve("victim" + victims.size());
    }

    private Victim add(Victim victim) {
        victims.add(victim);
        return victim;
    }

    private static void pause(long millis) throws InterruptedException {
        assertThat(new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)).isFalse();
    }

    /** Looks each millisecond, for as long as nothing may take. */
    private static void await(String what, BooleanSupplier happened) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!happened.getAsBoolean()) {
            assertThat(System.nanoTime()).as("nanoseconds until " + what).isLessThan(end);
            pause(1);
        }
    }

    /** Kills or stops it, by chance; returns whether it lives. */
    private boolean survivesAnAttack(Victim victim) throws Exception {
        pause(random.nextInt(30));
        if (random.nextInt(3) == 0) {
            victim.kill();
            return false;
        }
        victim.stop();
        pause(random.nextInt(30));
        victim.goOn();
        return true;
    }

    @Test
    void aSenderLosesNoMoreThanItsBuffers() throws Exception {
        ZmqConnection pull = open(ZmqSocket.pull());
        Receiver receiver = new Receiver();
        pull.receiveBytes().subscribe(receiver);
        int kills = 0;
        Victim victim = add(Victim.sender(file(), pull.endpoint(), 0));
        for (int round = 0; round < ROUNDS; round++) {
            receiver.requestAndAwait(1 + random.nextInt(1000));
            if (!survivesAnAttack(victim)) {
                kills++;
                int disconnected = kills;
                receiver.request(1000); // more than there is: the end comes behind what is queued
                await("event " + kills + " tells of the end", () -> disconnects.get() == disconnected);
                victim = add(Victim.sender(file(), pull.endpoint(), victims.size()));
                receiver.awaitFirstOf(victims.size() - 1);
            }
        }
        victim.kill();
        long last = kills + 1L;
        receiver.request(Long.MAX_VALUE);
        await("the last event tells of the end", () -> disconnects.get() == last);
        receiver.awaitStandstill();

        assertThat(peersUp.get()).as("peers that the events told of").isGreaterThanOrEqualTo(last);
        assertThat(receiver.faults).isEmpty();
        for (int i = 0; i < victims.size(); i++) {
            assertThat(victims.get(i).count() - receiver.received(i))
                    .as("messages that sender %d lost, seed %d", i, SEED)
                    .isLessThanOrEqualTo(HELD_BY_SENDER);
        }
        assertThat(pull.isDisposed()).isFalse();
    }

    @Test
    void aReceiverLosesNoMoreThanTheBuffersBetween() throws Exception {
        ZmqConnection push = open(ZmqSocket.push());
        AtomicLong number = new AtomicLong();
        push.sendBytes(Flux.generate(sink -> sink.next(Victim.message(0, number.getAndIncrement()))))
                .subscribe(v -> {}, e -> {}); // fails when the socket closes
        int kills = 0;
        long next = 0;
        Victim victim = add(Victim.receiver(file(), push.endpoint()));
        for (int round = 0; round < ROUNDS; round++) {
            awaitProgress(victim);
            if (!survivesAnAttack(victim)) {
                kills++;
                int disconnected = kills;
                await("event " + kills + " tells of the end", () -> disconnects.get() == disconnected);
                next = checkGap(victim, next);
                victim = add(Victim.receiver(file(), push.endpoint()));
            }
        }
        awaitProgress(victim);
        checkGap(victim, next);
        assertThat(peersUp.get()).as("peers that the events told of").isGreaterThan(kills);
    }

    /** More than all buffers hold: it has come from this process since. */
    private static void awaitProgress(Victim victim) throws InterruptedException {
        long enough = victim.count() + 2 * (HELD_BY_SENDER + HELD_BY_KERNEL + HELD_BY_RECEIVER);
        await("the receiver has " + enough + " messages", () -> victim.count() >= enough);
    }

    /** Checks what was lost before it; returns the number of the message that should come after it. */
    private static long checkGap(Victim victim, long next) {
        assertThat(victim.missing()).as("message missing in the middle").isZero();
        assertThat(victim.first() - next)
                .as("messages lost before message %d, seed %d", victim.first(), SEED)
                .isBetween(0L, HELD_BY_SENDER + HELD_BY_KERNEL + HELD_BY_RECEIVER);
        return victim.first() + victim.count();
    }

    /** Notes what it gets of each sender. */
    private static final class Receiver extends BaseSubscriber<ByteBuffer> {

        private final Map<Long, Long> next = new TreeMap<>();
        private final List<String> faults = new ArrayList<>();
        private final AtomicLong total = new AtomicLong();
        private long requested;

        @Override
        protected void hookOnSubscribe(Subscription s) {
            // asks when it is told to
        }

        @Override
        protected void hookOnNext(ByteBuffer message) {
            synchronized (next) {
                long sender = Victim.name(message);
                long expected = next.getOrDefault(sender, 0L);
                if (Victim.number(message) != expected) {
                    faults.add("sender " + sender + ": expected " + expected + ", got " + Victim.number(message));
                }
                next.put(sender, Victim.number(message) + 1);
            }
            total.incrementAndGet();
        }

        @Override
        protected void hookOnError(Throwable error) {
            synchronized (next) {
                faults.add("failed: " + error);
            }
        }

        void requestAndAwait(long n) throws InterruptedException {
            requested = total.get() + n;
            request(n);
            await("message " + requested + " is received", () -> total.get() >= requested);
        }

        long received(long sender) {
            synchronized (next) {
                return next.getOrDefault(sender, 0L);
            }
        }

        void awaitFirstOf(long sender) throws InterruptedException {
            request(1000);
            await("a message of sender " + sender, () -> received(sender) > 0);
        }

        void awaitStandstill() throws InterruptedException {
            long before = -1;
            for (int look = 0; look < 100 && before != total.get(); look++) {
                before = total.get();
                pause(100);
            }
            assertThat(total).hasValue(before);
        }
    }
}
