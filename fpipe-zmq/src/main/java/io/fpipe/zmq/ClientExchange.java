/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/**
 * The client's side of an exchange. Calls begin on the calling thread while a server is connected; otherwise they wait
 * for one and begin on the loop. Each connection is a {@link ClientLink} of its own.
 */
final class ClientExchange implements ZmqExchange {

    private static final long RECONNECT_NANOS = 100_000_000;

    private final ZmqResources resources;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;
    private final Queue<Call> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean watching = new AtomicBoolean();
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Sinks.One<Void> closed = Sinks.one();

    private volatile ClientLink link;

    ClientExchange(ZmqResources resources, Endpoint endpoint, ExchangeSettings settings) {
        this.resources = resources;
        this.loop = resources.loop();
        this.endpoint = endpoint;
        this.settings = settings;
        this.link = new ClientLink(this, resources, endpoint, settings);
        link.start();
        if (!resources.attach(this)) {
            dispose();
        }
    }

    @Override
    public Flux<ByteBuffer> apply(Flux<ByteBuffer> message) {
        Objects.requireNonNull(message, "message");
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ByteBuffer> actual) {
                call(message, actual);
            }
        };
    }

    private void call(Flux<ByteBuffer> message, CoreSubscriber<? super ByteBuffer> actual) {
        ExchangeStream stream = new ExchangeStream(true, loop, settings, actual.currentContext());
        stream.receiver().open(actual);
        Call call = new Call(message, stream);
        ClientLink current = link;
        if (current.isReady()) {
            call.begin(current);
        } else {
            waiting.add(call);
            if (link.isReady() || disposed.get()) { // ready or disposed since
                loop.execute(this::beginWaiting);
            }
        }
        watch();
    }

    /** The link is ready: what waited begins; on the loop. */
    void beginWaiting() {
        if (disposed.get()) {
            failWaiting();
            return;
        }
        ClientLink current = link;
        for (Call call = current.isReady() ? waiting.poll() : null; call != null; call = waiting.poll()) {
            call.begin(current);
        }
    }

    private void failWaiting() {
        ZmqException reason = disposal();
        for (Call call = waiting.poll(); call != null; call = waiting.poll()) {
            call.stream().disposed(reason);
        }
    }

    private ZmqException disposal() {
        return new ZmqException("the exchange with " + endpoint() + " is disposed");
    }

    /** The link's server is lost: a new socket takes over, on a thread that may resolve a name; on the loop. */
    void reconnect(ClientLink lost) {
        if (disposed.get() || lost != link) {
            return;
        }
        loop.schedule(RECONNECT_NANOS, () -> Schedulers.boundedElastic().schedule(this::relink));
    }

    private void relink() {
        if (disposed.get()) {
            return;
        }
        ClientLink next;
        try {
            next = new ClientLink(this, resources, endpoint, settings);
        } catch (ZmqException ex) { // no descriptors, or the name does not resolve now
            loop.execute(() -> reconnect(link));
            return;
        }
        link = next;
        next.start();
        if (disposed.get()) {
            loop.execute(() -> next.dispose(disposal()));
        }
    }

    /** Sees to it that calls which wait too long end; on any thread. */
    private void watch() {
        if (watching.compareAndSet(false, true)) {
            loop.execute(this::sweep);
        }
    }

    /** Ends the calls that have waited too long, and looks again when the next one would; on the loop. */
    private void sweep() {
        long timeout = settings.requestTimeout().toNanos();
        long now = System.nanoTime();
        long next = Long.MAX_VALUE;
        waiting.removeIf(call -> call.stream().isAbandoned());
        for (Call call : waiting) {
            next = Math.min(next, check(call.stream(), now, timeout));
        }
        for (ExchangeStream stream : link.streams()) {
            next = Math.min(next, check(stream, now, timeout));
        }
        if (next != Long.MAX_VALUE) {
            loop.schedule(Math.max(next, 1_000_000), this::sweep);
            return;
        }
        watching.set(false);
        if (!waiting.isEmpty() || link.streams().iterator().hasNext()) {
            watch(); // one that began meanwhile did not start the watch, or does not wait
        }
    }

    /** Returns in how many nanoseconds the stream may be late. */
    private long check(ExchangeStream stream, long now, long timeout) {
        if (!stream.awaitsReply()) {
            return timeout;
        }
        long left = stream.progress() + timeout - now;
        if (left > 0) {
            return left;
        }
        String state = link.isReady() ? "no reply from " : "nobody answers at ";
        stream.giveUp(new TimeoutException(state + endpoint() + " within " + settings.requestTimeout()));
        return Long.MAX_VALUE;
    }

    /** How many calls are under way or wait. */
    int streamCount() {
        int count = link.streamCount();
        for (Call call : waiting) {
            count += call.stream().isAbandoned() ? 0 : 1;
        }
        return count;
    }

    @Override
    public String endpoint() {
        return link.address();
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            loop.execute(() -> {
                failWaiting();
                if (link.isClosed()) { // between two links: no socket is left to wait for
                    finish();
                } else {
                    link.dispose(disposal());
                }
            });
        }
    }

    /** A link's socket is gone for good; on the loop. */
    void linkClosed(ClientLink gone) {
        if (disposed.get() && gone == link) {
            finish();
        }
    }

    private void finish() {
        resources.detach(this);
        closed.tryEmitEmpty();
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

    /** A message and the stream that is to send it. */
    private record Call(Flux<ByteBuffer> message, ExchangeStream stream) {

        void begin(ClientLink link) {
            if (stream.isAbandoned()) {
                return;
            }
            link.begin(stream);
            if (stream.isAbandoned()) { // either this thread sees the cancellation, or the loop sees the link
                stream.abandon();
            } else {
                stream.send(message);
            }
        }
    }
}
