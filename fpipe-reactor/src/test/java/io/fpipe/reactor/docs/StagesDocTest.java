/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.reactor.frame.Frames;
import io.fpipe.reactor.frame.Texts;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/stages.md and docs/guide.md; RunLengths and CipherDocTest have the rest of it. */
class StagesDocTest {

    private static final byte[] NOTHING = {};

    private record Request(Object body) {}

    @Test
    void stagesCompose() {
        Stage outbound = Zlib.compress(o -> o.level(6)).then(Digests.crc32c().append());
        Stage inbound = Digests.crc32c()
                .verify()
                .then(Zlib.decompress(o -> o.maxOutputBytes(1 << 20)))
                .named("inbound");

        StageCheck.roundTrip(outbound, inbound, NOTHING, "abcabcabc".getBytes(UTF_8))
                .verify();
        StageCheck.stage(inbound)
                .invalid(new byte[] {1, 2, 3, 4, 5}, CorruptStreamException.class)
                .verify();
        Flux<ByteBuffer> tooLarge = outbound.apply(Chunks.of(new byte[(1 << 20) + 1]));
        assertThatThrownBy(() -> inbound.apply(tooLarge).blockLast())
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("maxOutputBytes is 1048576");
    }

    @Test
    void filesAreEndsOfAPipeline(@TempDir Path folder) throws Exception {
        Path source = Files.writeString(folder.resolve("log"), "a line\n".repeat(1000));
        Path packed = folder.resolve("log.z");

        Mono<Long> written = Zlib.compress().into(Chunks.toFile(packed)).deserialize(Chunks.fromFile(source));

        assertThat(written.block()).isEqualTo(Files.size(packed)).isLessThan(Files.size(source));
        Flux<ByteBuffer> restored = Zlib.decompress().apply(Chunks.fromFile(packed));
        assertThat(Chunks.join(restored, 1 << 20).block()).isEqualTo(Files.readAllBytes(source));
    }

    @Test
    void framesCarryManyMessages() {
        Frames frames = Frames.lengthPrefix(4).maxFrameBytes(1 << 20);

        Flux<ByteBuffer> stream = frames.encode(Flux.just("a", List.of(1, 2)).map(Cbor.serializer()::serialize));
        Flux<Object> values = frames.decode(stream).concatMap(Cbor.deserializer()::deserialize);

        assertThat(values.collectList().block()).isEqualTo(List.of("a", List.of(1, 2)));
    }

    @Test
    void aDigestIsComputedOnTheWay() {
        Flux<ByteBuffer> message = Chunks.of("abc".getBytes(StandardCharsets.US_ASCII));

        Digests.Tapped tapped = Digests.digest("SHA-256").tap(message);
        Mono<String> hex = tapped.bytes().then(tapped.digest()).map(HexFormat.of()::formatHex);

        assertThat(hex.block()).isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void linesAreReadAsTheyArrive() {
        Flux<ByteBuffer> message = Chunks.of("one\r\nt".getBytes(UTF_8), "wo\nthree".getBytes(UTF_8));

        Flux<String> lines = Texts.lineDeserializer().deserialize(message);

        assertThat(lines.collectList().block()).containsExactly("one", "two", "three");
    }

    @Test
    void cborHasLimits() {
        Deserializer<Object> small = Cbor.deserializer(
                o -> o.limits(limits -> limits.maxBytes(64 << 10).maxDepth(8)));

        Map<String, Object> value = Map.of("id", 7);
        assertThat(Cbor.serializer().into(small).apply(value).block()).isEqualTo(value);
        assertThatThrownBy(() ->
                        Cbor.serializer().into(small).apply(new byte[64 << 10]).block())
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("maxBytes is 65536");
    }

    @Test
    void aFunctionOfPublishersIsAStage() {
        AtomicLong total = new AtomicLong();

        Stage counted = Stage.of(bytes -> bytes.doOnNext(buffer -> total.addAndGet(buffer.remaining())));

        StageCheck.stage(counted).sample(new byte[] {1, 2}, new byte[] {1, 2}).verify();
        total.set(0);
        counted.apply(Chunks.of(new byte[3], new byte[2])).blockLast();
        assertThat(total).hasValue(5);
    }

    @Test
    void aTranscoderIsAStage() {
        Stage expand = Stage.transcode(RunLengths::new);

        Flux<ByteBuffer> runs = Chunks.of(new byte[] {3, 'a', 1}, new byte[] {'b'});
        assertThat(Chunks.join(expand.apply(runs), 100).block()).isEqualTo("aaab".getBytes(UTF_8));
    }

    @Test
    void theGuidesPipelineIsAFunction() {
        Stage packed = Zlib.compress().then(Prefixes.prepend(1));

        Serializer<Request> outbound =
                Cbor.serializer().<Request>contramap(Request::body).then(packed);
        Stage stage = Chunks.rechunk(1);
        Deserializer<Object> inbound = Prefixes.skip(1).then(Zlib.decompress()).into(Cbor.deserializer());

        Function<Request, Mono<Object>> pipeline = outbound.then(stage).into(inbound);

        assertThat(pipeline.apply(new Request("abc")).block()).isEqualTo("abc");
    }
}
