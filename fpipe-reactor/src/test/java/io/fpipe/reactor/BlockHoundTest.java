/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.blockhound.BlockHound;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** The bridges to what blocks, subscribed to, asked and cancelled in a thread that must not. */
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
