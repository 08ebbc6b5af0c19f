/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

/**
 * Receives one message from a peer: keeps what arrives until its one subscriber asks for it, and gives the peer credit
 * for what was delivered, so never more than the window is kept. Everything but {@link #request} and {@link #cancel}
 * runs on the loop, and so do all signals.
 */
final class MessageReceiver extends Flux<ByteBuffer> implements Subscription {

    private final ExchangeStream stream;
    private final EventLoop loop;
    private final int window;
    private final Demand demand = new Demand();
    private final AtomicBoolean subscribed = new AtomicBoolean();

    // Loop thread only.
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>(2);
    private long received;
    private long spent;
    private long granted;
    private long consumed;
    private boolean ended;
    private boolean draining;
    private boolean terminated;
    private @Nullable Throwable error;

    private volatile boolean over;
    private volatile boolean starved;
    private volatile @Nullable CoreSubscriber<? super ByteBuffer> actual;

    MessageReceiver(ExchangeStream stream, EventLoop loop, int window) {
        this.stream = stream;
        this.loop = loop;
        this.window = window;
        this.granted = window;
    }

    /** Whether the end was delivered, or nobody wants it. */
    boolean isOver() {
        return over;
    }

    boolean isCancelled() {
        return demand.isCancelled();
    }

    /** How many bytes have arrived: the offset of the next one. */
    long received() {
        return received;
    }

    /** Takes the subscriber before the stream begins, when there is nothing to deliver yet. */
    void open(CoreSubscriber<? super ByteBuffer> subscriber) {
        subscribed.set(true);
        actual = subscriber;
        subscriber.onSubscribe(this);
    }

    @Override
    public void subscribe(CoreSubscriber<? super ByteBuffer> subscriber) {
        if (!subscribed.compareAndSet(false, true)) {
            Operators.error(subscriber, new IllegalStateException("a received message can be read only once"));
            return;
        }
        subscriber.onSubscribe(this);
        actual = subscriber;
        onLoop(this::drain);
    }

    /** Takes what arrived; returns false if the peer had no credit for it. */
    boolean offer(ByteBuffer payload, boolean end) {
        int length = payload.remaining();
        spent += ExchangeSettings.cost(length);
        if (spent > granted) {
            return false;
        }
        received += length;
        ended |= end;
        if (length > 0 && !over && !isCancelled()) {
            queue.add(payload);
        }
        drain();
        return true;
    }

    /** Ends the message without success, ahead of what was not delivered yet, unless all of it is here. */
    void fail(Throwable reason) {
        if (!ended) {
            cut(reason);
        }
    }

    /** Ends the message without success, whatever is here. */
    void cut(Throwable reason) {
        if (error == null) {
            error = reason;
            drain();
        }
    }

    private void drain() {
        CoreSubscriber<? super ByteBuffer> a = actual;
        if (draining || over || a == null) {
            return;
        }
        draining = true;
        starved = false;
        try {
            while (step(a)) {
                // one more buffer
            }
        } catch (Throwable ex) { // against rule 2.13 of Reactive Streams; the other streams of the loop go on
            broken(a, ex);
        }
        draining = false;
        if (!over && !ended && error == null) {
            grant();
        }
    }

    /** Delivers one signal; returns whether there may be another one. */
    private boolean step(CoreSubscriber<? super ByteBuffer> a) {
        if (isCancelled()) {
            discard(a);
            return false;
        }
        if (error != null) {
            terminated = true;
            discard(a);
            a.onError(error);
            return false;
        }
        if (queue.isEmpty()) {
            if (ended) {
                terminated = true;
                discard(a);
                a.onComplete();
            }
            return false;
        }
        if (demand.get() == 0) {
            starved = true;
            if (demand.get() == 0) { // whoever requests from now on sees the flag
                return false;
            }
        }
        ByteBuffer buffer = queue.remove();
        consumed += ExchangeSettings.cost(buffer.remaining());
        demand.produced();
        a.onNext(buffer);
        return true;
    }

    private void discard(CoreSubscriber<? super ByteBuffer> a) {
        over = true;
        actual = null; // RS 3.13
        Operators.onDiscardQueueWithClear(queue, a.currentContext(), null);
        stream.receiverOver();
    }

    private void broken(CoreSubscriber<? super ByteBuffer> a, Throwable failure) {
        demand.cancel();
        if (!over) {
            discard(a);
        }
        Operators.onErrorDropped(failure, a.currentContext());
        stream.readerFailed(failure);
    }

    private void grant() {
        if (consumed + window - granted >= window / 2) {
            granted = consumed + window;
            stream.grant(granted);
        }
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            demand.add(n);
            if (loop.isCurrentThread()) {
                drain();
            } else if (starved) {
                starved = false;
                loop.execute(this::drain);
            }
        }
    }

    @Override
    public void cancel() {
        if (demand.cancel()) {
            onLoop(() -> {
                if (!terminated) { // it may be that a drain since has seen the cancellation
                    drain();
                    stream.readerCancelled();
                }
            });
        }
    }

    private void onLoop(Runnable task) {
        if (loop.isCurrentThread()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
