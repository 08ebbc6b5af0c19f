/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.reactivestreams.tck.SubscriberWhiteboxVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;

/**
 * A request's subscriber here whose reader is the handler at the other end of the wire: what the reader asks for, and
 * that it cancels, comes to the publisher here, and what the publisher signals comes to the reader.
 */
public class FarReaderTckTest extends SubscriberWhiteboxVerification<ByteBuffer> {

    private final Map<String, WhiteboxSubscriberProbe<ByteBuffer>> probes = new ConcurrentHashMap<>();
    private Rig rig;
    private ClientExchange exchange;
    private volatile Throwable failed;

    public FarReaderTckTest() {
        super(new TestEnvironment(3000, 50));
    }

    @BeforeClass
    public void open() {
        rig = new Rig(Rig.Wiring.TCP);
        rig.serveApart(bytes -> Flux.deferContextual(context -> {
            bytes.subscribe(new Reader(probes.get(ZmqCall.from(context).route())));
            return Flux.never();
        }));
        exchange = rig.client();
        rig.await("calls begin at once", () -> exchange.readyLines() == 1);
    }

    @AfterClass
    public void close() {
        rig.close();
    }

    @Override
    @SuppressWarnings("unchecked") // who sends is a subscriber of buffers and of nothing more special
    public Subscriber<ByteBuffer> createSubscriber(WhiteboxSubscriberProbe<ByteBuffer> probe) {
        String route = "probe" + probes.size();
        probes.put(route, probe);
        AtomicReference<Subscriber<ByteBuffer>> sender = new AtomicReference<>();
        exchange.route(route)
                .apply(Flux.from(s -> sender.set((Subscriber<ByteBuffer>) s)))
                .subscribe(buffer -> {}, ex -> {});
        return new NotingSender(sender.get());
    }

    @Override
    public ByteBuffer createElement(int element) {
        return ByteBuffer.allocate(ExchangeSettings.MAX_PAYLOAD).putInt(0, element);
    }

    /** Notes the error, of which only the text crosses the wire. */
    private final class NotingSender implements Subscriber<ByteBuffer> {

        private final Subscriber<ByteBuffer> sender;

        NotingSender(Subscriber<ByteBuffer> sender) {
            this.sender = sender;
        }

        @Override
        public void onSubscribe(Subscription s) {
            sender.onSubscribe(s);
        }

        @Override
        public void onNext(ByteBuffer buffer) {
            sender.onNext(buffer);
        }

        @Override
        public void onError(Throwable failure) {
            failed = failure;
            sender.onError(failure);
        }

        @Override
        public void onComplete() {
            sender.onComplete();
        }
    }

    /** What was failed with, if this is what arrives of it. */
    private Throwable original(Throwable arrived) {
        Throwable sent = failed;
        boolean same = sent != null
                && arrived instanceof ZmqRemoteException remote
                && remote.code() == ZmqRemoteException.FAILED
                && Objects.equals(remote.getMessage(), sent.getMessage());
        return same ? sent : arrived;
    }

    /** Tells the probe of what comes, and does what it says. */
    private final class Reader implements CoreSubscriber<ByteBuffer> {

        private final WhiteboxSubscriberProbe<ByteBuffer> probe;

        Reader(WhiteboxSubscriberProbe<ByteBuffer> probe) {
            this.probe = probe;
        }

        @Override
        public void onSubscribe(Subscription s) {
            probe.registerOnSubscribe(new SubscriberPuppet() {
                @Override
                public void triggerRequest(long elements) {
                    s.request(elements);
                }

                @Override
                public void signalCancel() {
                    s.cancel();
                }
            });
        }

        @Override
        public void onNext(ByteBuffer buffer) {
            probe.registerOnNext(buffer);
        }

        @Override
        public void onError(Throwable failure) {
            probe.registerOnError(original(failure));
        }

        @Override
        public void onComplete() {
            probe.registerOnComplete();
        }
    }
}
