/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import zmq.Msg;
import zmq.ZMQ;

/** A raw socket as publisher and subscriber. */
final class SocketConnection implements ZmqConnection, SocketHandler {

    private static final int EVENTS = 64;

    private final ZmqResources resources;
    private final SocketSettings settings;
    private final OwnedSocket socket;
    private final AtomicReference<@Nullable Receiver> receiver = new AtomicReference<>();
    private final Set<SendSubscriber> senders = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Sinks.One<Void> closed = Sinks.one();
    private final Sinks.Many<ZmqEvent> events = Sinks.many().replay().limit(EVENTS);

    // Loop thread only.
    private final ArrayDeque<ZmqMessage> undelivered = new ArrayDeque<>();
    private boolean ended;
    private @Nullable Throwable failure;

    /** Whether what it receives may be the sender's memory, or that of other receivers. */
    private final boolean sharesMemory;

    /** Whether messages were taken for a subscriber that cancelled: they come before any other. */
    private volatile boolean backlog;

    /** Whether the socket takes no more messages. */
    private volatile boolean closing;

    SocketConnection(ZmqResources resources, SocketSettings settings, List<Endpoint> endpoints) {
        this.resources = resources;
        this.settings = settings;
        this.sharesMemory = endpoints.stream().anyMatch(Endpoint::isInproc);
        this.socket = resources.open(settings, endpoints, this);
        socket.start();
        if (!resources.attach(this)) {
            dispose();
        }
    }

    @Override
    public Flux<ZmqMessage> receive() {
        settings.requireReceives();
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ZmqMessage> actual) {
                subscribeReceiver(actual);
            }
        };
    }

    private void subscribeReceiver(CoreSubscriber<? super ZmqMessage> actual) {
        Receiver next = new Receiver(actual);
        if (receiver.compareAndSet(null, next)) {
            actual.onSubscribe(next);
            next.subscribed = true;
            resources.loop().execute(this::drain);
        } else {
            Operators.error(actual, new IllegalStateException(socket + " is already being received from"));
        }
    }

    @Override
    public Mono<Void> send(Publisher<ZmqMessage> messages) {
        settings.requireSends();
        Objects.requireNonNull(messages, "messages");
        return Mono.create(sink -> {
            SendSubscriber subscriber = new SendSubscriber(socket, settings.prefetch(), sink, settings.undeliverable());
            senders.add(subscriber);
            sink.onDispose(() -> {
                senders.remove(subscriber);
                subscriber.dispose();
            });
            if (closing) { // or closing() finds it
                refuse(subscriber);
            } else {
                Flux.from(messages).subscribe(subscriber);
            }
        });
    }

    @Override
    public Flux<ByteBuffer> receiveBytes() {
        return receive().map(ZmqMessage::singleFrame);
    }

    @Override
    public Mono<Void> sendBytes(Publisher<ByteBuffer> messages) {
        return send(Flux.from(messages).map(ZmqMessage::of));
    }

    @Override
    public void subscribe(String topic) {
        changeTopic(ZMQ.ZMQ_SUBSCRIBE, topic);
    }

    @Override
    public void unsubscribe(String topic) {
        changeTopic(ZMQ.ZMQ_UNSUBSCRIBE, topic);
    }

    private void changeTopic(int option, String topic) {
        settings.require(SocketType.SUB, "topics");
        byte[] prefix = SocketSettings.bytes(topic);
        socket.perform(owned -> owned.setSocketOpt(option, prefix));
    }

    @Override
    public String endpoint() {
        return socket.address();
    }

    @Override
    public List<String> endpoints() {
        return socket.addresses();
    }

    @Override
    public Flux<ZmqEvent> events() {
        return events.asFlux().onBackpressureLatest();
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            socket.close(settings.lingerMillis());
        }
    }

    @Override
    public boolean isDisposed() {
        return disposed.get();
    }

    @Override
    public long demand() {
        Receiver r = receiver.get();
        return r == null || backlog ? 0 : r.demand();
    }

    @Override
    public void received(List<Msg> parts, int from, int to) {
        ByteBuffer[] frames = new ByteBuffer[to - from];
        for (int i = from; i < to; i++) {
            ByteBuffer frame = parts.get(i).buf();
            frames[i - from] = sharesMemory ? frame.asReadOnlyBuffer() : frame;
        }
        ZmqMessage message = new ZmqMessage(frames);
        Receiver r = receiver.get();
        if (backlog || r == null || !r.next(message)) {
            keep(message);
        }
    }

    /** Keeps what came for a subscriber that has just cancelled. */
    private void keep(ZmqMessage message) {
        if (!settings.isRelaxed()) { // or it is a reply that was given up, and would be taken for the next one
            undelivered.add(message);
            backlog = true;
        }
    }

    @Override
    public void starved() {
        Receiver r = receiver.get();
        if (r != null) {
            r.starved = true;
            if (demand() > 0) { // requested since the turn began
                socket.wake();
            }
        }
    }

    @Override
    public void disconnected() {
        // ZeroMQ connects again by itself
    }

    @Override
    public void happened(ZmqEvent event) {
        events.tryEmitNext(event);
    }

    @Override
    public void closing(@Nullable Throwable reason) {
        closing = true;
        failure = reason;
        ended = true;
        undelivered.clear();
        try {
            drain(); // first: a send of what is received completes
        } finally {
            senders.forEach(this::refuse); // nothing else would end those whose source is silent
        }
    }

    private void refuse(SendSubscriber subscriber) {
        subscriber.fail(new ZmqException(socket + " is closed"));
    }

    @Override
    public void closed(@Nullable Throwable reason) {
        disposed.set(true);
        resources.detach(this);
        events.tryEmitComplete();
        if (reason == null) {
            closed.tryEmitEmpty();
        } else {
            closed.tryEmitError(reason);
        }
    }

    /** Delivers what was taken for an earlier subscriber, and the end; on the loop. */
    private void drain() {
        Receiver r = receiver.get();
        while (r != null && !undelivered.isEmpty() && r.next(undelivered.element())) {
            undelivered.remove();
            r = receiver.get();
        }
        backlog = !undelivered.isEmpty();
        if (!ended) {
            if (!backlog) {
                socket.wake();
            }
        } else if (r != null) {
            r.end();
        }
    }

    @Override
    public String toString() {
        return socket.toString();
    }

    /** The one subscriber; signalled on the loop only. */
    private final class Receiver implements Subscription {

        private final CoreSubscriber<? super ZmqMessage> actual;
        private final Demand demand = new Demand();

        /** Until onSubscribe has returned, nothing else is signalled (RS 1.3). */
        private volatile boolean subscribed;

        /** Whether a request has to wake the socket. */
        private volatile boolean starved = true;

        Receiver(CoreSubscriber<? super ZmqMessage> actual) {
            this.actual = actual;
        }

        long demand() {
            return subscribed ? demand.get() : 0;
        }

        /** Delivers a message unless it was cancelled or nothing is requested. */
        boolean next(ZmqMessage message) {
            if (demand() == 0) {
                return false;
            }
            demand.produced();
            actual.onNext(message);
            return true;
        }

        void end() {
            if (subscribed && receiver.compareAndSet(this, null)) {
                if (failure == null) {
                    actual.onComplete();
                } else {
                    actual.onError(failure);
                }
            }
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                demand.add(n);
                if (backlog) {
                    resources.loop().execute(SocketConnection.this::drain);
                } else if (starved) {
                    starved = false;
                    socket.wake();
                }
            }
        }

        @Override
        public void cancel() {
            demand.cancel();
            receiver.compareAndSet(this, null);
        }
    }
}
