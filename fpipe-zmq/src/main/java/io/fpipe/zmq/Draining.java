/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.function.IntSupplier;

/** Lets what is under way end, for a while. */
final class Draining {

    private static final long LOOK_NANOS = 2_000_000;

    private Draining() {}

    /** Runs a task on the loop as soon as nothing is under way, or when the time is over. */
    static void await(EventLoop loop, Duration atMost, IntSupplier underWay, Runnable then) {
        long nanos = atMost.compareTo(Duration.ofDays(10_000)) > 0 ? Long.MAX_VALUE / 4 : atMost.toNanos();
        long end = System.nanoTime() + nanos;
        loop.execute(() -> look(loop, end, underWay, then));
    }

    private static void look(EventLoop loop, long end, IntSupplier underWay, Runnable then) {
        if (underWay.getAsInt() == 0 || System.nanoTime() - end >= 0) {
            then.run();
        } else {
            loop.schedule(LOOK_NANOS, () -> look(loop, end, underWay, then));
        }
    }
}
