/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** The cheapest end of a message: counts bytes and buffers; for checks it keeps the bytes. */
final class Counter implements CoreSubscriber<ByteBuffer> {

    private final @Nullable ByteArrayOutputStream kept;
    private long bytes;
    private long buffers;

    private Counter(@Nullable ByteArrayOutputStream kept) {
        this.kept = kept;
    }

    static Counter create() {
        return new Counter(null);
    }

    static Counter keeping() {
        return new Counter(new ByteArrayOutputStream());
    }

    void accept(ByteBuffer buffer) {
        buffers++;
        bytes += buffer.remaining();
        if (kept != null) {
            byte[] copy = new byte[buffer.remaining()];
            buffer.duplicate().get(copy);
            kept.writeBytes(copy);
        }
    }

    /** Counts what is not a buffer of Java. */
    void add(int count) {
        buffers++;
        bytes += count;
    }

    @Override
    public void onSubscribe(Subscription s) {
        s.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer buffer) {
        accept(buffer);
    }

    @Override
    public void onError(Throwable t) {
        throw new IllegalStateException("the message failed", t);
    }

    @Override
    public void onComplete() {}

    /** Both counts in one number, for JMH to consume. */
    long result() {
        return bytes + 31 * buffers;
    }

    long bytes() {
        return bytes;
    }

    long buffers() {
        return buffers;
    }

    boolean keeps() {
        return kept != null;
    }

    byte[] kept() {
        return kept == null ? new byte[0] : kept.toByteArray();
    }
}
