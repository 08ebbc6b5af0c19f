/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * The subscriber of {@link FluxFrames}. All signals of the source, the outer subscriber and the open frame's subscriber
 * pass through one {@code drain()} guarded by {@code wip}. There is at most one part in flight, kept in the slot
 * {@code part}. When all is over {@code wip} is not decremented again.
 */
final class FramesSubscriber implements CoreSubscriber<FramePart>, Subscription, Scannable {

    private static final AtomicReferenceFieldUpdater<FramesSubscriber, @Nullable FramePart> PART =
            AtomicReferenceFieldUpdater.newUpdater(FramesSubscriber.class, FramePart.class, "part");

    private static final AtomicLongFieldUpdater<FramesSubscriber> REQUESTED =
            AtomicLongFieldUpdater.newUpdater(FramesSubscriber.class, "requested");

    private static final AtomicIntegerFieldUpdater<FramesSubscriber> WIP =
            AtomicIntegerFieldUpdater.newUpdater(FramesSubscriber.class, "wip");

    private final CoreSubscriber<? super Flux<ByteBuffer>> actual;

    private @Nullable Subscription s;

    // Touched only by the owner of wip.
    private @Nullable FluxFrame open;
    private boolean awaitingPart;
    private long emitted;

    /** Published by the write to {@link #done}. */
    private @Nullable Throwable error;

    private volatile boolean done;
    private volatile boolean cancelled;
    private volatile boolean over;
    private volatile @Nullable FramePart part;
    private volatile long requested;

    @SuppressWarnings("unused") // used through WIP
    private volatile int wip;

    FramesSubscriber(CoreSubscriber<? super Flux<ByteBuffer>> actual) {
        this.actual = actual;
    }

    @Override
    public Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription s) {
        if (Operators.validate(this.s, s)) {
            this.s = s;
            actual.onSubscribe(this);
        }
    }

    @Override
    public void onNext(FramePart next) {
        if (done) {
            Operators.onNextDropped(next.bytes(), currentContext());
            return;
        }
        if (!PART.compareAndSet(this, null, next)) {
            discard(next);
            onError(Operators.onOperatorError(s, Exceptions.failWithOverflow(), currentContext()));
            return;
        }
        drain();
    }

    @Override
    public void onError(Throwable t) {
        if (done) {
            Operators.onErrorDropped(t, currentContext());
            return;
        }
        error = t;
        done = true;
        drain();
    }

    @Override
    public void onComplete() {
        if (done) {
            return;
        }
        done = true;
        drain();
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            Operators.addCap(REQUESTED, this, n);
            drain();
        } else {
            refuse(n);
        }
    }

    /** Ends everything with an error, because a subscriber broke RS 3.9. */
    void refuse(long n) {
        upstream().cancel();
        onError(Exceptions.nullOrNegativeRequestException(n));
    }

    @Override
    public void cancel() {
        cancelled = true;
        drain();
    }

    void drain() {
        if (WIP.getAndIncrement(this) != 0) {
            if (over) { // either this thread sees the flag, or the one that sets it sees the part
                discardPart();
            }
            return;
        }
        int missed = 1;
        do {
            boolean more = true;
            while (more) { // each step consumes a part, a request or a signal
                more = step();
            }
            if (over) {
                return;
            }
            missed = WIP.addAndGet(this, -missed);
        } while (missed != 0);
    }

    /** Does one thing; false if there is nothing to do before the next signal. */
    private boolean step() {
        FluxFrame frame = open;
        boolean d = done; // read before the slot: the last part is written before done
        if (d && error != null) {
            return fail(frame, error);
        }
        if (frame == null) {
            return findFrame(d);
        }
        if (frame.isSkipped()) {
            return skip();
        }
        if (frame.isSubscribed()) {
            return read(frame);
        }
        // Nobody subscribed during onNext, and now the next is asked for, or nothing any more.
        return (cancelled || emitted != requested) && frame.skipUnlessTaken();
    }

    private boolean findFrame(boolean d) {
        if (cancelled) {
            return end();
        }
        if (part != null) {
            FluxFrame frame = new FluxFrame(this);
            open = frame;
            emitted++;
            actual.onNext(frame);
            return true;
        }
        if (d) {
            end();
            actual.onComplete();
            return false;
        }
        return emitted != requested && requestPart();
    }

    private boolean skip() {
        if (cancelled) {
            return end();
        }
        FramePart skipped = takePart();
        if (skipped == null) {
            return emitted != requested && requestPart(); // not before somebody wants the next
        }
        discard(skipped);
        if (skipped.last()) {
            open = null;
        }
        return true;
    }

    private boolean read(FluxFrame frame) {
        FramePart next = part;
        boolean hasDemand = frame.hasDemand();
        if (next == null) {
            return hasDemand && requestPart();
        }
        if (next.bytes().hasRemaining()) {
            if (!hasDemand) {
                return false;
            }
            takePart();
            frame.emit(next.bytes());
        } else {
            takePart();
        }
        if (next.last()) {
            open = null;
            frame.complete();
        }
        return true;
    }

    /** Ahead of a part that was not delivered: a broken frame has no valid rest. */
    private boolean fail(@Nullable FluxFrame frame, Throwable ex) {
        if (frame != null && !frame.fail(ex)) {
            return false; // its subscriber is just being told of its subscription
        }
        end();
        if (!cancelled) {
            actual.onError(ex);
        }
        return false;
    }

    private boolean end() {
        over = true;
        if (!done) {
            upstream().cancel();
        }
        discardPart();
        return false;
    }

    private boolean requestPart() {
        if (awaitingPart) {
            return false;
        }
        awaitingPart = true;
        upstream().request(1); // may re-enter onNext, which then only bumps wip
        return true;
    }

    private @Nullable FramePart takePart() {
        FramePart taken = PART.getAndSet(this, null);
        if (taken != null) {
            awaitingPart = false;
        }
        return taken;
    }

    private void discardPart() {
        FramePart left = PART.getAndSet(this, null);
        if (left != null) {
            discard(left);
        }
    }

    private void discard(FramePart discarded) {
        if (discarded.bytes().hasRemaining()) {
            Operators.onDiscard(discarded.bytes(), currentContext());
        }
    }

    private Subscription upstream() {
        return Objects.requireNonNull(s, "onSubscribe was not called");
    }

    @Override
    @SuppressWarnings("rawtypes") // Reactor's signature
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.PARENT) {
            return s;
        } else if (key == Attr.ACTUAL) {
            return actual;
        } else if (key == Attr.PREFETCH) {
            return 1;
        } else if (key == Attr.BUFFERED) {
            return part == null ? 0 : 1;
        } else if (key == Attr.TERMINATED) {
            return done;
        } else if (key == Attr.CANCELLED) {
            return cancelled;
        } else if (key == Attr.ERROR) {
            return error;
        } else if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.SYNC;
        }
        return null;
    }
}
