/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.stopped;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** Reads until it has some bytes, buffer by buffer, and then stops until it is told to go on. */
final class Reader extends BaseSubscriber<ByteBuffer> {

    private final long stopsAt;
    private final AtomicLong all;

    private long read;

    private volatile boolean stopped;

    /** All readers of a layer count together, too. */
    Reader(long stopsAt, AtomicLong all) {
        this.stopsAt = stopsAt;
        this.all = all;
    }

    @Override
    protected void hookOnSubscribe(Subscription s) {
        next();
    }

    @Override
    protected void hookOnNext(ByteBuffer buffer) {
        read += buffer.remaining();
        all.addAndGet(buffer.remaining());
        if (!stopped) {
            next();
        }
    }

    private void next() {
        if (read < stopsAt) {
            request(1);
        } else {
            stopped = true;
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        // it was read as far as it went; what is missing shows in the count
    }

    void goOn() {
        stopped = true;
        request(Long.MAX_VALUE);
    }
}
