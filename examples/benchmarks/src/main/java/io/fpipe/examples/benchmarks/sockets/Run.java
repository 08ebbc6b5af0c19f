/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The messages of one run: what the source makes and what the sink has got. A message is a new array of zeros with its
 * number at the beginning and its complement at the end. After the first one the source waits until it has arrived, so
 * that no message is made before the clock runs, and the time to connect does not count.
 */
final class Run {

    private static final long LONGEST_SECONDS = 20;

    private final int size;
    private final int count;
    private final Runnable atFirst;
    private final CountDownLatch go = new CountDownLatch(1);
    private final CompletableFuture<Long> nanos = new CompletableFuture<>();

    private volatile String sourceThread = "none";

    // The thread of the sink's only; published by nanos.
    private int arrived;
    private long checksum;
    private long start;

    /** Makes a run; the last argument is what to do when the first message has arrived. */
    Run(int size, int count, Runnable atFirst) {
        this.size = size;
        this.count = count;
        this.atFirst = atFirst;
    }

    int size() {
        return size;
    }

    int count() {
        return count;
    }

    /** How many messages may be on their way where the contestant has to be told: 64 MiB and at most 1024. */
    int window() {
        return Math.min(1024, (64 << 20) / size);
    }

    /** Lets the source go on after the first message. */
    void go() {
        go.countDown();
    }

    /** Makes a message; called by the source. */
    byte[] message(int number) {
        if (number == 1) {
            awaitGo();
        }
        if (number == count - 1) {
            sourceThread = Thread.currentThread().getName();
        }
        byte[] bytes = new byte[size];
        ByteBuffer.wrap(bytes).putLong(0, number).putLong(size - 8, ~number);
        return bytes;
    }

    private void awaitGo() {
        try {
            if (!go.await(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the first message has not arrived within " + LONGEST_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted before the first message has arrived", e);
        }
    }

    /** A message has arrived; called by one thread at a time. */
    void arrived(byte[] message) {
        arrived(ByteBuffer.wrap(message));
    }

    /** A message has arrived; called by one thread at a time. */
    void arrived(ByteBuffer message) {
        int from = message.position();
        int length = message.remaining();
        if (length == size) {
            arrived(length, message.getLong(from), message.getLong(from + length - 8));
        } else {
            arrived(length, -1, -1);
        }
    }

    /** A message has arrived, of that length and with these numbers at its ends; called by one thread at a time. */
    void arrived(int length, long first, long last) {
        if (length != size || first != arrived || last != ~first) {
            fail(new IllegalStateException("expected message " + arrived + " of " + size + " bytes, got " + length
                    + " bytes with " + first + " and " + last + " at the ends"));
        }
        checksum = addToChecksum(checksum, first, last);
        arrived++;
        if (arrived == 1) {
            start = System.nanoTime();
            atFirst.run();
        }
        if (arrived == count) {
            nanos.complete(System.nanoTime() - start);
        }
    }

    /** What the checksum of so many messages has to be. */
    static long checksum(int count) {
        long sum = 0;
        for (long i = 0; i < count; i++) {
            sum = addToChecksum(sum, i, ~i);
        }
        return sum;
    }

    private static long addToChecksum(long checksum, long first, long last) {
        return 31 * checksum + first + 7 * last;
    }

    void fail(Throwable reason) {
        nanos.completeExceptionally(reason);
    }

    /** Waits for the last message and says what has arrived, and in what time since the first. */
    String await() throws Exception {
        long time = nanos.get(LONGEST_SECONDS, TimeUnit.SECONDS);
        return "arrived " + arrived + " " + checksum + " " + time;
    }

    String sourceThread() {
        return sourceThread;
    }
}
