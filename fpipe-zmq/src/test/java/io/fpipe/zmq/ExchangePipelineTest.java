/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The pipeline of the README: objects, a cond, compression, prefixes, a server, and all of it back. */
class ExchangePipelineTest {

    private record Request(Object body, boolean compress) {}

    private static final Serializer<Request> OUTBOUND = FpipeCond.<Request>objects()
            .when(
                    Request::compress,
                    Request::body,
                    Cbor.serializer().then(Zlib.compress()).then(Prefixes.prepend(1)))
            .otherwise(Request::body, Cbor.serializer().then(Prefixes.prepend(0)));

    private static final Deserializer<Object> INBOUND = FpipeCond.bytes()
            .whenPrefix(1, Prefixes.skip(1).then(Zlib.decompress()))
            .whenPrefix(0, Prefixes.skip(1))
            .into(Cbor.deserializer());

    /** Returns what it gets, compressed if it is a list. */
    private static ZmqBinding serve(Rig rig) {
        return rig.track(rig.server(server -> server)
                .serveNow(
                        INBOUND,
                        body -> Mono.just(body),
                        OUTBOUND.contramap((Object body) -> new Request(body, body instanceof List))));
    }

    @ParameterizedTest
    @EnumSource(Wiring.class)
    void objectsGoThereAndBack(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            serve(rig);
            Function<Request, Mono<Object>> call = OUTBOUND.then(rig.client()).into(INBOUND);
            List<Integer> numbers = IntStream.range(0, 100_000).boxed().toList();
            for (boolean compress : new boolean[] {true, false}) {
                for (Object body : List.of(1, "text", Map.of("a", List.of(true, 2.5)), List.of(), numbers)) {
                    assertThat(call.apply(new Request(body, compress)).block(Rig.SOON))
                            .isEqualTo(body);
                }
                byte[] bytes = Bytes.random(3_000_000, 9);
                assertThat(call.apply(new Request(bytes, compress)).block(Rig.SOON))
                        .isEqualTo(bytes);
            }
        }
    }

    /** What a request may be made of instead, and what the server's decoder says of it. */
    private record Broken(String name, Stage damage, String text) {

        @Override
        public String toString() {
            return name;
        }
    }

    private static Stage rewrite(Function<byte[], byte[]> change) {
        return bytes -> Bytes.join(bytes).map(change).map(ByteBuffer::wrap).flux();
    }

    private static byte[] with(byte[] bytes, int index, int value) {
        byte[] changed = bytes.clone();
        changed[index] = (byte) value;
        return changed;
    }

    static Stream<Broken> broken() {
        return Stream.of(
                new Broken("unknown prefix", rewrite(bytes -> with(bytes, 0, 7)), "07"),
                new Broken("no zlib header", rewrite(bytes -> with(bytes, 1, 0)), "zlib"),
                new Broken(
                        "damaged checksum",
                        rewrite(bytes -> with(bytes, bytes.length - 1, ~bytes[bytes.length - 1])),
                        "zlib"),
                new Broken("truncated", rewrite(bytes -> java.util.Arrays.copyOf(bytes, bytes.length - 6)), "zlib"),
                new Broken("trailing", rewrite(bytes -> java.util.Arrays.copyOf(bytes, bytes.length + 1)), "zlib"),
                new Broken("truncated CBOR", bytes -> Flux.just(ByteBuffer.wrap(new byte[] {0, (byte) 0x82, 1})), ""),
                new Broken("trailing CBOR", bytes -> Flux.just(ByteBuffer.wrap(new byte[] {0, 1, 1})), ""),
                new Broken("no CBOR", bytes -> Flux.just(ByteBuffer.wrap(new byte[] {0})), ""),
                new Broken("nothing", bytes -> bytes.thenMany(Flux.empty()), ""));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void whatIsBrokenFailsItsCallWithTheReasonAndNoOther(Broken broken) {
        try (Rig rig = new Rig(Wiring.TCP)) {
            ZmqBinding server = serve(rig);
            ClientExchange remote = rig.client();
            Request request = new Request("some text that is compressed", true);
            Throwable local = OUTBOUND.then(broken.damage())
                    .into(INBOUND)
                    .apply(request)
                    .<Throwable>map(object -> new AssertionError("not broken: " + object))
                    .onErrorResume(Mono::just)
                    .block(Rig.SOON);
            assertThatThrownBy(() -> OUTBOUND.then(broken.damage())
                            .then(remote)
                            .into(INBOUND)
                            .apply(request)
                            .block(Rig.SOON))
                    .isInstanceOf(ZmqRemoteException.class)
                    .hasMessage(local.getMessage())
                    .hasMessageContaining(broken.text())
                    .extracting("code")
                    .isEqualTo(ZmqRemoteException.FAILED);
            assertThat(OUTBOUND.then(remote).into(INBOUND).apply(request).block(Rig.SOON))
                    .isEqualTo("some text that is compressed");
            rig.awaitNoStreams(remote, server);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void aBrokenReplyFailsAtTheCaller(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server =
                    rig.serve(bytes -> bytes.thenMany(Flux.just(Bytes.utf8("\u0001 no zlib"), Bytes.utf8("more"))));
            ClientExchange remote = rig.client();
            assertThatThrownBy(() -> OUTBOUND.then(remote)
                            .into(INBOUND)
                            .apply(new Request("x", false))
                            .block(Rig.SOON))
                    .isInstanceOf(CorruptStreamException.class);
            rig.awaitNoStreams(remote, server);
        }
    }
}
