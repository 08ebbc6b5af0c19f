/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Subscriber;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;

/** What a PUSH is given to send, as a subscriber. */
public class SendTckTest extends SubscriberBlackboxVerification<ZmqMessage> {

    private ZmqResources resources;
    private ZmqConnection push;

    public SendTckTest() {
        super(new TestEnvironment(500, 50));
    }

    @BeforeClass
    public void open() {
        resources = ZmqResources.create(o -> o.name("send-tck"));
        ZmqConnection pull =
                ZmqSocket.pull().runOn(resources).bind("inproc://tck").openNow();
        pull.receive().subscribe();
        push = ZmqSocket.push().runOn(resources).connect("inproc://tck").openNow();
    }

    @AfterClass
    public void close() {
        resources.dispose();
        resources.onDispose().block(Duration.ofSeconds(10));
    }

    @Override
    @SuppressWarnings("unchecked") // who sends is a subscriber of messages and of nothing more special
    public Subscriber<ZmqMessage> createSubscriber() {
        AtomicReference<Subscriber<ZmqMessage>> sender = new AtomicReference<>();
        push.send(s -> sender.set((Subscriber<ZmqMessage>) s)).subscribe(v -> {}, e -> {});
        return sender.get();
    }

    @Override
    public ZmqMessage createElement(int element) {
        return Probe.message("" + element);
    }
}
