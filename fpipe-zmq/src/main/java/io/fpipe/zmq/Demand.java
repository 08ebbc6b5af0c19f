/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Operators;

/** What a subscriber has requested and not yet got, or that it has cancelled. Any thread may use it. */
final class Demand {

    private static final long CANCELLED = Long.MIN_VALUE;

    private final AtomicLong requested = new AtomicLong();

    /** Returns the demand, 0 after a cancellation. */
    long get() {
        return Math.max(0, requested.get());
    }

    boolean isCancelled() {
        return requested.get() == CANCELLED;
    }

    void add(long n) {
        requested.updateAndGet(r -> r == CANCELLED ? CANCELLED : Operators.addCap(r, n));
    }

    void produced() {
        if (requested.get() != Long.MAX_VALUE) {
            requested.updateAndGet(r -> r == CANCELLED ? CANCELLED : r - 1);
        }
    }

    /** Returns whether this call was the one that cancelled. */
    boolean cancel() {
        return requested.getAndSet(CANCELLED) != CANCELLED;
    }
}
