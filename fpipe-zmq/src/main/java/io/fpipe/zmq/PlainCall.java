/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

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
    private final MonoSink<List<ByteBuffer>> sink;
    private final long number;

    /** Who holds its place: the caller, and ZeroMQ while the request is in its queue. */
    private final AtomicInteger holders = new AtomicInteger(1);

    private ByteBuffer request = ByteBuffer.allocate(0);
    private @Nullable Disposable gathering;
    private EventLoop.@Nullable Timer late;
    private PlainLine.@Nullable Link link;
    private boolean over;

    PlainCall(
            PlainExchange exchange,
            ZmqResources resources,
            ExchangeSettings settings,
            long number,
            MonoSink<List<ByteBuffer>> sink) {
        this.exchange = exchange;
        this.loop = resources.loop();
        this.memory = new PlainMemory(resources, settings);
        this.settings = settings;
        this.number = number;
        this.sink = sink;
    }

    /** Gathers the request, on the calling thread at first. */
    void begin(Flux<ByteBuffer> message) {
        onLoop(() -> {
            if (!over) {
                awaitReply();
                exchange.begun(this);
            }
        });
        Disposable subscription = memory.gather(message)
                .subscribe(
                        bytes -> onLoop(() -> gathered(bytes)),
                        error -> onLoop(() -> fail(error)),
                        null,
                        Context.of(sink.contextView()));
        onLoop(() -> {
            gathering = subscription;
            if (over) {
                subscription.dispose();
            }
        });
        sink.onDispose(() -> onLoop(this::end));
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
            sink.success(body);
        }
    }

    void fail(Throwable reason) {
        if (!over) {
            end();
            sink.error(reason);
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
            source.dispose();
        }
        exchange.forget(this);
        PlainLine.Link by = link;
        if (by != null) {
            by.forget(this);
        }
        request = ByteBuffer.allocate(0);
    }

    /** One of those who hold its place lets go; on any thread. */
    void release() {
        if (holders.decrementAndGet() == 0) {
            memory.release();
            exchange.leave();
        }
    }
}
