/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** A subscriber that asks only when it is told to, and notes every breach of the rules. */
final class Probe implements CoreSubscriber<ZmqMessage>, Subscription {

    static final long SECONDS = 10;

    private final BlockingQueue<ZmqMessage> messages = new LinkedBlockingQueue<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicLong requested = new AtomicLong();
    private final AtomicInteger inside = new AtomicInteger();
    final AtomicLong received = new AtomicLong();
    final AtomicInteger terminations = new AtomicInteger();
    final List<String> breaches = new ArrayList<>();

    private final long first;
    private volatile Subscription s;
    volatile Throwable error;

    Probe(long first) {
        this.first = first;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        enter("onSubscribe");
        s = subscription;
        if (first > 0) {
            request(first);
        }
        inside.decrementAndGet();
    }

    @Override
    public void onNext(ZmqMessage message) {
        enter("onNext");
        if (received.incrementAndGet() > requested.get()) {
            breach("message " + received + " with a demand of " + requested);
        }
        if (terminations.get() > 0) {
            breach("message after the end");
        }
        messages.add(message);
        inside.decrementAndGet();
    }

    @Override
    public void onError(Throwable t) {
        error = t;
        ended("onError");
    }

    @Override
    public void onComplete() {
        ended("onComplete");
    }

    private void ended(String how) {
        enter(how);
        if (terminations.incrementAndGet() > 1) {
            breach("a second end: " + how);
        }
        inside.decrementAndGet();
        end.countDown();
    }

    private void enter(String what) {
        if (inside.incrementAndGet() != 1) {
            breach(what + " while another signal runs");
        }
        if (s == null && !what.equals("onSubscribe")) {
            breach(what + " before onSubscribe");
        }
    }

    private synchronized void breach(String what) {
        breaches.add(what);
    }

    @Override
    public void request(long n) {
        requested.addAndGet(n);
        s.request(n);
    }

    @Override
    public void cancel() {
        s.cancel();
    }

    ZmqMessage next() throws InterruptedException {
        ZmqMessage message = messages.poll(SECONDS, TimeUnit.SECONDS);
        assertThat(message)
                .as("a message within " + SECONDS + " s; error: " + error)
                .isNotNull();
        return message;
    }

    String nextText() throws InterruptedException {
        return text(next());
    }

    /** The next message if it comes within the given time, else null. */
    ZmqMessage poll(long millis) throws InterruptedException {
        return messages.poll(millis, TimeUnit.MILLISECONDS);
    }

    void awaitEnd() throws InterruptedException {
        assertThat(end.await(SECONDS, TimeUnit.SECONDS)).as("ended").isTrue();
    }

    synchronized void assertNoBreaches() {
        assertThat(breaches).isEmpty();
    }

    /**
     * Asserts that a number comes down to what is expected: JeroMQ's threads and sockets end a moment after they say so.
     * Looks again, a number of times.
     */
    static void assertReturnsTo(long expected, LongSupplier number) {
        try {
            for (int look = 0; look < 200 && number.getAsLong() > expected; look++) {
                assertThat(new CountDownLatch(1).await(25, TimeUnit.MILLISECONDS))
                        .isFalse();
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
        assertThat(number.getAsLong()).isLessThanOrEqualTo(expected);
    }

    static ZmqMessage message(String... frames) {
        ByteBuffer[] buffers = new ByteBuffer[frames.length];
        for (int i = 0; i < frames.length; i++) {
            buffers[i] = bytes(frames[i]);
        }
        return ZmqMessage.of(buffers);
    }

    static ZmqMessage to(ByteBuffer id, String body) {
        return ZmqMessage.of(id, bytes(body));
    }

    static ByteBuffer bytes(String text) {
        return StandardCharsets.UTF_8.encode(text);
    }

    static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    /** The last frame of a message as text. */
    static String text(ZmqMessage message) {
        return text(message.frame(message.frames().size() - 1));
    }
}
