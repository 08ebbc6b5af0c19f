/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;
import org.testng.annotations.Test;
import reactor.core.publisher.Flux;

/** The request as the handler's publisher, which can be subscribed to once. */
@Test
public class RequestTckTest extends PublisherVerification<ByteBuffer> {

    private static final byte[] FRAME = new byte[ExchangeSettings.MAX_PAYLOAD];

    private final BlockingQueue<Flux<ByteBuffer>> requests = new LinkedBlockingQueue<>();
    private Rig rig;
    private ClientExchange exchange;

    public RequestTckTest() {
        super(new TestEnvironment(500, 50), 500);
    }

    Rig.Wiring wiring() {
        return Rig.Wiring.INPROC;
    }

    @BeforeClass
    public void open() {
        rig = new Rig(wiring());
        rig.serveApart(bytes -> {
            requests.add(bytes);
            return Flux.never();
        });
        exchange = rig.client();
    }

    @AfterClass
    public void close() {
        rig.close();
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1 << 12;
    }

    @Override
    public Publisher<ByteBuffer> createPublisher(long elements) {
        exchange.apply(Flux.<ByteBuffer>generate(sink -> sink.next(ByteBuffer.wrap(FRAME)))
                        .take(elements))
                .subscribe(buffer -> {}, ex -> {});
        try {
            return requests.poll(10, TimeUnit.SECONDS);
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    @Override
    public Publisher<ByteBuffer> createFailedPublisher() {
        return null; // a request fails when it is under way
    }
}
