/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * A call of a peer that is not fpipe: the request is gathered, sent as one ZeroMQ message, and answered by one. On the
 * loop, but for what gathers the request. It holds its place and its memory until its reply is read and its request has
 * left ZeroMQ's queue, whatever becomes of the call meanwhile.
 */
final class PlainCall {

    private final PlainExchange exchange;
    private final EventLoop loop;
    private final ExchangeSettings settings;
    private final PlainMemory memory;
    private final Sinks.One<List<ByteBuffer>> reply = Sinks.one();
    private final long number;

    /** Who holds its place: the caller, and ZeroMQ while the request is in its queue. */
    private final AtomicInteger holders = new AtomicInteger(1);

    private final AtomicBoolean finished = new AtomicBoolean();
    private ByteBuffer request = ByteBuffer.allocate(0);
    private @Nullable Disposable gathering;
    private EventLoop.@Nullable Timer late;
    private PlainLine.@Nullable Link link;
    private volatile boolean over; // written on the loop

    PlainCall(PlainExchange exchange, ZmqResources resources, ExchangeSettings settings, long number) {
        this.exchange = exchange;
        this.loop = resources.loop();
        this.memory = new PlainMemory(resources, settings);
        this.settings = settings;
        this.number = number;
    }

    /** The frames of the reply's body. */
    Mono<List<ByteBuffer>> reply() {
        return reply.asMono();
    }

    /** Gathers the request, on the calling thread at first. */
    void begin(Flux<ByteBuffer> message, ContextView context) {
        onLoop(() -> {
            if (!over) {
                awaitReply();
                exchange.begun(this);
            }
        });
        Disposable subscription;
        try {
            subscription = memory.gather(message)
                    .subscribe(
                            bytes -> onLoop(() -> gathered(bytes)),
                            error -> onLoop(() -> fail(error)),
                            null,
                            Context.of(context));
        } catch (Throwable ex) { // Reactor throws what it takes for fatal
            memory.stop(null);
            onLoop(() -> fail(ex));
            return;
        }
        onLoop(() -> {
            gathering = subscription;
            if (over) {
                memory.stop(subscription);
            }
        });
    }

    private void onLoop(Runnable task) {
        if (loop.isCurrentThread()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    long number() {
        return number;
    }

    ByteBuffer request() {
        return request;
    }

    private void gathered(byte[] bytes) {
        if (!over) {
            request = ByteBuffer.wrap(bytes);
            exchange.send(this);
        }
    }

    /** The request goes out by a link; the time to its reply begins anew. */
    void sent(PlainLine.Link by) {
        link = by;
        holders.incrementAndGet();
        awaitReply();
    }

    private void awaitReply() {
        if (over) {
            return;
        }
        stopWaiting();
        Duration timeout = settings.requestTimeout();
        late = loop.schedule(
                timeout.toNanos(), () -> fail(new TimeoutException(exchange.state(link) + " within " + timeout)));
    }

    private void stopWaiting() {
        EventLoop.Timer waiting = late;
        if (waiting != null) {
            loop.cancel(waiting);
            late = null;
        }
    }

    /** The reply has come. */
    void answer(List<ByteBuffer> body, long bytes) {
        if (bytes > settings.plainBytes()) {
            fail(settings.plainTooLarge(bytes));
        } else if (!memory.reserve(bytes)) {
            fail(memory.exceeded());
        } else {
            end();
            reply.tryEmitValue(body);
        }
    }

    void fail(Throwable reason) {
        if (!over) {
            end();
            reply.tryEmitError(reason);
        }
    }

    private void end() {
        if (over) {
            return;
        }
        over = true;
        stopWaiting();
        Disposable source = gathering;
        if (source != null) {
            memory.stop(source);
        }
        exchange.forget(this);
        PlainLine.Link by = link;
        if (by != null) {
            by.forget(this);
        }
        request = ByteBuffer.allocate(0);
    }

    /** The caller has the reply or waits no longer; on any thread. On the loop nothing is sent after it. */
    void finished() {
        if (finished.compareAndSet(false, true)) {
            onLoop(() -> {
                end();
                release();
            });
        }
    }

    /** One of those who hold its place lets go; on any thread. */
    void release() {
        if (holders.decrementAndGet() == 0) {
            memory.release();
            exchange.leave();
        }
    }
}
