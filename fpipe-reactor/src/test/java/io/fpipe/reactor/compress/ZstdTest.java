/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static io.fpipe.reactor.compress.Samples.NONE;
import static io.fpipe.reactor.compress.Samples.ONE;
import static io.fpipe.reactor.compress.Samples.TEXT;
import static io.fpipe.reactor.compress.Samples.concat;
import static io.fpipe.reactor.compress.Samples.noise;
import static io.fpipe.reactor.compress.Samples.prose;
import static io.fpipe.reactor.compress.Samples.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.test.StageCheck;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class ZstdTest {

    private static byte[] zstd(byte[] bytes, int level) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(out, level)) {
            zstd.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    void isReadAndWrittenByTheLibrary() throws IOException {
        for (byte[] bytes : List.of(NONE, ONE, TEXT, noise(200_000), prose(300_000))) {
            for (int level : new int[] {-7, 0, 3, 19}) {
                byte[] frame = run(Zstd.compress(o -> o.level(level)), bytes);
                assertThat(new ZstdInputStream(new ByteArrayInputStream(frame)).readAllBytes())
                        .isEqualTo(bytes);
                assertThat(run(Zstd.decompress(), zstd(bytes, level))).isEqualTo(bytes);
            }
        }
    }

    @Test
    void isReadAndWrittenByTheCommand(@TempDir Path folder) throws Exception {
        Command zstd = new Command(folder, "zstd");
        for (byte[] bytes : List.of(NONE, TEXT, prose(300_000))) {
            assertThat(zstd.run(run(Zstd.compress(), bytes), "-dc")).isEqualTo(bytes);
            assertThat(run(Zstd.decompress(), zstd.run(bytes, "-c"))).isEqualTo(bytes);
            assertThat(run(Zstd.decompress(), zstd.run(bytes, "-19", "--no-check", "-c")))
                    .isEqualTo(bytes);
        }
    }

    @Test
    void theCodecsKeepTheirContract() throws IOException {
        byte[] bytes = prose(900);
        byte[] frame = zstd(bytes, 3);
        CodecSettings settings = CodecSettings.of(3, 64).maxOutputBytes(1000);
        StageCheck.transcoder(() -> new ZstdDecoder(settings, 23))
                .sample(frame, bytes)
                .invalid(zstd(new byte[1001], 3), LimitExceededException.class)
                .invalid(Arrays.copyOf(frame, frame.length - 1), CorruptStreamException.class)
                .verify();
        for (FlushMode mode : FlushMode.values()) {
            StageCheck.transcoder(() -> new ZstdEncoder(settings.flush(mode), true))
                    .sample(bytes, bytes)
                    .equality((output, expected) -> Arrays.equals(run(Zstd.decompress(), output), expected))
                    .verify();
        }
    }

    @Test
    void skipsSkippableFrames() {
        byte[] skippable = {0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
        byte[] emptySkippable = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
        byte[] frame = run(Zstd.compress(), TEXT);
        StageCheck.stage(Zstd.decompress())
                .sample(concat(skippable, frame, emptySkippable, frame, skippable), concat(TEXT, TEXT))
                .sample(skippable, NONE)
                .invalid(Arrays.copyOf(skippable, 10), CorruptStreamException.class)
                .verify();
    }

    @Test
    void saysWhatIsWrongAndWhere() {
        assertThatThrownBy(() -> run(Zstd.decompress(), TEXT))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("not a zstd frame: it begins with 0x746f2062 instead of 0x28b52ffd");
        byte[] frame = run(Zstd.compress(), TEXT);
        frame[frame.length - 1]++;
        assertThatThrownBy(() -> run(Zstd.decompress(), frame))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("zstd frame 0, after byte 4: ")
                .hasMessageContaining("checksum");
        byte[] needsDictionary = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0x01, 0x50, 7, 1, 0, 0};
        assertThatThrownBy(() -> run(Zstd.decompress(), needsDictionary))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("zstd frame 0, after byte 4: it needs a dictionary");
    }

    @Test
    void limitsTheWindow() {
        byte[] large = new byte[3 << 20];
        byte[] frame;
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            context.setWindowLog(24).setContentSize(false);
            ByteBuffer target = ByteBuffer.allocate(1 << 20);
            ByteBuffer source = ByteBuffer.wrap(large);
            context.compressByteBufferStream(target, source, EndDirective.CONTINUE);
            assertThat(context.compressByteBufferStream(target, source, EndDirective.END))
                    .isTrue();
            frame = Arrays.copyOf(target.array(), target.position());
        }
        assertThatThrownBy(() -> run(Zstd.decompress(), frame))
                .isInstanceOfSatisfying(LimitExceededException.class, ex -> {
                    assertThat(ex.limit()).isEqualTo("maxWindowLog");
                    assertThat(ex.maximum()).isEqualTo(23);
                });
        assertThat(run(Zstd.decompress(o -> o.maxWindowLog(24)), frame)).isEqualTo(large);
    }

    @Test
    void requestsWhileItWaitsAreHarmless() {
        Sinks.Many<ByteBuffer> source = Sinks.many().unicast().onBackpressureBuffer();
        byte[] frame = run(Zstd.compress(), TEXT);
        StepVerifier.Step<ByteBuffer> step = StepVerifier.create(
                        Zstd.decompress().apply(source.asFlux()), 0)
                .expectSubscription()
                .then(() -> source.tryEmitNext(ByteBuffer.wrap(frame, 0, 9)).orThrow());
        for (int i = 0; i < 50; i++) {
            step = step.thenRequest(1);
        }
        step.then(() -> source.tryEmitNext(ByteBuffer.wrap(frame, 9, frame.length - 9))
                        .orThrow())
                .then(() -> source.tryEmitComplete().orThrow())
                .expectNext(ByteBuffer.wrap(TEXT))
                .verifyComplete();
    }

    @Test
    void allChunksButTheLastAreFull() {
        List<ByteBuffer> chunks = Zstd.compress(o -> o.chunkSize(1000))
                .apply(Chunks.of(noise(300_000)))
                .collectList()
                .block();
        assertThat(chunks.subList(0, chunks.size() - 1))
                .allSatisfy(chunk -> assertThat(chunk.remaining()).isEqualTo(1000));
    }

    @Test
    void aSmallMessageTakesSmallBuffers() {
        ByteBuffer frame = Zstd.compress().apply(Chunks.of(ONE)).single().block();
        assertThat(frame.capacity()).isLessThanOrEqualTo(64);
        assertThat(Zstd.decompress().apply(Flux.just(frame)).single().block().capacity())
                .isLessThanOrEqualTo(64);
    }

    @Test
    void saysThatTheLibraryIsMissing() throws Exception {
        URL[] without = Stream.of(Zstd.class, Flux.class, Publisher.class, Nullable.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                .toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(without, ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass("io.fpipe.reactor.compress.Zstd");
            assertThat(type).isNotSameAs(Zstd.class);
            for (String method : List.of("compress", "decompress")) {
                assertThatThrownBy(() -> type.getMethod(method).invoke(null))
                        .isInstanceOf(InvocationTargetException.class)
                        .cause()
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("Zstd needs the library com.github.luben:zstd-jni, which is not on the class path");
            }
            assertThat(loader.loadClass("io.fpipe.reactor.compress.Zlib")
                            .getMethod("compress")
                            .invoke(null))
                    .isNotNull();
        }
    }

    @Test
    void refusesOptionsThatMakeNoSense() {
        assertThatThrownBy(() -> Zstd.compress(o -> o.level(20))).hasMessage("level must be from -7 to 19, was 20");
        assertThatThrownBy(() -> Zstd.decompress(o -> o.maxWindowLog(9)))
                .hasMessage("maxWindowLog must be from 10 to 31, was 9");
        assertThatThrownBy(() -> Zstd.compress(o -> o.chunkSize(63)))
                .hasMessage("chunkSize must be at least 64, was 63");
    }
}
