/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class ExchangeBackpressureTest {

    private static final int WINDOW = 1 << 18;
    private static final int BUFFER = 10_000;

    /** What a reader who has never read costs. */
    private static final int FIRST = 1 << 16;

    /** The first credit, a frame that may be begun, and the buffer that did not fit. */
    private static final long BOUND = FIRST + ExchangeSettings.MAX_PAYLOAD + BUFFER;

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aReaderThatStopsHoldsItsSourceAndNobodyElse(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            AtomicInteger calls = new AtomicInteger();
            AtomicLong emitted = new AtomicLong();
            ZmqBinding server = rig.serve(bytes -> calls.getAndIncrement() > 0
                    ? bytes
                    : Bytes.endless(BUFFER).doOnNext(buffer -> emitted.addAndGet(buffer.remaining())));
            ClientExchange exchange = rig.client(client -> client.window(WINDOW));
            Stopped stopped = new Stopped();
            exchange.apply(Flux.empty()).subscribe(stopped);
            rig.await("the window is full", () -> emitted.get() >= FIRST);

            assertThat(othersTransfer(exchange)).isEqualTo(15 * 40 * 100_000L);
            assertThat(emitted.get()).isLessThanOrEqualTo(BOUND);

            stopped.request(Long.MAX_VALUE);
            rig.await("it goes on when it is read", () -> stopped.received.get() > 4L * WINDOW);
            stopped.cancel();
            rig.awaitNoStreams(exchange, server);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aHandlerThatDoesNotReadHoldsItsCallerAndNobodyElse(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            AtomicInteger calls = new AtomicInteger();
            AtomicLong emitted = new AtomicLong();
            ZmqBinding server =
                    rig.serve(bytes -> calls.getAndIncrement() > 0 ? bytes : Flux.never(), s -> s.window(WINDOW));
            ClientExchange exchange = rig.client();
            Stopped stopped = new Stopped();
            exchange.apply(Bytes.endless(BUFFER).doOnNext(buffer -> emitted.addAndGet(buffer.remaining())))
                    .subscribe(stopped);
            rig.await("the window is full", () -> emitted.get() >= FIRST);

            assertThat(othersTransfer(exchange)).isEqualTo(15 * 40 * 100_000L);
            assertThat(emitted.get()).isLessThanOrEqualTo(BOUND);
            stopped.cancel();
            rig.awaitNoStreams(exchange, server);
        }
    }

    /** 15 calls at once, each of 4 MB there and back. */
    private static Long othersTransfer(ZmqExchange exchange) {
        return Flux.range(0, 15)
                .flatMap(
                        i -> exchange.apply(Bytes.endless(100_000).take(40))
                                .reduce(0L, (sum, buffer) -> sum + buffer.remaining()),
                        15)
                .reduce(0L, Long::sum)
                .block(Rig.SOON);
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aReplyMayBeReadOneBufferAtATime(Wiring wiring) {
        byte[] message = Bytes.random(3_000_000, 5);
        try (Rig rig = new Rig(wiring)) {
            rig.serve(Stage.identity(), server -> server.window(1 << 12));
            ClientExchange exchange = rig.client(client -> client.window(1 << 12));
            List<ByteBuffer> reply = exchange.apply(Flux.fromIterable(Bytes.cut(message, 777)))
                    .limitRate(1)
                    .collectList()
                    .block(Rig.SOON);
            assertThat(Bytes.join(reply)).isEqualTo(message);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void sourcesAreAskedForOneBufferAtATime(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            Asked request = new Asked();
            Asked reply = new Asked();
            rig.serve(bytes -> reply.watch(bytes.thenMany(Bytes.endless(3000).take(1000))));
            Long bytes = rig.client()
                    .apply(request.watch(Bytes.endless(3000).take(1000)))
                    .reduce(0L, (sum, buffer) -> sum + buffer.remaining())
                    .block(Rig.SOON);
            assertThat(bytes).isEqualTo(3_000_000);
            assertThat(request.most).hasValue(1);
            assertThat(reply.most).hasValue(1);
        }
    }

    @Test
    void nothingIsDeliveredWithoutDemand() {
        try (Rig rig = new Rig(Wiring.INPROC)) {
            rig.serve(Stage.identity());
            ClientExchange exchange = rig.client();
            Function<Integer, ByteBuffer> buffer = i -> ByteBuffer.wrap(Bytes.random(ExchangeSettings.MAX_PAYLOAD, i));
            StepVerifier.create(exchange.apply(Flux.range(0, 4).map(buffer)), 0)
                    .expectSubscription()
                    .then(rig::settle)
                    .thenRequest(1)
                    .assertNext(b -> assertThat(Bytes.of(b)).isEqualTo(Bytes.of(buffer.apply(0))))
                    .thenRequest(2)
                    .expectNextCount(2)
                    .then(rig::settle)
                    .thenRequest(1)
                    .expectNextCount(1)
                    .expectComplete() // without any further demand
                    .verify(Rig.SOON);
        }
    }

    /** Asks for nothing until it is told to. */
    private static final class Stopped extends BaseSubscriber<ByteBuffer> {

        final AtomicLong received = new AtomicLong();

        @Override
        protected void hookOnSubscribe(Subscription s) {}

        @Override
        protected void hookOnNext(ByteBuffer buffer) {
            received.addAndGet(buffer.remaining());
        }

        @Override
        protected void hookOnError(Throwable failure) {} // the rig is closed
    }

    /** Counts how much is asked for ahead of what was given. */
    private static final class Asked {

        private final AtomicInteger open = new AtomicInteger();
        final AtomicInteger most = new AtomicInteger();

        Flux<ByteBuffer> watch(Flux<ByteBuffer> source) {
            return source.doOnNext(buffer -> open.decrementAndGet())
                    .doOnRequest(n ->
                            most.accumulateAndGet(open.addAndGet((int) Math.min(n, Integer.MAX_VALUE / 2)), Math::max));
        }
    }
}
