/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import reactor.core.publisher.Operators;

/** What a subscriber has requested and not yet got, or that it has cancelled. Any thread may use it. */
final class Demand {

    private static final long CANCELLED = Long.MIN_VALUE;

    private static final AtomicLongFieldUpdater<Demand> REQUESTED =
            AtomicLongFieldUpdater.newUpdater(Demand.class, "requested");

    private volatile long requested;

    /** Returns the demand, 0 after a cancellation. */
    long get() {
        return Math.max(0, requested);
    }

    boolean isCancelled() {
        return requested == CANCELLED;
    }

    void add(long n) {
        REQUESTED.updateAndGet(this, r -> r == CANCELLED ? CANCELLED : Operators.addCap(r, n));
    }

    void produced() {
        if (requested != Long.MAX_VALUE) {
            REQUESTED.updateAndGet(this, r -> r == CANCELLED ? CANCELLED : r - 1);
        }
    }

    /** Returns whether this call was the one that cancelled. */
    boolean cancel() {
        return REQUESTED.getAndSet(this, CANCELLED) != CANCELLED;
    }
}
