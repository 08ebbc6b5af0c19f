/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.stopped;

import io.fpipe.examples.benchmarks.stopped.Layer.Between;
import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqClient;
import io.fpipe.zmq.ZmqConnection;
import io.fpipe.zmq.ZmqExchange;
import io.fpipe.zmq.ZmqMessage;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqServer;
import io.fpipe.zmq.ZmqSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** All layers that the table has. */
final class Layers {

    private static final String TCP = "tcp://127.0.0.1:*";
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final int KIB = 1024;
    private static final int CHUNK = 10_000;
    private static final int MANY = 1000;

    /** After that a window has grown to its full length. */
    private static final long LONG = 100_000_000;

    private Layers() {}

    static List<Layer> all() {
        return Stream.of(inThisProcess(), sockets(), exchanges())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Layer> inThisProcess() {
        return List.of(
                new Layer(
                        "pipeline of map and filter",
                        CHUNK,
                        10 * CHUNK,
                        (source, resources) -> Between.of(
                                source.buffers().map(ByteBuffer::duplicate).filter(ByteBuffer::hasRemaining))),
                new Layer(
                        "publishOn",
                        CHUNK,
                        10 * CHUNK,
                        (source, resources) -> Between.of(source.buffers().publishOn(Schedulers.parallel()))),
                new Layer(
                        "publishOn with a prefetch of 2",
                        CHUNK,
                        10 * CHUNK,
                        (source, resources) -> Between.of(source.buffers().publishOn(Schedulers.parallel(), 2))),
                stage("stage Chunks.rechunk(65536)", Chunks.rechunk(1 << 16)),
                stage("stages Zlib.compress and decompress", Zlib.compress().then(Zlib.decompress())));
    }

    private static Layer stage(String name, Stage stage) {
        return new Layer(name, CHUNK, 10 * CHUNK, (source, resources) -> Between.of(stage.apply(source.buffers())));
    }

    private static List<Layer> sockets() {
        return List.of(
                socket(
                        "PUSH to PULL, inproc",
                        ZmqSocket.push(),
                        ZmqSocket.pull().bind("inproc://stopped")),
                socket("PUSH to PULL, tcp", ZmqSocket.push(), ZmqSocket.pull().bind(TCP)),
                socket(
                        "PUSH to PULL, tcp, marks of 10 messages, buffers of 8 KiB",
                        ZmqSocket.push().highWaterMark(10).bufferBytes(8 << 10),
                        ZmqSocket.pull().highWaterMark(10).bufferBytes(8 << 10).bind(TCP)),
                new Layer("PUB to SUB, tcp", KIB, 10 * KIB, Layers::publisher),
                new Layer("PUB to SUB, tcp, waitForFullPeers", KIB, 10 * KIB, Layers::waitingPublisher),
                new Layer("ROUTER to one DEALER of two, tcp", KIB, 10 * KIB, Layers::router));
    }

    private static Layer socket(String name, ZmqSocket from, ZmqSocket to) {
        return new Layer(name, KIB, 10 * KIB, (source, resources) -> {
            ZmqConnection receiver = to.runOn(resources).openNow();
            send(from.runOn(resources).connect(receiver.endpoint()).openNow(), source);
            return Between.of(receiver.receiveBytes());
        });
    }

    private static void send(ZmqConnection sender, Source source) {
        sender.sendBytes(source.buffers()).subscribe(v -> {}, e -> {}); // fails when all is closed
    }

    private static Between publisher(Source source, ZmqResources resources) {
        return publish(ZmqSocket.xpub(), source, resources);
    }

    private static Between waitingPublisher(Source source, ZmqResources resources) {
        return publish(ZmqSocket.xpub().waitForFullPeers(true), source, resources);
    }

    /** An XPUB, which tells of its subscriber: what goes before that is for nobody. */
    private static Between publish(ZmqSocket from, Source source, ZmqResources resources) {
        ZmqConnection pub = from.runOn(resources).bind(TCP).openNow();
        Mono<ZmqMessage> subscribed = pub.receive().next().cache();
        subscribed.subscribe();
        ZmqConnection sub =
                ZmqSocket.sub("").runOn(resources).connect(pub.endpoint()).openNow();
        subscribed.block(SOON);
        send(pub, source);
        return Between.of(sub.receiveBytes());
    }

    private static Between router(Source source, ZmqResources resources) {
        ZmqConnection router = ZmqSocket.router().runOn(resources).bind(TCP).openNow();
        ZmqSocket dealer = ZmqSocket.dealer().runOn(resources).connect(router.endpoint());
        Mono<List<ZmqMessage>> named = router.receive().take(2).collectList().cache();
        named.subscribe();
        ZmqConnection first = named(dealer, "first");
        ZmqConnection second = named(dealer, "second");
        named.block(SOON);
        router.send(source.buffers().map(body -> ZmqMessage.of(utf8("first"), body)))
                .subscribe(v -> {}, e -> {}); // fails when all is closed
        Flux<ZmqMessage> others =
                Flux.generate(sink -> sink.next(ZmqMessage.of(utf8("second"), ByteBuffer.allocate(KIB))));
        return new Between(
                List.of(first.receiveBytes()),
                second.receiveBytes().doOnSubscribe(s -> router.send(others).subscribe(v -> {}, e -> {})));
    }

    private static ZmqConnection named(ZmqSocket dealer, String name) {
        ZmqConnection connection = dealer.routingId(utf8(name)).openNow();
        connection.sendBytes(Mono.just(utf8("here"))).block(SOON);
        return connection;
    }

    private static ByteBuffer utf8(String text) {
        return StandardCharsets.UTF_8.encode(text);
    }

    private static List<Layer> exchanges() {
        return List.of(
                exchange("exchange, inproc: a handler never reads its request", "inproc://stopped", 0, true),
                exchange("exchange, tcp: a handler never reads its request", TCP, 0, true),
                exchange("exchange, tcp: a handler stops after 100 MB", TCP, LONG, true),
                exchange("exchange, inproc: a reply is never read", "inproc://stopped", 0, false),
                exchange("exchange, tcp: a reply is never read", TCP, 0, false),
                exchange("exchange, tcp: a reader of a reply stops after 100 MB", TCP, LONG, false),
                new Layer("exchange, tcp: 1,000 replies are never read", CHUNK, 0, Layers::manyReplies),
                new Layer("exchange, tcp: 1,000 readers stop after 200 KB each", CHUNK, 200_000, Layers::manyReplies));
    }

    private static Between manyReplies(Source source, ZmqResources resources) {
        Between one = reply(TCP, source.withoutEnd(), resources);
        return new Between(Collections.nCopies(MANY, one.readers().get(0)), one.others());
    }

    private static Layer exchange(String name, String endpoint, long reads, boolean request) {
        return new Layer(
                name,
                CHUNK,
                reads,
                (source, resources) -> request
                        ? request(endpoint, source.buffers(), resources)
                        : reply(endpoint, source.buffers(), resources));
    }

    private static Between request(String endpoint, Flux<ByteBuffer> source, ZmqResources resources) {
        Sinks.One<Flux<ByteBuffer>> request = Sinks.one();
        ZmqExchange exchange = exchange(endpoint, resources, bytes -> {
            request.tryEmitValue(bytes);
            return Flux.never();
        });
        exchange.route("stopped").apply(source).subscribe(b -> {}, e -> {}); // fails when all is closed
        return new Between(List.of(Objects.requireNonNull(request.asMono().block(SOON))), others(exchange));
    }

    private static Between reply(String endpoint, Flux<ByteBuffer> source, ZmqResources resources) {
        ZmqExchange exchange = exchange(endpoint, resources, bytes -> source);
        return new Between(List.of(exchange.route("stopped").apply(Flux.empty())), others(exchange));
    }

    private static ZmqExchange exchange(String endpoint, ZmqResources resources, Stage stopped) {
        ZmqBinding server = ZmqServer.create()
                .bind(endpoint)
                .route("stopped", stopped)
                .runOn(resources)
                .serveNow(Stage.identity());
        return ZmqClient.create().connect(server.endpoint()).runOn(resources).openNow();
    }

    /** Calls of 1 MB there and back, one after the other. */
    private static Flux<ByteBuffer> others(ZmqExchange exchange) {
        ByteBuffer block = ByteBuffer.allocate(CHUNK);
        return Flux.range(0, Integer.MAX_VALUE)
                .concatMap(i -> exchange.apply(Flux.range(0, 100).map(part -> block.duplicate())), 0);
    }
}
