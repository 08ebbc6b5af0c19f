/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;

/** Streams of chunks of 64 KiB of a round: each is checked by its length and its checksum. */
final class Streams {

    static final int CHUNK = 64 << 10;

    private static final long LONGEST_SECONDS = 120;
    /** So many different chunks, so that a chunk in the wrong place changes the checksum. */
    private static final int PATTERNS = 16;

    private final ByteBuffer[] patterns = new ByteBuffer[PATTERNS];
    private final int number;
    private final int chunks;
    private final Returned[] returned;
    private final long checksum;
    private final AtomicInteger left;
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private volatile String sourceThread = "none";

    /** So many streams of so many chunks each. */
    Streams(int number, int chunks) {
        this.number = number;
        this.chunks = chunks;
        this.returned = new Returned[number];
        this.left = new AtomicInteger(number);
        for (int i = 0; i < PATTERNS; i++) {
            byte[] bytes = new byte[CHUNK];
            for (int k = 0; k < CHUNK; k++) {
                bytes[k] = (byte) (k * 31 + i * 7 + (k >> 8));
            }
            patterns[i] = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
        }
        CRC32C crc = new CRC32C();
        for (int i = 0; i < chunks; i++) {
            crc.update(patterns[i % PATTERNS].duplicate());
        }
        checksum = crc.getValue();
        for (int i = 0; i < number; i++) {
            returned[i] = new Returned();
        }
    }

    int number() {
        return number;
    }

    int chunks() {
        return chunks;
    }

    long bytes() {
        return (long) number * chunks * CHUNK;
    }

    /** Makes a chunk, in an array of its own, as a source would; called by the source. */
    byte[] chunk(int i) {
        if (i == chunks - 1) {
            sourceThread = Thread.currentThread().getName();
        }
        byte[] bytes = new byte[CHUNK];
        patterns[i % PATTERNS].duplicate().get(bytes);
        return bytes;
    }

    /** Bytes of a stream have come back; by one thread at a time for each stream. */
    void came(int stream, ByteBuffer bytes) {
        Returned one = returned[stream];
        one.length += bytes.remaining();
        one.crc.update(bytes.duplicate());
        if (one.length == (long) chunks * CHUNK) {
            if (one.crc.getValue() != checksum) {
                fail(new IllegalStateException("stream " + stream + " came back different"));
            } else if (left.decrementAndGet() == 0) {
                end.complete(sourceThread);
            }
        }
    }

    void fail(Throwable reason) {
        end.completeExceptionally(reason);
    }

    /** Waits for the last byte; returns the thread of the source. */
    String await() throws Exception {
        return end.get(LONGEST_SECONDS, TimeUnit.SECONDS);
    }

    private static final class Returned {
        private final CRC32C crc = new CRC32C();
        private long length;
    }
}
