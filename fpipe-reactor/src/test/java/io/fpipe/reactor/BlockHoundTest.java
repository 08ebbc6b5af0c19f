/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Deflate;
import io.fpipe.reactor.compress.Gzip;
import io.fpipe.reactor.compress.Lz4;
import io.fpipe.reactor.compress.Shuffle;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.compress.Zstd;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.reactor.frame.Frames;
import io.fpipe.reactor.frame.Texts;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.blockhound.BlockHound;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * All that runs in a thread that must not block, the first use of each library included; and the bridges to what
 * blocks, subscribed to, asked and cancelled in such a thread.
 */
class BlockHoundTest {

    private static final Duration SECONDS = Duration.ofSeconds(5);
    private static final List<String> PROBLEMS = new CopyOnWriteArrayList<>();

    private static volatile boolean watching;

    @TempDir
    private Path folder;

    @BeforeAll
    static void install() { // for good: it watches during this class only
        BlockHound.install(builder -> builder.blockingMethodCallback(method -> {
            if (watching) {
                PROBLEMS.add(method + " in " + Thread.currentThread().getName());
            }
        }));
    }

    @BeforeEach
    void watch() {
        PROBLEMS.clear();
        watching = true;
    }

    @AfterEach
    void rest() {
        watching = false;
    }

    private static <T> Flux<T> inParallel(Flux<T> flux) {
        return flux.publishOn(Schedulers.parallel(), 1).subscribeOn(Schedulers.parallel());
    }

    private static Flux<ByteBuffer> source() {
        return Flux.range(0, 100).map(i -> ByteBuffer.allocate(1000)).publishOn(Schedulers.parallel());
    }

    @Test
    void findsACallThatBlocks() {
        Mono.fromCallable(() -> new CountDownLatch(1).await(1, TimeUnit.MILLISECONDS))
                .subscribeOn(Schedulers.parallel())
                .block(SECONDS);
        assertThat(PROBLEMS).isNotEmpty();
    }

    @Test
    void filesDoNotBlockTheirUsers() throws Exception {
        Path path = Files.write(folder.resolve("file"), new byte[1 << 20]);
        assertThat(inParallel(Chunks.fromFile(path, 999)).count().block(SECONDS))
                .isEqualTo(1050);
        assertThat(inParallel(Chunks.fromFile(path, 999)).take(5).count().block(SECONDS))
                .isEqualTo(5);
        assertThat(inParallel(Chunks.toFile(source(), path).flux()).blockLast(SECONDS))
                .isEqualTo(100_000);
        assertThat(PROBLEMS).isEmpty();
    }

    static Stream<Stage> stages() {
        return Stream.of(
                Zlib.compress().then(Zlib.decompress()),
                Gzip.compress().then(Gzip.decompress()),
                Deflate.compress().then(Deflate.decompress()),
                Lz4.compress().then(Lz4.decompress()),
                Zstd.compress().then(Zstd.decompress()),
                Shuffle.shuffle(4).then(Shuffle.unshuffle(4)),
                Digests.crc32c().append().then(Digests.crc32c().verify()),
                Digests.digest("SHA-256")
                        .append()
                        .then(Digests.digest("SHA-256").verify()),
                Texts.base64Encode().then(Texts.base64Decode()),
                Prefixes.prepend(1).then(FpipeCond.bytes().whenPrefix(1, Prefixes.skip(1))),
                Chunks.rechunk(777).then(Chunks.coalesce(1000, 5000)));
    }

    @ParameterizedTest
    @MethodSource("stages")
    void stagesDoNotBlock(Stage thereAndBack) {
        assertThat(inParallel(Flux.defer(() -> thereAndBack.apply(source())))
                        .reduce(0, (sum, buffer) -> sum + buffer.remaining())
                        .block(SECONDS))
                .isEqualTo(100_000);
        assertThat(PROBLEMS).isEmpty();
    }

    @Test
    void codecsDoNotBlock() {
        List<Integer> value = Flux.range(0, 100_000).collectList().block(SECONDS);
        assertThat(inParallel(Cbor.deserializer()
                                .deserialize(Cbor.serializer().serialize(value).publishOn(Schedulers.parallel()))
                                .flux())
                        .blockLast(SECONDS))
                .isEqualTo(value);
        assertThat(inParallel(Frames.lines()
                                .decode(Frames.lines().encode(Flux.range(0, 100).map(i -> source()))))
                        .concatMap(message -> message)
                        .count()
                        .block(SECONDS))
                .isGreaterThan(0);
        assertThat(PROBLEMS).isEmpty();
    }

    @Test
    void streamsDoNotBlockTheirUsers() {
        Flux<ByteBuffer> read = Chunks.fromInputStream(() -> new ByteArrayInputStream(new byte[1 << 20]));
        assertThat(inParallel(read).count().block(SECONDS)).isEqualTo(16);
        assertThat(inParallel(Chunks.toOutputStream(source(), OutputStream.nullOutputStream())
                                .flux())
                        .blockLast(SECONDS))
                .isEqualTo(100_000);
        Flux<ByteBuffer> written = Chunks.fromOutputStream(stream -> stream.write(new byte[1 << 20]));
        assertThat(inParallel(written).count().block(SECONDS)).isEqualTo(128);
        assertThat(inParallel(written).take(3).count().block(SECONDS)).isEqualTo(3);
        assertThat(PROBLEMS).isEmpty();
    }
}
