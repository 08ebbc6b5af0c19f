/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.LimitExceededException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The sum of all windows on some {@link ZmqResources}, and its limit. Windows that grow have one half of it; the other
 * half is kept for streams that begin. Any thread may use it.
 */
final class WindowBudget {

    private static final int LARGEST_FIRST = 1 << 16;

    /** As many streams find room for the first credit, whatever windows have grown, unless the limit is below 8 MiB. */
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
        return (int) Math.max(ExchangeSettings.MIN_WINDOW, Math.min(LARGEST_FIRST, limit / 2 / STREAMS));
    }

    /** Reserves what a stream begins with, all or nothing; returns whether it did. */
    boolean reserve(long bytes) {
        return reserve(bytes, limit);
    }

    /** Reserves what a window grows by, all or nothing; returns whether it did. */
    boolean reserveMore(long bytes) {
        return reserve(bytes, limit / 2);
    }

    private boolean reserve(long bytes, long most) {
        for (long now = used.get(); now + bytes <= most; now = used.get()) {
            if (used.compareAndSet(now, now + bytes)) {
                return true;
            }
        }
        return false;
    }

    LimitExceededException exceeded() {
        return new LimitExceededException(
                "windowBudget",
                limit,
                "no room for one message more beside the " + used + " bytes that messages under way have");
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }

    long used() {
        return used.get();
    }
}
