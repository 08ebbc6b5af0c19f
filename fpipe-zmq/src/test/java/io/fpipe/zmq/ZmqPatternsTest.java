/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.bytes;
import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.compress.Zlib;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The patterns that docs/zmq.md shows. */
@Timeout(60)
class ZmqPatternsTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final ZmqResources resources = ZmqResources.create(o -> o.name("patterns-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    @Test
    void jobsComeInPassStagesAndGoOut() {
        ZmqConnection source =
                ZmqSocket.push().runOn(resources).bind("tcp://127.0.0.1:*").openNow();
        ZmqConnection sink =
                ZmqSocket.pull().runOn(resources).bind("tcp://127.0.0.1:*").openNow();
        String jobs = source.endpoint();
        String results = sink.endpoint();

        Stage stages = Prefixes.skip(1).then(Zlib.compress());
        ZmqConnection in = ZmqSocket.pull().runOn(resources).connect(jobs).openNow();
        ZmqConnection out = ZmqSocket.push().runOn(resources).connect(results).openNow();
        Mono<Void> worker = out.sendBytes(
                in.receiveBytes() // one ZeroMQ message is one message
                        .concatMap(job -> Chunks.join(stages.apply(Flux.just(job)), 1 << 20)
                                .map(ByteBuffer::wrap)));
        worker.subscribe(v -> {}, e -> {});

        source.sendBytes(Flux.range(0, 2000).map(i -> bytes("!job " + i))).block(LIMIT);
        List<String> got = sink.receiveBytes()
                .take(2000)
                .concatMap(result -> Chunks.join(Zlib.decompress().apply(Flux.just(result)), 1 << 20))
                .map(result -> new String(result, UTF_8))
                .collectList()
                .block(LIMIT);
        assertThat(got)
                .isEqualTo(
                        Flux.range(0, 2000).map(i -> "job " + i).collectList().block());
    }

    @Test
    void newsAreRoutedByTheirTopics() {
        ZmqConnection publisher = ZmqSocket.xpub()
                .runOn(resources)
                .bind("tcp://127.0.0.1:*")
                .waitForFullPeers(true) // so that nothing is dropped
                .openNow();
        String endpoint = publisher.endpoint();
        Mono<List<ZmqMessage>> subscribed =
                publisher.receive().take(2).collectList().cache();
        subscribed.subscribe();

        Deserializer<String> text = message -> Chunks.join(message, 1 << 10).map(all -> new String(all, UTF_8));
        Deserializer<String> news = FpipeCond.<String>decode()
                .whenPrefix("sports:".getBytes(UTF_8), Prefixes.skip(7).into(text))
                .whenPrefix(
                        "weather:".getBytes(UTF_8),
                        Prefixes.skip(8).then(Zlib.decompress()).into(text));
        Flux<String> received = ZmqSocket.sub("sports:", "weather:")
                .runOn(resources)
                .connect(endpoint)
                .receiveBytes()
                .concatMap(message -> news.deserialize(Flux.just(message)));

        Mono<List<String>> all = received.take(3).collectList().cache();
        all.subscribe();
        subscribed.block(LIMIT); // an XPUB knows when somebody listens
        byte[] rain = Chunks.join(Zlib.compress().apply(Flux.just(bytes("rain"))), 100)
                .block(LIMIT);
        assertThat(rain).isNotNull();
        ByteBuffer weather = ByteBuffer.allocate(8 + rain.length)
                .put(bytes("weather:"))
                .put(rain)
                .flip();
        publisher
                .sendBytes(Flux.just(bytes("sports:1:0"), bytes("politics:vote"), weather, bytes("sports:2:0")))
                .block(LIMIT);
        assertThat(all.block(LIMIT)).containsExactly("1:0", "rain", "2:0");
    }

    @Test
    void requestsAreSharedAmongWorkers() {
        ZmqConnection clients = ZmqSocket.router()
                .runOn(resources)
                .bind("tcp://127.0.0.1:*")
                .onUndeliverable((reply, why) -> {}) // its client has gone
                .openNow();
        ZmqConnection workers =
                ZmqSocket.dealer().runOn(resources).bind("tcp://127.0.0.1:*").openNow();
        Disposable balancer = Mono.when(workers.send(clients.receive()), clients.send(workers.receive()))
                .subscribe();

        Map<String, AtomicInteger> work = new ConcurrentHashMap<>();
        for (String name : List.of("one", "two", "three")) {
            ZmqConnection worker =
                    ZmqSocket.rep().runOn(resources).connect(workers.endpoint()).openNow();
            AtomicInteger done = new AtomicInteger();
            work.put(name, done);
            worker.send(worker.receive()
                            .doOnNext(request -> done.incrementAndGet())
                            .map(request -> message(text(request) + " done")))
                    .subscribe();
            worker.events().filter(e -> e.kind() == ZmqEvent.Kind.PEER_UP).blockFirst(LIMIT);
        }
        Flux.range(0, 5)
                .flatMap(c -> {
                    ZmqConnection client = ZmqSocket.req()
                            .runOn(resources)
                            .connect(clients.endpoint())
                            .openNow();
                    return Flux.range(0, 100)
                            .concatMap(i -> client.send(Mono.just(message(c + "/" + i)))
                                    .then(client.receive().next())
                                    .doOnNext(reply -> assertThat(text(reply)).isEqualTo(c + "/" + i + " done")));
                })
                .blockLast(LIMIT);
        assertThat(work).hasSize(3).allSatisfy((name, done) -> assertThat(done).hasPositiveValue());
        balancer.dispose();
    }

    @Test
    void aRequestIsTriedAgainUntilSomebodyReplies() {
        ZmqConnection server =
                ZmqSocket.router().runOn(resources).bind("tcp://127.0.0.1:*").openNow();
        AtomicInteger lost = new AtomicInteger(2);
        server.send(server.receive().filter(request -> lost.getAndDecrement() <= 0))
                .subscribe(); // loses two, then echoes

        ZmqConnection requester = ZmqSocket.req()
                .runOn(resources)
                .connect(server.endpoint())
                .relaxed(true) // may ask again although a reply is missing
                .openNow();
        Mono<ZmqMessage> reply = requester
                .send(Mono.just(message("question")))
                .then(requester.receive().next())
                .timeout(Duration.ofMillis(200))
                .retry(5);

        assertThat(text(reply.block(LIMIT))).isEqualTo("question");
        assertThat(lost.get()).isNegative();
    }
}
