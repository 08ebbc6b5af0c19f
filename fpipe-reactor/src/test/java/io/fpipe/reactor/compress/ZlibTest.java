/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.test.StageCheck;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class ZlibTest {

    private static final byte[] NONE = {};
    private static final byte[] ONE = {42};
    private static final byte[] TEXT = "to be or not to be, that is the question".getBytes(StandardCharsets.US_ASCII);

    private static CodecSettings settings(long maxOutputBytes) {
        return CodecSettings.of(6, 64).maxOutputBytes(maxOutputBytes);
    }

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] deflate(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflating = new DeflaterOutputStream(out)) {
            deflating.write(bytes);
        } catch (IOException ex) {
            throw new AssertionError(ex);
        }
        return out.toByteArray();
    }

    private static byte[] inflate(byte[] bytes) throws IOException {
        return new InflaterInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
    }

    private static byte[] run(Stage stage, byte[]... bytes) {
        return Chunks.join(stage.apply(Chunks.of(bytes)), Long.MAX_VALUE).block();
    }

    private static void assertFails(byte[] bytes, String message) {
        StepVerifier.create(Zlib.decompress().apply(Chunks.of(bytes)).ignoreElements())
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(CorruptStreamException.class)
                        .hasMessageContaining(message))
                .verify();
    }

    @Test
    void roundTripsWhateverTheCut() {
        StageCheck.roundTrip(
                        Zlib.compress(options -> options.chunkSize(64)),
                        Zlib.decompress(options -> options.chunkSize(64)),
                        NONE,
                        ONE,
                        TEXT,
                        noise(300),
                        new byte[2000])
                .verify();
        StageCheck.roundTrip(Zlib.compress(), Zlib.decompress(), NONE, TEXT, noise(50_000))
                .verify();
    }

    @Test
    void theCodecsKeepTheirContract() {
        byte[] deflated = deflate(TEXT);
        StageCheck.transcoder(() -> new DeflateDecoder(new Inflater(), new DeflateFormat("zlib"), settings(100)))
                .sample(deflated, TEXT)
                .sample(deflate(NONE), NONE)
                .invalid(Arrays.copyOf(deflated, deflated.length - 1), CorruptStreamException.class)
                .invalid(Arrays.copyOf(deflated, deflated.length + 1), CorruptStreamException.class)
                .invalid(deflate(new byte[101]), LimitExceededException.class)
                .verify();
        StageCheck.transcoder(() -> new DeflateEncoder(new Deflater(), new DeflateFormat("zlib"), settings(1)))
                .sample(TEXT, deflated)
                .sample(NONE, deflate(NONE))
                .completesWithLast()
                .verify();
    }

    @Test
    void isReadAndWrittenByTheStandardLibrary() throws IOException {
        for (byte[] bytes : List.of(NONE, ONE, TEXT, noise(100_000), new byte[1 << 20])) {
            for (int level : new int[] {0, 1, 6, 9}) {
                assertThat(inflate(run(Zlib.compress(options -> options.level(level)), bytes)))
                        .isEqualTo(bytes);
            }
            assertThat(run(Zlib.decompress(), deflate(bytes))).isEqualTo(bytes);
        }
    }

    @Test
    void theLevelCounts() {
        byte[] numbers = new byte[100_000];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (byte) ((i * i) >> 8);
        }
        assertThat(run(Zlib.compress(options -> options.level(0)), numbers).length)
                .isGreaterThan(numbers.length);
        assertThat(run(Zlib.compress(options -> options.level(9)), numbers).length)
                .isLessThan(run(Zlib.compress(), numbers).length);
    }

    @Test
    void doesNotFlushForEachBuffer() {
        byte[][] parts = new byte[1000][];
        Arrays.fill(parts, TEXT);
        assertThat(run(Zlib.compress(), parts).length).isLessThan(1000);
    }

    @Test
    void allChunksButTheLastAreFull() {
        List<Integer> sizes = Zlib.compress(options -> options.chunkSize(1000))
                .apply(Chunks.of(noise(5500)))
                .map(ByteBuffer::remaining)
                .collectList()
                .block();
        assertThat(sizes.subList(0, 5)).containsOnly(1000);
        assertThat(sizes).hasSize(6);
    }

    @Test
    void aSmallMessageTakesSmallBuffers() {
        ByteBuffer compressed =
                Zlib.compress().apply(Chunks.of(new byte[] {1, 2, 3})).single().block();
        assertThat(compressed.capacity()).isLessThanOrEqualTo(64);
        assertThat(Zlib.decompress().apply(Flux.just(compressed)).single().block())
                .isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}))
                .satisfies(buffer -> assertThat(buffer.capacity()).isLessThanOrEqualTo(64));
    }

    @Test
    void emitsWhatIsInflatedBeforeTheNextInputArrives() {
        Deflater deflater = new Deflater();
        deflater.setInput(TEXT);
        byte[] flushed = new byte[100];
        int length = deflater.deflate(flushed, 0, flushed.length, Deflater.SYNC_FLUSH);
        deflater.end();
        Flux<ByteBuffer> openEnded =
                Flux.just(ByteBuffer.wrap(flushed, 0, length)).concatWith(Flux.never());
        StepVerifier.create(Zlib.decompress().apply(openEnded))
                .expectNext(ByteBuffer.wrap(TEXT))
                .thenCancel()
                .verify();
    }

    @Test
    void refusesATruncatedStreamOfEveryLength() {
        byte[] deflated = deflate(TEXT);
        for (int length = 0; length < deflated.length; length++) {
            assertFails(
                    Arrays.copyOf(deflated, length),
                    "the zlib stream is truncated: it ended after " + length + " bytes");
        }
    }

    @Test
    void neverTakesADamagedStreamForAnotherMessage() {
        byte[] deflated = deflate(TEXT);
        int errors = 0;
        for (int bit = 0; bit < 8 * deflated.length; bit++) {
            byte[] damaged = deflated.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            try {
                assertThat(run(Zlib.decompress(), damaged)).as("bit %d", bit).isEqualTo(TEXT);
            } catch (CorruptStreamException ex) {
                errors++;
            }
        }
        assertThat(errors).as("all but the bits that fill up the last byte").isGreaterThan(8 * deflated.length - 8);
        assertFails(new byte[] {1, 2, 3}, "the zlib stream is damaged at or before byte");
    }

    @Test
    void refusesBytesAfterTheEnd() {
        byte[] deflated = deflate(TEXT);
        assertFails(
                Arrays.copyOf(deflated, deflated.length + 3),
                "3 bytes follow the zlib stream, which ended after " + deflated.length + " bytes");
        StepVerifier.create(Zlib.decompress()
                        .apply(Chunks.of(deflated, new byte[2]))
                        .ignoreElements())
                .expectErrorMessage("2 bytes follow the zlib stream, which ended after " + deflated.length + " bytes")
                .verify();
    }

    @Test
    void refusesAPresetDictionary() {
        Deflater deflater = new Deflater();
        deflater.setDictionary(TEXT);
        deflater.setInput(TEXT);
        deflater.finish();
        byte[] bytes = new byte[100];
        int length = deflater.deflate(bytes);
        deflater.end();
        assertFails(Arrays.copyOf(bytes, length), "a preset dictionary with Adler-32");
    }

    @Test
    void refusesAnInflaterThatMakesNoProgress() {
        class Stuck extends Inflater {
            @Override
            public int inflate(byte[] b, int off, int len) {
                return 0;
            }
        }
        Stage stage = Stage.transcode(() -> new DeflateDecoder(new Stuck(), new DeflateFormat("zlib"), settings(100)));
        StepVerifier.create(stage.apply(Chunks.of(deflate(TEXT))))
                .expectErrorMessage("the zlib stream makes no progress after byte 0")
                .verify();
    }

    @Test
    void limitsTheOutputToTheByte() {
        byte[] deflated = deflate(new byte[100_000]);
        assertThat(run(Zlib.decompress(options -> options.maxOutputBytes(100_000)), deflated))
                .hasSize(100_000);
        StepVerifier.create(Zlib.decompress(options -> options.maxOutputBytes(99_999))
                        .apply(Chunks.of(deflated))
                        .ignoreElements())
                .expectErrorSatisfies(ex -> {
                    LimitExceededException limit = (LimitExceededException) ex;
                    assertThat(limit.limit()).isEqualTo("maxOutputBytes");
                    assertThat(limit.maximum()).isEqualTo(99_999);
                })
                .verify();
    }

    @Test
    void theDefaultLimitIsSixtyFourMebibytes() {
        Flux<ByteBuffer> bomb = Zlib.compress().apply(Flux.range(0, 65).map(i -> ByteBuffer.allocate(1 << 20)));
        StepVerifier.create(Zlib.decompress().apply(bomb).ignoreElements())
                .expectError(LimitExceededException.class)
                .verify();
        Long length = Zlib.decompress(Zlib.Options::unlimited)
                .apply(bomb)
                .map(buffer -> (long) buffer.remaining())
                .reduce(Long::sum)
                .block();
        assertThat(length).isEqualTo(65L << 20);
    }

    @Test
    void freesItsNativeMemoryExactlyOnce() {
        AtomicInteger ends = new AtomicInteger();
        class CountedDeflater extends Deflater {
            @Override
            public void end() {
                ends.incrementAndGet();
                super.end();
            }
        }
        class CountedInflater extends Inflater {
            @Override
            public void end() {
                ends.incrementAndGet();
                super.end();
            }
        }
        Stage compress = Stage.transcode(
                () -> new DeflateEncoder(new CountedDeflater(), new DeflateFormat("zlib"), settings(1)));
        Stage decompress = Stage.transcode(
                () -> new DeflateDecoder(new CountedInflater(), new DeflateFormat("zlib"), settings(1000)));
        run(compress, noise(500));
        assertThat(ends.getAndSet(0)).isEqualTo(1);
        compress.apply(Chunks.of(noise(500))).take(1).blockLast();
        assertThat(ends.getAndSet(0)).isEqualTo(1);
        run(decompress, deflate(noise(500)));
        assertThat(ends.getAndSet(0)).isEqualTo(1);
        assertThatThrownBy(() -> run(decompress, ONE)).isInstanceOf(CorruptStreamException.class);
        assertThat(ends.getAndSet(0)).isEqualTo(1);
    }

    @Test
    void refusesOptionsThatMakeNoSense() {
        assertThatThrownBy(() -> Zlib.compress(options -> options.level(10)))
                .hasMessage("level must be from 0 to 9, was 10");
        assertThatThrownBy(() -> Zlib.compress(options -> options.chunkSize(63)))
                .hasMessage("chunkSize must be at least 64, was 63");
        assertThatThrownBy(() -> Zlib.decompress(options -> options.maxOutputBytes(0)))
                .hasMessage("maxOutputBytes must be at least 1, was 0");
    }
}
