/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.LimitExceededException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
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

    private static final AtomicLongFieldUpdater<MessageReceiver> RESERVED =
            AtomicLongFieldUpdater.newUpdater(MessageReceiver.class, "reserved");
    private static final AtomicIntegerFieldUpdater<MessageReceiver> SUBSCRIBED =
            AtomicIntegerFieldUpdater.newUpdater(MessageReceiver.class, "subscribed");

    private static final long RELEASED = -1;

    private final ExchangeStream stream;
    private final EventLoop loop;
    private final WindowBudget budget;
    private final int maxWindow;
    private final long maxBytes;
    private final Demand demand = new Demand();

    // Loop thread only.
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>(2);
    private int window;
    private long received;
    private long taken;
    private long spent;
    private long granted;
    private long consumed;
    private boolean ended;
    private boolean draining;
    private boolean terminated;
    private @Nullable Throwable error;

    /** What this message has of the budget. */
    private volatile long reserved;

    @SuppressWarnings("unused") // used through SUBSCRIBED
    private volatile int subscribed;

    private volatile boolean over;
    private volatile boolean starved;
    private volatile @Nullable CoreSubscriber<? super ByteBuffer> actual;

    MessageReceiver(ExchangeStream stream, EventLoop loop, WindowBudget budget, ExchangeSettings settings) {
        this.stream = stream;
        this.loop = loop;
        this.budget = budget;
        this.maxWindow = settings.window();
        this.maxBytes = settings.limits().maxMessageBytes();
        this.window = settings.firstCredit(budget);
        this.granted = window;
    }

    /** Reserves memory for the first bytes; returns false if there is none, and the stream cannot be. */
    boolean reserve(int bytes) {
        if (!budget.reserve(bytes)) {
            return false;
        }
        reserved = bytes;
        return true;
    }

    /** Gives back what is reserved; nothing is from then on. On any thread. */
    void release() {
        long bytes = RESERVED.getAndSet(this, RELEASED);
        if (bytes > 0) {
            budget.release(bytes);
        }
    }

    /** Changes what is reserved, if the budget and the state of the stream allow it. */
    private boolean reserveAlso(long bytes) {
        if (bytes > 0 && !budget.reserveMore(bytes)) {
            return false;
        }
        long before = reserved;
        if (before == RELEASED || !RESERVED.compareAndSet(this, before, before + bytes)) { // released meanwhile
            if (bytes > 0) {
                budget.release(bytes);
            }
            return false;
        }
        if (bytes < 0) {
            budget.release(-bytes);
        }
        return true;
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
        subscribed = 1;
        actual = subscriber;
        subscriber.onSubscribe(this);
    }

    @Override
    public void subscribe(CoreSubscriber<? super ByteBuffer> subscriber) {
        if (!SUBSCRIBED.compareAndSet(this, 0, 1)) {
            Operators.error(subscriber, new IllegalStateException("a received message can be read only once"));
            return;
        }
        subscriber.onSubscribe(this);
        actual = subscriber;
        onLoop(this::drain);
    }

    /** Whether something has arrived that the subscriber has not taken yet; on the loop. */
    boolean hasUnread() {
        return !queue.isEmpty();
    }

    /** Takes what arrived; returns 0, or the code of what is wrong with it. */
    int offer(ByteBuffer payload, boolean end) {
        int length = payload.remaining();
        spent += ExchangeSettings.cost(length);
        if (spent > granted) {
            return ZmqRemoteException.CREDIT_EXCEEDED;
        }
        if (length > maxBytes - received) {
            return ZmqRemoteException.TOO_LARGE;
        }
        received += length;
        if (end && !ended) { // nothing more comes: what is reserved beyond what is here is free
            reserveAlso(Math.min(0, spent - consumed - reserved));
        }
        ended |= end;
        if (length > 0 && !over && !isCancelled()) {
            queue.add(payload);
        }
        drain();
        return 0;
    }

    LimitExceededException tooLarge() {
        return new LimitExceededException(
                "maxMessageBytes", maxBytes, "the message goes on after " + received + " bytes");
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
        taken += buffer.remaining();
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
        ExchangeStream.dropped(failure, a.currentContext());
        stream.readerFailed(failure);
    }

    /**
     * Lets the peer send as much as was taken. A window grows while it is read, so that a reader who stops early holds
     * little of the budget.
     */
    private void grant() {
        if (consumed + window - granted >= window / 2) {
            if (!grow(3L * window)) {
                grow(window);
            }
            granted = consumed + window;
            stream.grant(granted, taken);
        }
    }

    private boolean grow(long atMost) {
        int more = (int) Math.min(atMost, maxWindow - window);
        if (more > 0 && !reserveAlso(more)) {
            return false;
        }
        window += more;
        return true;
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            demand.add(n);
            if (loop.isCurrentThread()) {
                resume();
            } else if (starved) {
                starved = false;
                loop.execute(this::resume);
            }
        }
    }

    /** The subscriber goes on: from now on it is the peer who may be late. */
    private void resume() {
        if (!draining) {
            stream.touch();
            drain();
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
