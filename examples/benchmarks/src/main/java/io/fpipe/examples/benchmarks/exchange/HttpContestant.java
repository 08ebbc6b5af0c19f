/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.resources.ConnectionProvider;

/** HTTP/1.1 of reactor-netty: a POST for each call or stream, on pooled connections that stay open. */
final class HttpContestant implements Contestant {

    private static final int CONNECTIONS = 256;
    private static final long LONGEST_SECONDS = 20;

    private final ConnectionProvider pool = ConnectionProvider.builder("exchange")
            .maxConnections(CONNECTIONS)
            .pendingAcquireMaxCount(-1)
            .build();
    private @Nullable DisposableServer server;
    private @Nullable HttpClient client;

    @Override
    public String serve(Task task, String transport) {
        DisposableServer bound = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> switch (task) {
                    case STREAMS -> response.send(request.receive().retain());
                    case BYTES -> response.send(gathered(request));
                    default -> response.send(request.receive().aggregate().retain());
                })
                .bindNow();
        server = bound;
        return "127.0.0.1:" + bound.port();
    }

    private static Flux<ByteBuf> gathered(HttpServerRequest request) {
        return Mono.fromSupplier(Whole::new)
                .flatMapMany(whole -> request.receive()
                        .map(part -> whole.add(part.nioBuffer())) // a buffer that then() drops would be released again
                        .thenMany(Flux.defer(() -> chunks(whole.bytes()))));
    }

    private static Flux<ByteBuf> chunks(byte[] bytes) {
        return Flux.range(0, Whole.chunks(bytes)).map(i -> Unpooled.wrappedBuffer(Whole.chunk(bytes, i)));
    }

    @Override
    public void connect(Task task, String address) {
        client = HttpClient.create(pool).baseUrl("http://" + address);
    }

    private ByteBufFlux post(Publisher<? extends ByteBuf> body) {
        return Objects.requireNonNull(client, "not connected")
                .post()
                .uri("/")
                .send(body)
                .responseContent();
    }

    @Override
    public void calls(Calls calls) {
        Flux.range(0, calls.count())
                .flatMap(
                        i -> post(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(calls.message(i))))
                                .aggregate()
                                .doOnNext(answer -> calls.answered(answer.nioBuffer())),
                        calls.inFlight())
                .subscribe(answer -> {}, calls::fail);
    }

    @Override
    public void streams(Streams streams) {
        for (int i = 0; i < streams.number(); i++) {
            int stream = i;
            post(Flux.range(0, streams.chunks()).map(k -> Unpooled.wrappedBuffer(streams.chunk(k))))
                    .subscribe(part -> streams.came(stream, part.nioBuffer()), streams::fail);
        }
    }

    @Override
    public Object there(Task task, Object value) throws Exception {
        if (task != Task.BYTES) {
            throw new IllegalStateException("measured with bytes only");
        }
        Whole whole = new Whole();
        post(chunks((byte[]) value))
                .subscribe(part -> whole.add(part.nioBuffer()), whole.whole()::completeExceptionally);
        return whole.whole().get(LONGEST_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        pool.disposeLater().block();
        if (server != null) {
            server.disposeNow();
        }
    }
}
