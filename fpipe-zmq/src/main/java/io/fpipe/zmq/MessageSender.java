/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Sends one message to a peer under its credit. Buffers are gathered into a frame as long as the source gives them at
 * once and cut where a frame is full, so that a small message is one frame, however many stages have made it; a long
 * buffer that does not fit goes in frames of its own. Requests
 * one buffer at a time, and none without credit.
 *
 * <p>All signals pass through {@link #drain()}, guarded by {@code wip}; every frame of the message is sent there, so
 * none follows the last.
 */
final class MessageSender implements CoreSubscriber<ByteBuffer> {

    private static final AtomicIntegerFieldUpdater<MessageSender> WIP =
            AtomicIntegerFieldUpdater.newUpdater(MessageSender.class, "wip");
    private static final AtomicReferenceFieldUpdater<MessageSender, ByteBuffer> INPUT =
            AtomicReferenceFieldUpdater.newUpdater(MessageSender.class, ByteBuffer.class, "input");
    private static final AtomicReferenceFieldUpdater<MessageSender, Stop> STOP =
            AtomicReferenceFieldUpdater.newUpdater(MessageSender.class, Stop.class, "stop");

    private final ExchangeStream stream;
    private final Context context;

    // Owner of wip only.
    private final List<ByteBuffer> parts = new ArrayList<>(2);
    private @Nullable ByteBuffer held;
    private int filled;
    private long offset;
    private long spent;
    private boolean opened;
    private boolean awaiting;
    private @Nullable Stop concluded;

    private @Nullable Throwable error; // published by done
    private volatile boolean done;
    private volatile boolean finished;
    private volatile long credit;
    private volatile long acknowledged; // written on the loop only
    private volatile @Nullable Subscription s;
    private volatile @Nullable Stop stop;

    @SuppressWarnings("unused") // used through INPUT
    private volatile @Nullable ByteBuffer input;

    @SuppressWarnings("unused") // used through WIP
    private volatile int wip;

    MessageSender(ExchangeStream stream, Context context, boolean opened) {
        this.stream = stream;
        this.context = context;
        this.opened = opened;
    }

    /** Whether the last frame of the message was sent. */
    boolean isFinished() {
        return finished;
    }

    /** Sets the credit of the peer's hello, before the source is subscribed to. */
    void initialCredit(long limit) {
        credit = limit;
    }

    /** Reads the message. Sends nothing before the source had its chance to end at once: no call or one frame. */
    void read(Flux<ByteBuffer> message) {
        boolean owner = WIP.getAndIncrement(this) == 0;
        try {
            // as a Subscriber: only then do Reactor's hooks apply, and an exception of subscribe becomes an error
            message.subscribe((Subscriber<ByteBuffer>) this);
        } catch (Throwable ex) { // Reactor throws what it takes for fatal; one message must not end the others
            subscriptionFailed(ex);
        } finally {
            if (owner) {
                work();
            }
        }
    }

    private void subscriptionFailed(Throwable ex) {
        Subscription upstream = s;
        if (upstream != null) { // it has begun all the same
            cancel(upstream);
        }
        if (done) {
            ExchangeStream.dropped(ex, context);
        } else {
            error = ex;
            done = true;
            drain();
        }
    }

    /** How many bytes the peer's reader has taken, as far as it has told. */
    long acknowledged() {
        return acknowledged;
    }

    /** Tries again, on the loop. */
    void resume() {
        drain();
    }

    /** Takes credit, and how much was taken by the reader; on the loop. */
    void credit(long limit, long taken) {
        acknowledged = Math.max(acknowledged, taken);
        if (limit > credit) {
            credit = limit;
            drain();
        }
    }

    /** Sends nothing more of the message, but for what the reason says, and cancels the source. */
    void stop(Stop reason) {
        silence(reason);
        cancelSource();
    }

    /**
     * Has nothing more sent of the message, but leaves the source alone: what it does when it hears of the reason is
     * not sent. The first reason counts, except that a call whose request the server has cancelled can be given up.
     */
    void silence(Stop reason) {
        if (!STOP.compareAndSet(this, null, reason) && reason.always()) {
            STOP.compareAndSet(this, Stop.CANCELLED, reason);
        }
    }

    /** Cancels the source of a message that was silenced. */
    void cancelSource() {
        Subscription upstream = s;
        if (upstream != null) {
            cancel(upstream);
        }
        drain();
    }

    private void cancel(Subscription upstream) {
        try {
            upstream.cancel();
        } catch (Throwable ex) { // against rule 3.15 of Reactive Streams; the call ends all the same
            ExchangeStream.dropped(ex, context);
        }
    }

    @Override
    public Context currentContext() {
        return context;
    }

    @Override
    public void onSubscribe(Subscription s) {
        if (Operators.validate(this.s, s)) {
            this.s = s;
            if (stop != null) {
                cancel(s);
            }
            drain();
        }
    }

    @Override
    public void onNext(ByteBuffer buffer) {
        requireNonNull(buffer, "buffer"); // RS 2.13
        if (done) {
            Operators.onNextDropped(buffer, context);
            return;
        }
        // its position and limit are the source's to change as soon as this returns
        if (!INPUT.compareAndSet(this, null, buffer.duplicate())) {
            Operators.onDiscard(buffer, context);
            onError(Operators.onOperatorError(s, Exceptions.failWithOverflow(), context));
            return;
        }
        drain();
    }

    @Override
    public void onError(Throwable t) {
        requireNonNull(t, "t"); // RS 2.13
        if (done) {
            Operators.onErrorDropped(t, context);
            return;
        }
        error = t;
        done = true;
        drain();
    }

    @Override
    public void onComplete() {
        done = true;
        drain();
    }

    private void drain() {
        if (WIP.getAndIncrement(this) == 0) {
            work();
        }
    }

    /** Goes on until nothing is missed; by who has raised {@code wip} from zero. */
    private void work() {
        int missed = 1;
        do {
            while (advance()) {
                // one step more
            }
            missed = WIP.addAndGet(this, -missed);
        } while (missed != 0);
    }

    /** Does one step; returns whether there may be another one. */
    private boolean advance() {
        Stop reason = stop;
        if (finished || reason != null) {
            return conclude(reason);
        }
        boolean d = done; // before the slot: the last buffer is written before done
        ByteBuffer in = INPUT.getAndSet(this, null);
        if (d && error != null) {
            discard(in);
            return fail(error);
        }
        if (in != null && !awaiting) { // more than was requested
            discard(in);
            return failSource(Exceptions.failWithOverflow());
        }
        if (in != null) {
            awaiting = false;
            held = in;
        }
        if (isBetterAlone()) {
            emit(0);
            return true;
        }
        gather();
        if (d && held == null) {
            return finish();
        }
        int room = room();
        if (filled > 0 && room == 0) {
            emit(0);
            return true;
        }
        if (held != null || room == 0) { // no credit
            open();
            return false;
        }
        if (awaiting) { // the source takes its time: what is there goes
            if (filled > 0) {
                emit(0);
            } else {
                open();
            }
            return false;
        }
        Subscription upstream = s;
        if (upstream == null) {
            return false;
        }
        awaiting = true;
        try {
            upstream.request(1); // may re-enter onNext, which then only bumps wip
        } catch (Throwable ex) { // against rule 3.16 of Reactive Streams; whoever drains is not to blame
            return failSource(ex);
        }
        return true;
    }

    private boolean failSource(Throwable ex) {
        Subscription upstream = s;
        if (upstream != null) {
            cancel(upstream);
        }
        return fail(ex);
    }

    /** Whether a frame has begun that a long buffer would have to be cut for: in frames of its own it is not copied. */
    private boolean isBetterAlone() {
        ByteBuffer buffer = held;
        return buffer != null && filled > 0 && buffer.remaining() >= Peer.SEPARATE && buffer.remaining() > room();
    }

    /** Moves what fits of the held buffer into the frame. */
    private void gather() {
        ByteBuffer buffer = held;
        if (buffer == null) {
            return;
        }
        int n = Math.min(room(), buffer.remaining());
        if (n == buffer.remaining()) {
            held = null;
            if (n > 0) {
                parts.add(buffer);
            }
        } else if (n > 0) {
            parts.add(buffer.slice(buffer.position(), n));
            buffer.position(buffer.position() + n);
        }
        filled += n;
    }

    /** How many bytes still fit into the frame, by its size and by the credit. */
    private int room() {
        long available = credit - spent;
        return available < ExchangeSettings.MIN_COST || !stream.maySend()
                ? 0
                : (int) Math.min(stream.maxPayload(), available) - filled;
    }

    private void open() {
        if (!opened) {
            emit(0);
        }
    }

    private void emit(int flags) {
        if (opened) {
            stream.send(flags, offset, parts, filled);
        } else {
            stream.open(flags, parts, filled);
            opened = true;
        }
        offset += filled;
        spent += ExchangeSettings.cost(filled);
        filled = 0;
        parts.clear();
    }

    private boolean finish() {
        emit(Frame.END);
        finished = true;
        stream.messageSent();
        return true;
    }

    private boolean fail(Throwable cause) {
        release();
        finished = true;
        if (opened) {
            stream.abort(ZmqRemoteException.FAILED, cause);
        }
        stream.sourceFailed(cause);
        return true;
    }

    /** Nothing more is to be sent, but perhaps a frame that says so. */
    private boolean conclude(@Nullable Stop reason) {
        discard(INPUT.getAndSet(this, null));
        release();
        if (reason != null && !reason.equals(concluded)) {
            concluded = reason;
            if (opened && (reason.always() || !finished) && reason.type() != 0) {
                stream.control(reason.type(), reason.code());
            }
            if (!finished) {
                finished = true;
                stream.messageSent();
            }
        }
        return false;
    }

    private void release() {
        held = null;
        parts.clear();
        filled = 0;
    }

    private void discard(@Nullable ByteBuffer buffer) {
        if (buffer != null) {
            Operators.onDiscard(buffer, context);
        }
    }
}
