/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** The source of one run: gives buffers under demand, on an executor, and watches what is done to it and them. */
final class SourceProbe implements Publisher<ByteBuffer>, Subscription {

    private static final Subscription NONE = new Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
    };

    private final List<ByteBuffer> buffers;
    private final List<ByteBuffer> snapshots;
    private final @Nullable Throwable error;
    private final Executor executor;
    private final long prefetch;
    private final LongSupplier downstreamDemand;
    private final Consumer<String> problems;

    private final AtomicReference<@Nullable Subscriber<? super ByteBuffer>> subscriber = new AtomicReference<>();
    private final Demand demand = new Demand();
    private final AtomicInteger wip = new AtomicInteger();
    private volatile boolean cancelled;
    private volatile boolean terminated;
    private boolean ending;

    /**
     * Creates the source.
     *
     * @param buffers what it gives
     * @param error what it ends with, null to complete
     * @param executor where it gives it
     * @param prefetch how many outstanding buffers it allows if downstream asked for less
     * @param downstreamDemand the outstanding demand of the subscriber at the end
     * @param problems takes what went wrong
     */
    SourceProbe(
            List<ByteBuffer> buffers,
            @Nullable Throwable error,
            Executor executor,
            long prefetch,
            LongSupplier downstreamDemand,
            Consumer<String> problems) {
        this.buffers = buffers;
        this.snapshots = new ArrayList<>(buffers.size());
        for (ByteBuffer buffer : buffers) {
            snapshots.add(snapshot(buffer));
        }
        this.error = error;
        this.executor = executor;
        this.prefetch = prefetch;
        this.downstreamDemand = downstreamDemand;
        this.problems = problems;
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuffer> actual) {
        if (!subscriber.compareAndSet(null, actual)) {
            problems.accept("the source was subscribed to more than once");
            actual.onSubscribe(NONE);
            actual.onError(new IllegalStateException("a message can be read only once"));
            return;
        }
        actual.onSubscribe(this);
        schedule();
    }

    @Override
    public void request(long n) {
        if (n <= 0) {
            problems.accept("the source was asked for " + n + " buffers");
            return;
        }
        if (cancelled || terminated) {
            return;
        }
        long outstanding = demand.add(n);
        long allowed = Math.max(prefetch, downstreamDemand.getAsLong());
        if (outstanding > allowed) {
            problems.accept("the source was asked for " + Demand.text(outstanding) + " buffers at once, where "
                    + Demand.text(allowed) + " is the most");
        }
        schedule();
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    private void schedule() {
        if (wip.getAndIncrement() == 0) {
            executor.execute(this::drain);
        }
    }

    private void drain() {
        Subscriber<? super ByteBuffer> actual = subscriber.get();
        if (actual == null) {
            return;
        }
        int missed = 1;
        do {
            while (!cancelled && delivered() < buffers.size() && demand.outstanding() > 0) {
                ByteBuffer next = buffers.get(delivered());
                demand.produced();
                signal("onNext", () -> actual.onNext(next));
            }
            if (delivered() == buffers.size() && !ending) {
                ending = true;
                executor.execute(() -> terminate(actual)); // as a task of its own: the end may come late
            }
            missed = wip.addAndGet(-missed);
        } while (missed != 0);
    }

    private void terminate(Subscriber<? super ByteBuffer> actual) {
        if (cancelled) {
            return;
        }
        terminated = true;
        if (error != null) {
            signal("onError", () -> actual.onError(error));
        } else {
            signal("onComplete", actual::onComplete);
        }
    }

    private void signal(String name, Runnable signal) {
        try {
            signal.run();
        } catch (Throwable ex) {
            problems.accept(name + " threw " + ex + " to the source");
        }
    }

    private int delivered() {
        return (int) demand.total();
    }

    /** Whether somebody subscribed and the source neither ended nor was cancelled. */
    boolean isOpen() {
        return subscriber.get() != null && !cancelled && !terminated;
    }

    /** The buffers it gives, by identity. */
    Set<ByteBuffer> buffers() {
        Set<ByteBuffer> set = Collections.newSetFromMap(new IdentityHashMap<>());
        set.addAll(buffers);
        return set;
    }

    /** Reports buffers whose cursor or content was changed. */
    void checkBuffers() {
        for (int i = 0; i < buffers.size(); i++) {
            ByteBuffer buffer = buffers.get(i);
            ByteBuffer before = snapshots.get(i);
            if (buffer.position() != before.position() || buffer.limit() != before.limit()) {
                problems.accept("the cursor of input buffer " + i + " was moved from " + before + " to " + buffer);
            } else if (!buffer.order().equals(before.order())) {
                problems.accept("the byte order of input buffer " + i + " was changed to " + buffer.order());
            } else if (!buffer.duplicate().clear().equals(before.duplicate().clear())) {
                problems.accept("the content of input buffer " + i + " was written");
            }
        }
    }

    /** A copy of the whole content, with the same cursor and byte order. */
    private static ByteBuffer snapshot(ByteBuffer buffer) {
        return ByteBuffer.allocate(buffer.capacity())
                .put(buffer.duplicate().clear())
                .limit(buffer.limit())
                .position(buffer.position())
                .order(buffer.order());
    }

    @Override
    public String toString() {
        return "the source gave " + delivered() + " of " + buffers.size() + " buffers, has a demand of "
                + Demand.text(demand.outstanding())
                + (terminated ? " and ended" : cancelled ? " and was cancelled" : " and is open");
    }
}
