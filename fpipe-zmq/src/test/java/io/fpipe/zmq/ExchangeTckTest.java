/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;
import reactor.core.publisher.Flux;

/**
 * The reply of an exchange as a publisher. Each buffer of the source is a full frame, so it arrives as one buffer; that
 * the end comes with a frame of its own does not show.
 */
public class ExchangeTckTest extends PublisherVerification<ByteBuffer> {

    private static final byte[] FRAME = new byte[ExchangeSettings.MAX_PAYLOAD];

    private Rig rig;
    private ClientExchange exchange;

    public ExchangeTckTest() {
        super(new TestEnvironment(500, 50), 500);
    }

    Rig.Wiring wiring() {
        return Rig.Wiring.INPROC;
    }

    @BeforeClass
    public void open() {
        rig = new Rig(wiring());
        rig.serveApart(Stage.identity());
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
        return exchange.apply(Flux.<ByteBuffer>generate(sink -> sink.next(ByteBuffer.wrap(FRAME)))
                .take(elements));
    }

    @Override
    public Publisher<ByteBuffer> createFailedPublisher() {
        return exchange.apply(Flux.error(new IllegalStateException("failed")));
    }
}
