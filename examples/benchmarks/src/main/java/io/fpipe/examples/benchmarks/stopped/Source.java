/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.stopped;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;

/** Offers buffers all the while, whether they are wanted or not, and counts those that were taken. */
final class Source {

    /** Seldom enough that the clock itself costs next to nothing, and 100,000 buffers a second. */
    private static final Duration TICK = Duration.ofMillis(10);

    private static final int AT_ONCE = 1000;

    private final ByteBuffer buffer;
    private final AtomicLong taken = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    private volatile boolean over;

    Source(int length) {
        byte[] random = new byte[length];
        new Random(1).nextBytes(random);
        buffer = ByteBuffer.wrap(random);
    }

    Flux<ByteBuffer> buffers() {
        return Flux.interval(TICK)
                .onBackpressureDrop(tick -> refused.addAndGet(AT_ONCE))
                .concatMapIterable(
                        tick -> () -> IntStream.range(0, AT_ONCE).boxed().iterator(), 1)
                .takeWhile(i -> !over)
                .map(i -> take());
    }

    /** Offers as fast as it is asked: for many sources at a time, of which each would need a clock. */
    Flux<ByteBuffer> withoutEnd() {
        return Flux.generate(sink -> {
            if (over) {
                sink.complete();
            } else {
                sink.next(take());
            }
        });
    }

    private ByteBuffer take() {
        taken.incrementAndGet();
        return buffer.duplicate();
    }

    /** Ends the message, at the next thing that is asked for. */
    void end() {
        over = true;
    }

    long taken() {
        return taken.get();
    }

    long takenBytes() {
        return taken.get() * buffer.capacity();
    }

    /** What was taken and what was not. */
    long offered() {
        return taken.get() + refused.get();
    }
}
