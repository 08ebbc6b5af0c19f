/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * The one operator that drives {@link Transcoder}s; {@link Transcoders#transcode} is its contract.
 *
 * <p>All signals pass through one {@code drain()} guarded by {@code wip}: whoever increments it from zero owns the
 * codec until it is back at zero. After the codec was released {@code wip} is never decremented again, so nobody can
 * touch it afterwards. There is at most one input in flight, kept in the slot {@code input}.
 *
 * <p>Not {@code Fuseable}: fusion would run the codec in the thread of whoever polls, past a thread boundary.
 */
final class FluxTranscode<I, O> extends FluxOperator<I, O> {

    private final Supplier<? extends Transcoder<? super I, ? extends O>> factory;

    private FluxTranscode(Flux<I> source, Supplier<? extends Transcoder<? super I, ? extends O>> factory) {
        super(source);
        this.factory = factory;
    }

    static <I, O> Flux<O> of(Flux<I> source, Supplier<? extends Transcoder<? super I, ? extends O>> factory) {
        return onAssembly(new FluxTranscode<>(source, factory));
    }

    @Override
    public int getPrefetch() {
        return 1;
    }

    @Override
    public void subscribe(CoreSubscriber<? super O> actual) {
        Transcoder<? super I, ? extends O> transcoder;
        try {
            transcoder = Objects.requireNonNull(factory.get(), "the factory returned null");
        } catch (Throwable ex) {
            Operators.error(actual, Operators.onOperatorError(ex, actual.currentContext()));
            return;
        }
        source.subscribe(new TranscodeSubscriber<>(actual, transcoder));
    }

    @Override
    @SuppressWarnings("rawtypes") // Reactor's signature
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.SYNC;
        }
        return super.scanUnsafe(key);
    }

    static final class TranscodeSubscriber<I, O> implements CoreSubscriber<I>, Subscription, Scannable {

        @SuppressWarnings("rawtypes") // field updaters are made from raw classes
        private static final AtomicReferenceFieldUpdater<TranscodeSubscriber, Object> INPUT =
                AtomicReferenceFieldUpdater.newUpdater(TranscodeSubscriber.class, Object.class, "input");

        @SuppressWarnings("rawtypes")
        private static final AtomicLongFieldUpdater<TranscodeSubscriber> REQUESTED =
                AtomicLongFieldUpdater.newUpdater(TranscodeSubscriber.class, "requested");

        @SuppressWarnings("rawtypes")
        private static final AtomicIntegerFieldUpdater<TranscodeSubscriber> WIP =
                AtomicIntegerFieldUpdater.newUpdater(TranscodeSubscriber.class, "wip");

        private final CoreSubscriber<? super O> actual;
        private final Transcoder<? super I, ? extends O> transcoder;

        private @Nullable Subscription s;

        // Touched only by the owner of wip.
        private boolean awaitingInput;
        private boolean mayFlush;
        private boolean ended;
        private @Nullable I feeding;

        /** Published by the write to {@link #done}. */
        private @Nullable Throwable error;

        private volatile boolean done;
        private volatile boolean cancelled;
        private volatile boolean released;
        private volatile @Nullable Object input;
        private volatile long requested;

        @SuppressWarnings("unused") // used through WIP
        private volatile int wip;

        TranscodeSubscriber(CoreSubscriber<? super O> actual, Transcoder<? super I, ? extends O> transcoder) {
            this.actual = actual;
            this.transcoder = transcoder;
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
        public void onNext(I next) {
            if (done) {
                Operators.onNextDropped(next, currentContext());
                return;
            }
            if (!INPUT.compareAndSet(this, null, next)) {
                Operators.onDiscard(next, currentContext());
                onError(Operators.onOperatorError(s, Exceptions.failWithOverflow(), next, currentContext()));
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
            } else { // RS 3.9
                upstream().cancel();
                onError(Exceptions.nullOrNegativeRequestException(n));
            }
        }

        @Override
        public void cancel() {
            if (cancelled) {
                return;
            }
            cancelled = true;
            upstream().cancel();
            if (WIP.getAndIncrement(this) == 0) {
                release();
            }
        }

        private void drain() {
            if (WIP.getAndIncrement(this) != 0) {
                // An input that arrived after the release would otherwise stay in the slot for ever. Either this
                // thread sees the flag, or the releasing thread, which sets it first, sees the input.
                if (cancelled || released) {
                    discardInput();
                }
                return;
            }
            int missed = 1;
            do {
                long r = requested;
                long e = 0L;
                for (; ; ) {
                    if (cancelled) {
                        release();
                        return;
                    }
                    if (done && error != null) { // ahead of output: a broken message has no valid rest
                        release();
                        actual.onError(error);
                        return;
                    }
                    O out;
                    boolean finished;
                    try { // codec calls only: exceptions of downstream are not ours to handle
                        out = e != r ? advance() : null;
                        finished = out == null && (e != r ? ended : finishedWithoutDemand());
                    } catch (Throwable ex) {
                        fail(ex);
                        return;
                    }
                    if (out != null) {
                        e++;
                        actual.onNext(out);
                    } else if (finished) {
                        release();
                        actual.onComplete();
                        return;
                    } else if (e == r || awaitingInput) {
                        break;
                    } else {
                        awaitingInput = true;
                        mayFlush = true;
                        upstream().request(1); // may re-enter onNext, which then only bumps wip
                    }
                }
                if (e != 0L) {
                    Operators.produced(REQUESTED, this, e);
                }
                missed = WIP.addAndGet(this, -missed);
            } while (missed != 0);
        }

        /** Returns the next output; null if input is missing, or if nothing is left and {@code ended} is true. */
        private @Nullable O advance() throws Exception {
            for (; ; ) {
                O out = transcoder.poll();
                if (out != null || ended) {
                    return out;
                }
                boolean d = done; // read before the slot: the last input is written before done
                I in = takeInput();
                if (in != null) {
                    awaitingInput = false;
                    mayFlush = false;
                    feeding = in;
                    transcoder.feed(in);
                    feeding = null;
                } else if (d) {
                    ended = true;
                    transcoder.end();
                } else if (!mayFlush) {
                    return null;
                } else { // right after the request: the source had nothing at hand
                    mayFlush = false;
                    if (!transcoder.flush()) {
                        return null;
                    }
                }
            }
        }

        /** Lets a message complete together with its last output, before any further demand. */
        private boolean finishedWithoutDemand() throws Exception {
            if (!ended && done && input == null) {
                ended = true;
                transcoder.end();
            }
            return ended && transcoder.isFinished();
        }

        private void fail(Throwable ex) {
            done = true;
            release(); // first: a fatal error is thrown by the next line
            // No onNextError: skipping one buffer of a stateful stream would corrupt the rest.
            actual.onError(Operators.onOperatorError(s, ex, feeding, currentContext()));
        }

        private void release() {
            released = true;
            discardInput();
            try {
                transcoder.close();
            } catch (Throwable ex) { // the message's outcome is decided already
                Operators.onErrorDropped(ex, currentContext());
            }
        }

        private void discardInput() {
            I in = takeInput();
            if (in != null) {
                Operators.onDiscard(in, currentContext());
            }
        }

        @SuppressWarnings("unchecked") // only onNext writes the slot
        private @Nullable I takeInput() {
            return input == null ? null : (I) INPUT.getAndSet(this, null); // the read is the cheaper one
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
                return input == null ? 0 : 1;
            } else if (key == Attr.TERMINATED) {
                return done;
            } else if (key == Attr.CANCELLED) {
                return cancelled;
            } else if (key == Attr.ERROR) {
                return error;
            } else if (key == Attr.REQUESTED_FROM_DOWNSTREAM) {
                return requested;
            } else if (key == Attr.RUN_STYLE) {
                return Attr.RunStyle.SYNC;
            }
            return null;
        }
    }
}
