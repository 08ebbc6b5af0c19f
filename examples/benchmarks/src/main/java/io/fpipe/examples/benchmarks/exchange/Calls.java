/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The calls of a round: makes their messages, checks the answers, and takes the times. */
final class Calls {

    private static final long LONGEST_SECONDS = 25;

    private final int size;
    private final int count;
    private final int inFlight;
    private final long[] times;
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final CompletableFuture<String> end = new CompletableFuture<>();

    Calls(int size, int count, int inFlight) {
        this.size = size;
        this.count = count;
        this.inFlight = Math.min(inFlight, count);
        this.times = new long[count];
    }

    int count() {
        return count;
    }

    int inFlight() {
        return inFlight;
    }

    /** Returns the number of the next call, or -1 when all have been made. */
    int next() {
        int number = begun.getAndIncrement();
        return number < count ? number : -1;
    }

    /** Makes the message of a call; its time begins. */
    byte[] message(int number) {
        byte[] bytes = new byte[size];
        ByteBuffer.wrap(bytes).putLong(0, number).putLong(size - 8, ~number);
        times[number] = System.nanoTime();
        return bytes;
    }

    /** An answer has come whole, in one buffer. */
    void answered(ByteBuffer answer) {
        int length = answer.remaining();
        int from = answer.position();
        answered(length, length < 8 ? -1 : answer.getLong(from), length < 8 ? -1 : answer.getLong(from + length - 8));
    }

    /** An answer has come whole, of that length and with these numbers at its ends. */
    void answered(int length, long first, long last) {
        long now = System.nanoTime();
        if (length != size || first < 0 || first >= count || last != ~first) {
            fail(new IllegalStateException("expected an answer of " + size + " bytes to one of " + count
                    + " calls, got " + length + " bytes with " + first + " and " + last + " at the ends"));
            return;
        }
        times[(int) first] = now - times[(int) first];
        if (answered.incrementAndGet() == count) {
            end.complete(Thread.currentThread().getName());
        }
    }

    void fail(Throwable reason) {
        end.completeExceptionally(reason);
    }

    /** Waits for the last answer; returns the thread that it came in, which is also the source's of all but the first. */
    String await() throws Exception {
        return end.get(LONGEST_SECONDS, TimeUnit.SECONDS);
    }

    /** The times of all calls, by number. */
    long[] times() {
        return times;
    }
}
