/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

/**
 * The client's side of an exchange with a peer that is not fpipe. A call is sent by the connection with the fewest, with
 * a hop frame that the peer sends back; while there is no connection it waits. All of that happens on the loop.
 */
final class PlainExchange implements ZmqExchange {

    private final ZmqResources resources;
    private final EventLoop loop;
    private final ExchangeSettings settings;
    private final List<PlainLine> lines;
    private final AtomicLong lastNumber = new AtomicLong(new SecureRandom().nextLong());
    private final AtomicInteger places = new AtomicInteger();
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Sinks.One<Void> closed = Sinks.one();

    // Loop thread only: the calls that are under way, and those of them that wait for a connection.
    private final Set<PlainCall> calls = new HashSet<>();
    private final Set<PlainCall> waiting = new LinkedHashSet<>();

    private volatile boolean shuttingDown;

    PlainExchange(ZmqResources resources, List<Endpoint> endpoints, ExchangeSettings settings) {
        this.resources = resources;
        this.loop = resources.loop();
        this.settings = settings;
        this.lines = PlainLine.open(this, resources, endpoints, settings);
        lines.forEach(PlainLine::start);
        if (!resources.attach(this)) {
            dispose();
        }
    }

    @Override
    public Flux<ByteBuffer> apply(Flux<ByteBuffer> message) {
        requireNonNull(message, "message");
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ByteBuffer> actual) {
                call(message, actual);
            }
        };
    }

    private void call(Flux<ByteBuffer> message, CoreSubscriber<? super ByteBuffer> actual) {
        if (shuttingDown) {
            Operators.error(actual, disposed.get() ? disposal() : shutdown());
            return;
        }
        int limit = settings.limits().maxWaiting();
        if (places.incrementAndGet() > limit) {
            places.decrementAndGet();
            String text = limit + " calls of " + endpoint() + " are under way already";
            Operators.error(actual, new LimitExceededException("maxWaiting", limit, text));
            return;
        }
        PlainCall call = new PlainCall(this, resources, settings, lastNumber.incrementAndGet());
        Mono.deferContextual(context -> {
                    call.begin(message, context);
                    return call.reply();
                })
                .flatMapIterable(body -> body)
                .doFinally(signal -> call.finished())
                .subscribe(new Caller(actual, call));
    }

    @Override
    public Stage route(String name, UnaryOperator<CallOptions> options) {
        throw noRoutes();
    }

    @Override
    public Mono<Void> tell(Flux<ByteBuffer> message) {
        return apply(message).then();
    }

    @Override
    public Mono<Void> tell(String route, Flux<ByteBuffer> message, UnaryOperator<CallOptions> options) {
        throw noRoutes();
    }

    private static IllegalStateException noRoutes() {
        return new IllegalStateException(
                "a plain message has neither a route nor a deadline nor metadata; use apply and tell(message)");
    }

    /** A call is under way; on the loop. */
    void begun(PlainCall call) {
        calls.add(call);
        if (disposed.get()) {
            call.fail(disposal());
        }
    }

    /** The request of a call is there: it goes to the connection with the fewest, or waits for one; on the loop. */
    void send(PlainCall call) {
        PlainLine.Link best = choose();
        if (best == null) {
            waiting.add(call);
        } else {
            best.send(call);
        }
    }

    private PlainLine.@Nullable Link choose() {
        PlainLine.Link best = null;
        for (PlainLine line : lines) {
            PlainLine.Link link = line.link();
            if (link.isReady() && (best == null || link.callCount() < best.callCount())) {
                best = link;
            }
        }
        return best;
    }

    /** There is a connection; on the loop. */
    void sendWaiting() {
        List<PlainCall> all = List.copyOf(waiting);
        waiting.clear();
        all.forEach(this::send);
    }

    /** The call is over; on the loop. */
    void forget(PlainCall call) {
        calls.remove(call);
        waiting.remove(call);
    }

    /** A call holds no place any more; on any thread. */
    void leave() {
        places.decrementAndGet();
    }

    /** What is known of why there is no reply; on the loop. */
    String state(PlainLine.@Nullable Link link) {
        if (link != null) {
            return "no reply from " + link.address();
        }
        boolean connected = lines.stream().anyMatch(line -> line.link().isReady());
        return connected ? "the request was not complete" : "nobody answers at " + endpoint();
    }

    /** How many calls are under way, or have left something behind that ZeroMQ has not sent yet. */
    int callCount() {
        return places.get();
    }

    ZmqException disposal() {
        return new ZmqException("the exchange with " + endpoint() + " is disposed");
    }

    private ZmqException shutdown() {
        return new ZmqException("the exchange with " + endpoint() + " shuts down");
    }

    @Override
    public String endpoint() {
        return lines.get(0).link().address();
    }

    @Override
    public Mono<Void> shutdownGracefully(Duration atMost) {
        requireNonNull(atMost, "atMost");
        return Mono.defer(() -> {
            shuttingDown = true;
            Draining.await(loop, atMost, this::callCount, () -> {
                end(shutdown());
                dispose();
            });
            return onDispose();
        });
    }

    private void end(ZmqException reason) {
        List.copyOf(calls).forEach(call -> call.fail(reason));
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            shuttingDown = true;
            loop.execute(() -> {
                end(disposal());
                lines.forEach(line -> line.link().dispose());
                finishIfClosed();
            });
        }
    }

    /** A link's socket is gone for good, or there was none between two links; on the loop. */
    void finishIfClosed() {
        if (disposed.get() && lines.stream().allMatch(line -> line.link().isClosed())) {
            resources.detach(this);
            closed.tryEmitEmpty();
        }
    }

    @Override
    public boolean isDisposed() {
        return disposed.get();
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    @Override
    public String toString() {
        return "plain exchange with " + endpoint();
    }

    /** Who makes a call, and may break rule 2.13 of Reactive Streams: what it throws ends its own call and no other. */
    private static final class Caller implements CoreSubscriber<ByteBuffer> {

        private final CoreSubscriber<? super ByteBuffer> actual;
        private final PlainCall call;
        private Subscription s = Operators.cancelledSubscription();

        Caller(CoreSubscriber<? super ByteBuffer> actual, PlainCall call) {
            this.actual = actual;
            this.call = call;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription s) {
            this.s = s;
            guarded(() -> actual.onSubscribe(s));
        }

        @Override
        public void onNext(ByteBuffer buffer) {
            guarded(() -> actual.onNext(buffer));
        }

        @Override
        public void onError(Throwable t) {
            guarded(() -> actual.onError(t));
        }

        @Override
        public void onComplete() {
            guarded(actual::onComplete);
        }

        private void guarded(Runnable signal) {
            try {
                signal.run();
            } catch (Throwable ex) {
                s.cancel();
                call.finished();
                ExchangeStream.dropped(ex, currentContext());
            }
        }
    }
}
