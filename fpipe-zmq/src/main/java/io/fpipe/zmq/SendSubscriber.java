/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Sends what a publisher emits. Requests a number of messages, and half as many more whenever as many were sent: so never
 * more than the first number wait in the socket's queue.
 */
final class SendSubscriber implements CoreSubscriber<ZmqMessage>, Outgoing.Origin {

    private final OwnedSocket socket;
    private final int replenish;
    private final MonoSink<Void> sink;
    private final @Nullable BiConsumer<? super ZmqMessage, ? super ZmqUndeliverableException> undeliverable;

    private final AtomicLong sent = new AtomicLong();
    private final AtomicBoolean done = new AtomicBoolean();

    private long emitted; // published by completed
    private volatile boolean completed;
    private volatile @Nullable Subscription s;

    SendSubscriber(
            OwnedSocket socket,
            int prefetch,
            MonoSink<Void> sink,
            @Nullable BiConsumer<? super ZmqMessage, ? super ZmqUndeliverableException> undeliverable) {
        this.socket = socket;
        this.replenish = prefetch / 2;
        this.sink = sink;
        this.undeliverable = undeliverable;
    }

    @Override
    public Context currentContext() {
        return Context.of(sink.contextView());
    }

    @Override
    public void onSubscribe(Subscription s) {
        if (Operators.validate(this.s, s)) {
            this.s = s;
            if (done.get()) { // disposed before
                s.cancel();
            } else {
                s.request(2L * replenish);
            }
        }
    }

    @Override
    public void onNext(ZmqMessage message) {
        if (done.get()) {
            Operators.onDiscard(message, currentContext());
            return;
        }
        Outgoing outgoing = new Outgoing(this, message.array());
        emitted++;
        socket.send(outgoing);
    }

    @Override
    public void onError(Throwable t) {
        Objects.requireNonNull(t, "t"); // RS 2.13
        if (done.compareAndSet(false, true)) {
            sink.error(t);
        } else {
            Operators.onErrorDropped(t, currentContext());
        }
    }

    @Override
    public void onComplete() {
        completed = true;
        finishIfSent(sent.get());
    }

    @Override
    public void sent(int count) {
        long now = sent.addAndGet(count);
        long batches = now / replenish - (now - count) / replenish;
        if (completed) {
            finishIfSent(now);
        } else if (batches > 0 && !done.get()) {
            Objects.requireNonNull(s, "s").request(batches * replenish);
        }
    }

    /** Completes when the source has, and nothing waits: whichever of the two comes last sees the other. */
    private void finishIfSent(long now) {
        if (now == emitted && done.compareAndSet(false, true)) {
            sink.success();
        }
    }

    @Override
    public void failed(Outgoing message, ZmqException reason) {
        if (undeliverable == null || !(reason instanceof ZmqUndeliverableException refused)) {
            fail(reason);
        } else if (!done.get()) {
            try {
                undeliverable.accept(new ZmqMessage(message.frames()), refused);
            } catch (Throwable ex) {
                Exceptions.throwIfFatal(ex);
                fail(ex);
                return;
            }
            sent(1); // as good as sent
        }
    }

    /** Ends this send, and cancels its source. */
    void fail(Throwable reason) {
        if (done.compareAndSet(false, true)) {
            Subscription subscription = s;
            if (subscription != null) {
                subscription.cancel();
            }
            sink.error(reason);
        }
    }

    /** The sink was cancelled, or has terminated. */
    void dispose() {
        Subscription subscription = s;
        if (done.compareAndSet(false, true) && subscription != null) {
            subscription.cancel();
        }
    }
}
