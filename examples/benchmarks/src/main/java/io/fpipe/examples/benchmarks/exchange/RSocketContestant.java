/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.ByteBufPayload;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** RSocket: calls as request-response or as elements of one channel, anything longer as the chunks of a channel. */
final class RSocketContestant implements Contestant {

    private static final long LONGEST_SECONDS = 20;

    private final boolean channel;
    private @Nullable CloseableChannel server;
    private @Nullable RSocket client;

    RSocketContestant(boolean channel) {
        this.channel = channel;
    }

    @Override
    public String serve(Task task, String transport) {
        CloseableChannel bound = RSocketServer.create((setup, peer) -> Mono.just(handler(task)))
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .bindNow(TcpServerTransport.create("127.0.0.1", 0));
        server = bound;
        return "127.0.0.1:" + bound.address().getPort();
    }

    private static RSocket handler(Task task) {
        return new RSocket() {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                return Mono.just(payload);
            }

            @Override
            public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
                Flux<Payload> all = Flux.from(payloads);
                return task == Task.BYTES ? gathered(all) : all;
            }
        };
    }

    private static Flux<Payload> gathered(Flux<Payload> payloads) {
        return Mono.fromSupplier(Whole::new)
                .flatMapMany(whole ->
                        payloads.map(payload -> add(whole, payload)).thenMany(Flux.defer(() -> chunks(whole.bytes()))));
    }

    private static Flux<Payload> chunks(byte[] bytes) {
        return Flux.range(0, Whole.chunks(bytes)).map(i -> ByteBufPayload.create(Whole.chunk(bytes, i)));
    }

    private static boolean add(Whole whole, Payload payload) {
        boolean complete = whole.add(payload.sliceData().nioBuffer());
        payload.release();
        return complete;
    }

    @Override
    public void connect(Task task, String address) {
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
        client = RSocketConnector.create()
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .connect(TcpClientTransport.create("127.0.0.1", port))
                .block();
    }

    private RSocket client() {
        return Objects.requireNonNull(client, "not connected");
    }

    @Override
    public void calls(Calls calls) {
        RSocket peer = client();
        if (channel) {
            Sinks.Many<Payload> next = Sinks.many().unicast().onBackpressureBuffer();
            peer.requestChannel(next.asFlux())
                    .subscribe(
                            payload -> {
                                answered(calls, payload);
                                emit(calls, next);
                            },
                            calls::fail);
            for (int i = 0; i < calls.inFlight(); i++) {
                emit(calls, next);
            }
        } else {
            Flux.range(0, calls.count())
                    .flatMap(
                            i -> Mono.defer(() -> peer.requestResponse(ByteBufPayload.create(calls.message(i))))
                                    .doOnNext(payload -> answered(calls, payload)),
                            calls.inFlight())
                    .subscribe(payload -> {}, calls::fail);
        }
    }

    /** While the first calls are made, answers may come at the same time. */
    private static void emit(Calls calls, Sinks.Many<Payload> next) {
        synchronized (next) {
            int number = calls.next();
            if (number >= 0) {
                next.tryEmitNext(ByteBufPayload.create(calls.message(number))).orThrow();
            } else {
                next.tryEmitComplete();
            }
        }
    }

    private static void answered(Calls calls, Payload payload) {
        ByteBuf data = payload.sliceData();
        calls.answered(data.nioBuffer());
        payload.release();
    }

    @Override
    public void streams(Streams streams) {
        for (int i = 0; i < streams.number(); i++) {
            int stream = i;
            Flux<Payload> chunks = Flux.range(0, streams.chunks()).map(k -> ByteBufPayload.create(streams.chunk(k)));
            client().requestChannel(chunks)
                    .subscribe(
                            payload -> {
                                streams.came(stream, payload.sliceData().nioBuffer());
                                payload.release();
                            },
                            streams::fail);
        }
    }

    @Override
    public Object there(Task task, Object value) throws Exception {
        if (task != Task.BYTES) {
            throw new IllegalStateException("measured with bytes only");
        }
        Whole whole = new Whole();
        client().requestChannel(chunks((byte[]) value))
                .subscribe(payload -> add(whole, payload), whole.whole()::completeExceptionally);
        return whole.whole().get(LONGEST_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (client != null) {
            client.dispose();
        }
        if (server != null) {
            server.dispose();
            server.onClose().block();
        }
    }
}
