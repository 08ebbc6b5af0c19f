/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

/**
 * The client's side of an exchange. Calls begin on the calling thread while a server is connected, with the one that has
 * the fewest; otherwise they wait for one and begin on the loop.
 */
final class ClientExchange implements ZmqExchange {

    private final ZmqResources resources;
    private final EventLoop loop;
    private final ExchangeSettings settings;
    private final List<ClientLine> lines;
    private final WaitingCalls waiting;
    private final CallWatch watch;
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Sinks.One<Void> closed = Sinks.one();

    private volatile boolean shuttingDown;

    ClientExchange(ZmqResources resources, List<Endpoint> endpoints, ExchangeSettings settings) {
        this.resources = resources;
        this.loop = resources.loop();
        this.settings = settings;
        this.waiting = new WaitingCalls(settings.limits().maxWaiting());
        this.lines = ClientLine.open(this, resources, endpoints, settings);
        this.watch = new CallWatch(loop, settings, waiting, lines);
        lines.forEach(line -> line.link().start());
        if (!resources.attach(this)) {
            dispose();
        }
    }

    @Override
    public Flux<ByteBuffer> apply(Flux<ByteBuffer> message) {
        return call(CallHead.PLAIN, message);
    }

    @Override
    public Stage route(String name, UnaryOperator<CallOptions> options) {
        CallHead head = new CallHead(Metadata.checkName("route", name), options.apply(CallOptions.NONE), true);
        return message -> call(head, message);
    }

    @Override
    public Mono<Void> tell(Flux<ByteBuffer> message) {
        return call(new CallHead("", CallOptions.NONE, false), message).then();
    }

    @Override
    public Mono<Void> tell(String route, Flux<ByteBuffer> message, UnaryOperator<CallOptions> options) {
        CallOptions chosen = options.apply(CallOptions.NONE);
        return call(new CallHead(Metadata.checkName("route", route), chosen, false), message)
                .then();
    }

    private Flux<ByteBuffer> call(CallHead head, Flux<ByteBuffer> message) {
        requireNonNull(message, "message");
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ByteBuffer> actual) {
                call(head, message, actual);
            }
        };
    }

    private void call(CallHead head, Flux<ByteBuffer> message, CoreSubscriber<? super ByteBuffer> actual) {
        if (shuttingDown) {
            Operators.error(actual, disposed.get() ? disposal() : shutdown());
            return;
        }
        WindowBudget budget = resources.windows();
        ExchangeStream stream = ExchangeStream.calling(loop, budget, settings, head, actual.currentContext());
        if (!stream.receiver().reserve(settings.firstCredit(budget))) {
            Operators.error(actual, budget.exceeded());
            return;
        }
        try {
            stream.receiver().open(actual);
        } catch (Throwable ex) { // against rule 2.13 of Reactive Streams
            stream.receiver().release();
            throw ex;
        }
        ClientLink current = choose();
        if (current != null && current.begin(stream, message)) {
            return;
        }
        if (!waiting.add(new WaitingCalls.Call(message, stream))) {
            int limit = settings.limits().maxWaiting();
            String text = limit + " calls wait for a server at " + endpoint() + " already";
            loop.execute(() -> stream.disposed(new LimitExceededException("maxWaiting", limit, text)));
        } else {
            watch.begun(stream);
            if (disposed.get() || choose() != null) { // ready or disposed since
                loop.execute(this::beginWaiting);
            }
        }
    }

    /** A call is under way; before its source is asked for anything, for that may take the thread as long as it likes. */
    void begun(ExchangeStream stream) {
        watch.begun(stream);
    }

    /** The server with the fewest calls; null while none takes any. */
    private @Nullable ClientLink choose() {
        if (lines.size() == 1) {
            ClientLink link = lines.get(0).link();
            return link.isReady() ? link : null;
        }
        ClientLink best = null;
        int fewest = Integer.MAX_VALUE;
        for (ClientLine line : lines) {
            ClientLink link = line.link();
            int count = link.isReady() ? link.streamCount() : Integer.MAX_VALUE;
            if (count < fewest) {
                best = link;
                fewest = count;
            }
        }
        return best;
    }

    /** A link is ready: what waited begins; on the loop. */
    void beginWaiting() {
        if (disposed.get()) {
            waiting.fail(disposal());
            return;
        }
        for (ClientLink link = choose(); link != null; link = choose()) {
            WaitingCalls.Call call = waiting.poll();
            if (call == null) {
                return;
            }
            link.begin(call.stream(), call.message()); // which is ready as long as this is on the loop
        }
    }

    /** A server does not let this client in. If none does, what waits fails; on the loop. */
    void refused() {
        if (lines.stream().allMatch(line -> line.handshakes().isRefused())) {
            ClientLine first = lines.get(0);
            waiting.fail(new ZmqRefusedException("no connection to "
                    + first.link().address() + ": " + first.handshakes().trouble()));
        }
    }

    ZmqException disposal() {
        return new ZmqException("the exchange with " + endpoint() + " is disposed");
    }

    private ZmqException shutdown() {
        return new ZmqException("the exchange with " + endpoint() + " shuts down");
    }

    /** How many calls are under way or wait. */
    int streamCount() {
        return waiting.count()
                + lines.stream().mapToInt(line -> line.link().streamCount()).sum();
    }

    /** How many servers take calls. */
    int readyLines() {
        return (int) lines.stream().filter(line -> line.link().isReady()).count();
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
            Draining.await(loop, atMost, this::streamCount, () -> {
                waiting.fail(shutdown());
                lines.forEach(line -> line.link().shutDown(shutdown()));
                dispose();
            });
            return onDispose();
        });
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            shuttingDown = true;
            loop.execute(() -> {
                waiting.fail(disposal());
                lines.forEach(line -> line.link().dispose(disposal()));
                finishIfClosed();
            });
        }
    }

    /** A link's socket is gone for good, or there was none between two links; on the loop. */
    void finishIfClosed() {
        if (disposed.get() && lines.stream().allMatch(line -> line.link().isClosed())) {
            watch.stop();
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
        return "exchange with " + endpoint();
    }
}
