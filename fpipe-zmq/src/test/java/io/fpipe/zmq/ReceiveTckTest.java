/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;
import reactor.core.publisher.Flux;

/** What a PULL receives as a publisher: the short form of a number of messages. */
public class ReceiveTckTest extends PublisherVerification<ZmqMessage> {

    private final AtomicInteger names = new AtomicInteger();
    private ZmqResources resources;

    public ReceiveTckTest() {
        super(new TestEnvironment(1500, 50), 500);
    }

    @BeforeClass
    public void open() {
        resources = ZmqResources.create(o -> o.name("receive-tck"));
    }

    @AfterClass
    public void close() {
        resources.dispose();
        resources.onDispose().block(Duration.ofSeconds(10));
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1 << 12;
    }

    @Override
    public Publisher<ZmqMessage> createPublisher(long elements) {
        String name = "inproc://tck" + names.incrementAndGet();
        Flux<ZmqMessage> source =
                Flux.<ZmqMessage>generate(sink -> sink.next(Probe.message("x"))).take(elements);
        return ZmqSocket.pull()
                .runOn(resources)
                .bind(name)
                .receive()
                .take(elements)
                .doOnSubscribe(s -> ZmqSocket.push()
                        .runOn(resources)
                        .connect(name)
                        .send(source)
                        .subscribe(v -> {}, e -> {})); // who cancels leaves it without a peer
    }

    @Override
    public Publisher<ZmqMessage> createFailedPublisher() {
        ZmqConnection pull = ZmqSocket.pull()
                .runOn(resources)
                .bind("inproc://taken" + names.incrementAndGet())
                .openNow();
        pull.receive().subscribe();
        return pull.receive(); // the second receiver of a connection
    }
}
