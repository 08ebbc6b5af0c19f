/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.LimitExceededException;
import java.util.concurrent.atomic.AtomicLong;

/** The sum of all windows on some {@link ZmqResources}, and its limit. Any thread may use it. */
final class WindowBudget {

    private static final int LARGEST_FIRST = 1 << 16;

    /** As many streams at least find room at the first credit, whatever the others have got. */
    private static final int STREAMS = 1024;

    private final long limit;
    private final AtomicLong used = new AtomicLong();

    WindowBudget(long limit) {
        this.limit = limit;
    }

    /**
     * The credit that each stream begins with, which is reserved whether it is used or not: one full frame where the
     * limit is not small.
     */
    int firstCredit() {
        return (int) Math.max(ExchangeSettings.MIN_WINDOW, Math.min(LARGEST_FIRST, limit / STREAMS));
    }

    /** Reserves all or nothing; returns whether it did. */
    boolean reserve(long bytes) {
        if (used.addAndGet(bytes) <= limit) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    LimitExceededException exceeded() {
        return new LimitExceededException(
                "windowBudget", limit, "no room for one message more beside " + used + " bytes of windows");
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }

    long used() {
        return used.get();
    }
}
