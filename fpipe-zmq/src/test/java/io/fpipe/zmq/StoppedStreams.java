/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.zmq.Rig.Wiring;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A thousand streams at once, of which each second one's reader stops at a random byte; half of those go on later, the
 * others cancel. Also a process of its own, whose heap is smaller than what is under way.
 */
final class StoppedStreams implements AutoCloseable {

    static final int STREAMS = 1000;

    private static final int BUFFER = 3000;
    private static final int WINDOW = 1 << 16;

    /** Which messages the readers that stop read. */
    enum Direction {
        REQUESTS,
        REPLIES
    }

    private final ZmqResources resources;
    private final Rig rig;
    private final long budget;
    private final int longest;
    private final boolean requests;
    private final Random random;
    private final ServerBinding server;
    private final ClientExchange exchange;
    private final Map<Integer, Reader> readers = new ConcurrentHashMap<>();
    private final List<Mono<Long>> calls = new ArrayList<>();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger sourcesEnded = new AtomicInteger();

    StoppedStreams(Wiring wiring, Direction direction, long budget, int longest, long seed) {
        this.budget = budget;
        this.longest = longest;
        this.requests = direction == Direction.REQUESTS;
        this.random = new Random(seed);
        for (int i = 0; i < STREAMS; i++) {
            readers.put(i, new Reader(i, random));
        }
        resources = ZmqResources.create(o -> o.windowBudget(budget));
        rig = new Rig(wiring);
        server = rig.track((ServerBinding) ZmqServer.create()
                .bind(wiring.isTcp() ? "tcp://127.0.0.1:*" : "inproc://streams")
                .window(WINDOW)
                .runOn(resources)
                .route("streams", this::handle)
                .serveNow());
        exchange = rig.track((ClientExchange) ZmqClient.create()
                .connect(server.endpoint())
                .window(WINDOW)
                .runOn(resources)
                .openNow());
    }

    private Flux<ByteBuffer> source(int i) {
        return Noise.message(i, length(i), BUFFER)
                .doOnNext(buffer -> sent.addAndGet(buffer.remaining()))
                .doFinally(end -> sourcesEnded.incrementAndGet());
    }

    private long length(int i) {
        return longest / 2 + (long) i * (longest / 2) / STREAMS;
    }

    /** Reads its request as its reader does, or replies with the message of a reader. */
    private Flux<ByteBuffer> handle(Flux<ByteBuffer> request) {
        return Flux.deferContextual(context -> {
            int i = Integer.parseInt(ZmqCall.from(context).metadata().get("stream"));
            if (!requests) {
                return source(i);
            }
            Reader reader = readers.get(i);
            request.subscribe(reader);
            return reader.end.asMono().then(Mono.<ByteBuffer>empty()).flux();
        });
    }

    private Mono<Long> call(int i) {
        Reader reader = readers.get(i);
        Flux<ByteBuffer> reply =
                exchange.route("streams", o -> o.metadata("stream", "" + i)).apply(requests ? source(i) : Flux.empty());
        if (requests) {
            reply.subscribe(buffer -> {}, reader::hookOnError);
        } else {
            reply.subscribe(reader);
        }
        return reader.end.asMono();
    }

    /** Runs all of it; returns the most that windows, and the heap, have taken meanwhile. */
    String run() {
        for (int i = 0; i < STREAMS; i++) {
            calls.add(call(i));
        }
        // else those who come first have their windows grow, and the last find no room to begin
        rig.await("all have begun", () -> server.streamCount() == STREAMS && begun.get() == STREAMS);
        readers.values().forEach(Reader::next);
        AtomicLong windows = new AtomicLong();
        rig.await("those who go on have ended, and the others stand still", () -> {
            long used = resources.windows().used();
            windows.accumulateAndGet(used, Math::max);
            return failures.get() > 0 || readers.values().stream().allMatch(r -> r.stops() ? r.stopped : r.ended());
        });
        assertThat(failures).as("streams that failed").hasValue(0);
        assertThat(windows).as("most bytes of windows").hasValueLessThanOrEqualTo(budget);
        long heap = heap();
        assertThat(sent.get()
                        - readers.values().stream().mapToLong(r -> r.read.get()).sum())
                .as("bytes that sources are ahead of readers")
                .isLessThanOrEqualTo(budget + (long) STREAMS * BUFFER);
        readers.values().stream().filter(Reader::stops).forEach(Reader::resumeOrCancel);
        Flux.merge(Flux.fromIterable(calls), STREAMS).blockLast(Rig.SOON);
        rig.await("all sources have ended", () -> sourcesEnded.get() == STREAMS);
        rig.awaitNoStreams(exchange, server);
        rig.await("all windows are given back", () -> resources.windows().used() == 0);
        return "windows " + windows + ", heap " + heap + ", sent " + sent;
    }

    static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Override
    public void close() {
        rig.close();
        resources.dispose();
        resources.onDispose().block(Rig.SOON);
    }

    /** Checks every byte; stops at one if its number is odd. Its end has what it has read. */
    private final class Reader extends BaseSubscriber<ByteBuffer> {

        final Sinks.One<Long> end = Sinks.one();
        private final int number;
        private final long stopAt;
        private final CountDownLatch over = new CountDownLatch(1);

        final AtomicLong read = new AtomicLong();
        volatile boolean stopped;
        private volatile boolean goesOn;

        Reader(int number, Random random) {
            this.number = number;
            this.stopAt = stops() ? random.nextLong(length(number)) : Long.MAX_VALUE;
        }

        boolean stops() {
            return number % 2 == 1;
        }

        boolean ended() {
            return over.getCount() == 0;
        }

        @Override
        protected void hookOnSubscribe(Subscription s) {
            begun.incrementAndGet();
        }

        @Override
        protected void hookOnNext(ByteBuffer buffer) {
            Noise.check(number, read.getAndAdd(buffer.remaining()), buffer);
            next();
        }

        private void next() {
            if (goesOn) {
                return;
            }
            if (read.get() < stopAt) {
                request(1);
            } else {
                stopped = true;
            }
        }

        void resumeOrCancel() {
            goesOn = true;
            if (number % 4 == 1) {
                request(Long.MAX_VALUE);
            } else {
                cancel();
                end.tryEmitValue(read.get());
            }
        }

        @Override
        protected void hookOnComplete() {
            if (read.get() == length(number)) {
                over.countDown();
                end.tryEmitValue(read.get());
            } else {
                hookOnError(new AssertionError("stream " + number + " ended after " + read + " bytes"));
            }
        }

        @Override
        protected void hookOnError(Throwable error) {
            failures.incrementAndGet();
            end.tryEmitError(error);
        }
    }

    /** In a process of its own: prints what {@link #run} says. */
    public static void main(String[] args) throws Exception {
        Direction direction = Direction.valueOf(args[1]);
        try (StoppedStreams streams = new StoppedStreams(
                Wiring.valueOf(args[0]), direction, Long.parseLong(args[2]), Integer.parseInt(args[3]), 1)) {
            System.out.println(streams.run());
        }
        new CountDownLatch(1).await(1, TimeUnit.MINUTES); // whoever started it ends it
    }
}
