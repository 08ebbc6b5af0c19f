/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** The subscriber of one run: asks as the scenario says, records the signals and watches that they keep the rules. */
final class SinkProbe implements CoreSubscriber<Object> {

    /** A stage that emits more is taken for one that does not end. */
    private static final int MOST_ELEMENTS = 1 << 20;

    private final boolean asksInside;
    private final int cancelAfter;
    private final Consumer<String> problems;

    private final Demand demand = new Demand();
    private final AtomicBoolean busy = new AtomicBoolean();

    // Guarded by this.
    private final List<Object> received = new ArrayList<>();
    private final List<ByteBuffer> snapshots = new ArrayList<>();
    private @Nullable Subscription s;
    private @Nullable Throwable error;
    private boolean completed;
    private boolean cancelled;

    SinkProbe(boolean asksInside, int cancelAfter, Consumer<String> problems) {
        this.asksInside = asksInside;
        this.cancelAfter = cancelAfter;
        this.problems = problems;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        synchronized (this) {
            if (s != null) {
                problems.accept("onSubscribe was called twice");
                return;
            }
            s = subscription;
            notifyAll();
        }
        if (cancelAfter == 0) {
            cancel();
        }
    }

    @Override
    public void onNext(Object element) {
        enter("onNext");
        demand.produced();
        if (demand.outstanding() < 0) {
            problems.accept("element " + (demand.total() - 1) + " was emitted without demand");
        }
        int count;
        synchronized (this) {
            checkOpen("onNext");
            received.add(element);
            if (element instanceof ByteBuffer buffer) {
                snapshots.add(copy(buffer));
            }
            count = received.size();
            notifyAll();
        }
        if (count == MOST_ELEMENTS) {
            problems.accept("more than " + MOST_ELEMENTS + " elements were emitted");
        }
        if (count == cancelAfter || count == MOST_ELEMENTS) {
            cancel();
        } else if (asksInside) {
            request(1);
        }
        busy.set(false);
    }

    @Override
    public void onError(Throwable ex) {
        enter("onError");
        synchronized (this) {
            checkOpen("onError");
            error = ex;
            notifyAll();
        }
        busy.set(false);
    }

    @Override
    public void onComplete() {
        enter("onComplete");
        synchronized (this) {
            checkOpen("onComplete");
            completed = true;
            notifyAll();
        }
        busy.set(false);
    }

    private void enter(String signal) {
        if (busy.getAndSet(true)) {
            problems.accept(signal + " came while another signal was running");
        }
    }

    private void checkOpen(String signal) {
        if (s == null) {
            problems.accept(signal + " came before onSubscribe");
        } else if (cancelled && (signal.equals("onNext") || (signal.equals("onError") && !received.isEmpty()))) {
            // the end may be on its way together with the last, and an error together with the subscription
            problems.accept(signal + " came after cancel");
        } else if (completed || error != null) {
            problems.accept(signal + " came after " + (completed ? "onComplete" : "onError"));
        }
    }

    void request(long n) {
        Subscription subscription = subscription();
        if (subscription != null) {
            demand.add(n);
            subscription.request(n);
        }
    }

    void cancel() {
        Subscription subscription = subscription();
        if (subscription != null) {
            synchronized (this) {
                cancelled |= !isTerminated();
                notifyAll();
            }
            subscription.cancel();
        }
    }

    private synchronized @Nullable Subscription subscription() {
        return s;
    }

    long outstanding() {
        return Math.max(0, demand.outstanding());
    }

    synchronized boolean isTerminated() {
        return completed || error != null;
    }

    synchronized boolean isCancelled() {
        return cancelled;
    }

    synchronized boolean isSubscribed() {
        return s != null;
    }

    synchronized boolean isOver() {
        return cancelled || completed || error != null;
    }

    synchronized @Nullable Throwable error() {
        return error;
    }

    synchronized List<Object> received() {
        return List.copyOf(received);
    }

    /** Waits for a condition on this probe; returns whether it came true in time. */
    synchronized boolean await(BooleanSupplier condition, long nanos) {
        long deadline = System.nanoTime() + nanos;
        try {
            while (!condition.getAsBoolean()) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return false;
                }
                wait(left);
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
        return true;
    }

    /** Reports emitted buffers that are empty (passing an empty one on is harmless) or were changed afterwards. */
    synchronized void checkBuffers(Set<ByteBuffer> inputs) {
        int i = 0;
        for (Object element : received) {
            if (element instanceof ByteBuffer buffer) {
                ByteBuffer before = snapshots.get(i);
                if (!buffer.hasRemaining() && !inputs.contains(buffer)) {
                    problems.accept("emitted buffer " + i + " is empty");
                }
                if (!buffer.equals(before)) {
                    problems.accept("emitted buffer " + i + " was changed after its emission");
                }
                i++;
            }
        }
    }

    private static ByteBuffer copy(ByteBuffer buffer) {
        return ByteBuffer.allocate(buffer.remaining()).put(buffer.duplicate()).flip();
    }

    @Override
    public synchronized String toString() {
        return "the subscriber got " + received.size() + " elements, has a demand of " + Demand.text(outstanding())
                + (completed ? " and the end" : error != null ? " and " + error : cancelled ? " and cancelled" : "");
    }
}
