/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Ends the calls of a client that take too long: one timer for all, on the loop. */
final class CallWatch {

    private static final long SOONEST_NANOS = 1_000_000;

    private final EventLoop loop;
    private final WaitingCalls waiting;
    private final List<ClientLine> lines;
    private final Duration requestTimeout;
    private final Duration idleTimeout;

    /** The soonest time after a look at which a call can be late that began, or got its first bytes, after it. */
    private final long period;

    private final AtomicBoolean watching = new AtomicBoolean();

    /** Loop thread only. */
    private EventLoop.@Nullable Timer timer;

    CallWatch(EventLoop loop, ExchangeSettings settings, WaitingCalls waiting, List<ClientLine> lines) {
        this.loop = loop;
        this.waiting = waiting;
        this.lines = lines;
        this.requestTimeout = settings.requestTimeout();
        this.idleTimeout = settings.idleTimeout();
        this.period = Math.min(requestTimeout.toNanos(), idleTimeout.toNanos());
    }

    /** A call has begun, or waits; on any thread. */
    void begun(ExchangeStream stream) {
        if (!watching.get() && watching.compareAndSet(false, true)) {
            loop.execute(this::sweep);
        }
        if (stream.hasDeadline()) {
            long left = stream.deadlineLeft(System.nanoTime()); // it may be over before the next look
            loop.execute(() -> lookWithin(left));
        }
    }

    private void lookWithin(long nanos) {
        EventLoop.Timer planned = timer;
        if (planned != null && planned.deadline() - (System.nanoTime() + nanos) <= 0) {
            return;
        }
        if (planned != null) {
            loop.cancel(planned);
        }
        watching.set(true);
        timer = loop.schedule(Math.max(nanos, SOONEST_NANOS), this::sweep);
    }

    /** Ends the calls that have taken too long, and looks again when the next one would, or one that has begun since. */
    private void sweep() {
        if (timer != null) {
            loop.cancel(timer);
            timer = null;
        }
        long now = System.nanoTime();
        long next = Long.MAX_VALUE;
        waiting.removeAbandoned();
        for (WaitingCalls.Call call : waiting.all()) {
            next = Math.min(next, check(call.stream(), now, lines.get(0).link()));
        }
        for (ClientLine line : lines) {
            for (ExchangeStream stream : line.link().streams()) {
                next = Math.min(next, check(stream, now, line.link()));
            }
        }
        if (next != Long.MAX_VALUE) {
            timer = loop.schedule(Math.max(Math.min(next, period), SOONEST_NANOS), this::sweep);
            return;
        }
        watching.set(false);
        if (isNeeded() && watching.compareAndSet(false, true)) {
            loop.execute(this::sweep); // one that began meanwhile did not start the watch, or does not wait
        }
    }

    /** There is no call any more, and will be none; on the loop. */
    void stop() {
        if (timer != null) {
            loop.cancel(timer);
        }
    }

    private boolean isNeeded() {
        return waiting.count() > 0
                || lines.stream().anyMatch(line -> line.link().streamCount() > 0);
    }

    /** Returns in how many nanoseconds the stream may be late. */
    private long check(ExchangeStream stream, long now, ClientLink link) {
        long deadline = stream.deadlineLeft(now);
        if (deadline <= 0) {
            return giveUp(stream, "the deadline of the call to " + link.address() + " has passed");
        }
        if (stream.awaitsReply()) {
            long left = stream.progress() + requestTimeout.toNanos() - now;
            if (left <= 0) {
                return giveUp(stream, link.state() + " within " + requestTimeout);
            }
            return Math.min(left, deadline);
        }
        if (stream.awaitsReader()) {
            stream.touch();
        }
        long left = stream.progress() + idleTimeout.toNanos() - now;
        return left <= 0
                ? giveUp(stream, "nothing more of the reply from " + link.address() + " within " + idleTimeout)
                : Math.min(left, deadline);
    }

    private static long giveUp(ExchangeStream stream, String why) {
        stream.giveUp(new TimeoutException(why));
        return Long.MAX_VALUE;
    }
}
