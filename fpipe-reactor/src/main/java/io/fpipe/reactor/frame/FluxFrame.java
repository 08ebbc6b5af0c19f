/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

/** One frame. It has no drain of its own: {@link FramesSubscriber} emits what it emits. */
final class FluxFrame extends Flux<ByteBuffer> implements Subscription {

    /** Who is first decides: a subscriber takes the frame, or it is skipped, or it fails. */
    private static final int NEW = 0;

    private static final int TAKEN = 1;
    private static final int SKIPPED = 2;
    private static final int FAILED = 3;

    private static final AtomicIntegerFieldUpdater<FluxFrame> STATE =
            AtomicIntegerFieldUpdater.newUpdater(FluxFrame.class, "state");

    private static final AtomicLongFieldUpdater<FluxFrame> REQUESTED =
            AtomicLongFieldUpdater.newUpdater(FluxFrame.class, "requested");

    private final FramesSubscriber parent;

    private volatile int state;
    private volatile boolean cancelled;
    private volatile long requested;

    /** Null until its onSubscribe has returned: no other signal may come before. */
    private volatile @Nullable CoreSubscriber<? super ByteBuffer> actual;

    // Touched only by the owner of the parent's wip; the error is published by the state.
    private long emitted;
    private @Nullable Throwable error;

    FluxFrame(FramesSubscriber parent) {
        this.parent = parent;
    }

    @Override
    public void subscribe(CoreSubscriber<? super ByteBuffer> subscriber) {
        if (!STATE.compareAndSet(this, NEW, TAKEN)) {
            Operators.error(subscriber, refusal());
            return;
        }
        subscriber.onSubscribe(this);
        actual = subscriber;
        parent.drain();
    }

    private Throwable refusal() {
        Throwable failure = error;
        if (state == FAILED && failure != null) {
            return failure;
        }
        return new IllegalStateException(
                state == SKIPPED
                        ? "the frame was skipped, because the next was requested before anybody subscribed to it"
                        : "a frame has one subscriber, and had it already");
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            Operators.addCap(REQUESTED, this, n);
            parent.drain();
        } else if (!cancelled) {
            parent.refuse(n);
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        parent.drain();
    }

    boolean isSkipped() {
        return cancelled || state == SKIPPED;
    }

    boolean isSubscribed() {
        return actual != null;
    }

    boolean skipUnlessTaken() {
        return STATE.compareAndSet(this, NEW, SKIPPED);
    }

    boolean hasDemand() {
        return emitted != requested;
    }

    void emit(ByteBuffer bytes) {
        CoreSubscriber<? super ByteBuffer> subscriber = actual;
        if (subscriber != null) {
            emitted++;
            subscriber.onNext(bytes);
        }
    }

    void complete() {
        CoreSubscriber<? super ByteBuffer> subscriber = actual;
        if (subscriber != null && !cancelled) {
            subscriber.onComplete();
        }
    }

    /** Returns false if the subscriber cannot be told yet. */
    boolean fail(Throwable ex) {
        if (state == NEW) {
            error = ex;
            if (STATE.compareAndSet(this, NEW, FAILED)) {
                return true;
            }
        }
        if (isSkipped()) {
            return true;
        }
        CoreSubscriber<? super ByteBuffer> subscriber = actual;
        if (subscriber != null) {
            subscriber.onError(ex);
        }
        return subscriber != null;
    }
}
