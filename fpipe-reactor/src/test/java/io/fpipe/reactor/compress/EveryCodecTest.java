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
import static io.fpipe.reactor.compress.Samples.runByteByByte;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** What holds for all codecs alike. */
class EveryCodecTest {

    static List<Codec> codecs() {
        return Codec.all();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void roundTripsWhateverTheCut(Codec codec) {
        StageCheck.roundTrip(codec.compress(), codec.decompress(), NONE, ONE, TEXT, noise(300), prose(2000))
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void roundTripsWhatIsLargerThanAllBuffers(Codec codec) {
        for (byte[] bytes : List.of(noise(200_000), prose(300_000), concat(noise(66_000), new byte[300_000]))) {
            for (int cut : new int[] {777, 8192, 65_536, 1 << 20}) {
                Stage recut = Chunks.rechunk(cut);
                assertThat(run(recut.then(codec.compress()).then(recut).then(codec.decompress()), bytes))
                        .as("cut at %d", cut)
                        .isEqualTo(bytes);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void roundTripsWithFlushes(Codec codec) {
        for (FlushMode mode : List.of(FlushMode.PER_BUFFER, FlushMode.WHEN_IDLE)) {
            StageCheck.roundTrip(codec.compressor().with(mode), codec.decompress(), NONE, ONE, TEXT, prose(700))
                    .verify();
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void refusesATruncatedStreamOfEveryLength(Codec codec) {
        byte[] compressed = run(codec.compress(), prose(500));
        for (int length = 0; length < compressed.length; length++) {
            byte[] truncated = Arrays.copyOf(compressed, length);
            assertThatThrownBy(() -> run(codec.decompress(), truncated))
                    .as("%d bytes", length)
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining("truncated: it ended after " + length + " bytes");
            assertThatThrownBy(() -> runByteByByte(codec.decompress(), truncated))
                    .as("%d single bytes", length)
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining("truncated: it ended after " + length + " bytes");
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void damageGivesNothingButTheDocumentedErrors(Codec codec) {
        byte[] original = prose(600);
        byte[] compressed = run(codec.compress(), original);
        for (int bit = 0; bit < 8 * compressed.length; bit++) {
            byte[] damaged = compressed.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            checkDamaged(codec, damaged, original, "bit " + bit);
        }
        for (int position = 0; position < compressed.length; position++) {
            for (int value : new int[] {0, 0xff, ~compressed[position]}) {
                byte[] damaged = compressed.clone();
                damaged[position] = (byte) value;
                checkDamaged(codec, damaged, original, "byte " + position + " made " + value);
            }
        }
    }

    private static void checkDamaged(Codec codec, byte[] damaged, byte[] original, String what) {
        long limit = original.length + 10L;
        byte[] whole = outcome(codec.decompress(limit), Chunks.of(damaged), limit, what);
        byte[] cut =
                outcome(codec.decompress(limit), Chunks.rechunk(7).apply(Chunks.of(damaged)), limit, what + ", cut");
        assertThat(cut).as(what).isEqualTo(whole);
        if (codec.checked() && whole != null) {
            assertThat(whole).as(what).isEqualTo(original);
        }
    }

    /** What comes out, or null for one of the documented errors. */
    private static byte[] outcome(Stage stage, Flux<ByteBuffer> bytes, long limit, String what) {
        try {
            return Chunks.join(stage.apply(bytes), limit).block();
        } catch (CorruptStreamException ex) {
            return null;
        } catch (LimitExceededException ex) {
            assertThat(ex.limit()).as(what).isNotEqualTo("maxBytes"); // no more than the limit is ever emitted
            return null;
        } catch (RuntimeException ex) {
            throw new AssertionError(what, ex);
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void bytesAfterTheEndAreAnErrorUnlessIgnored(Codec codec) {
        byte[] compressed = run(codec.compress(), TEXT);
        byte[] rest = {1, 2, 3, 4, 5, 6, 7, 8, 9};
        byte[] both = concat(compressed, rest);
        assertThatThrownBy(() -> run(codec.decompress(), both))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("9 bytes follow the ")
                .hasMessageEndingWith(" stream, which ended after " + compressed.length + " bytes");
        assertThatThrownBy(() -> run(codec.decompress(), compressed, rest)).isInstanceOf(CorruptStreamException.class);
        assertThatThrownBy(() -> runByteByByte(codec.decompress(), both)).isInstanceOf(CorruptStreamException.class);
        assertThatThrownBy(() -> run(codec.decompress(), compressed, ONE)).isInstanceOf(CorruptStreamException.class);
        Stage ignoring = codec.decompressIgnoringTrailing();
        assertThat(run(ignoring, both)).isEqualTo(TEXT);
        assertThat(run(ignoring, compressed, rest)).isEqualTo(TEXT);
        assertThat(runByteByByte(ignoring, both)).isEqualTo(TEXT);
        assertThat(run(ignoring, compressed, ONE)).isEqualTo(TEXT);
        assertThatThrownBy(() -> run(ignoring, Arrays.copyOf(compressed, compressed.length - 1)))
                .isInstanceOf(CorruptStreamException.class);
        StageCheck.stage(ignoring).sample(both, TEXT).verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void severalStreamsAreOneWhereTheFormatSaysSo(Codec codec) {
        byte[] first = run(codec.compress(), TEXT);
        byte[] joined = concat(first, run(codec.compress(), NONE), run(codec.compress(), prose(100)));
        if (codec.joins()) {
            StageCheck.stage(codec.decompress())
                    .sample(joined, concat(TEXT, prose(100)))
                    .invalid(Arrays.copyOf(joined, joined.length - 1), CorruptStreamException.class)
                    .verify();
            assertThatThrownBy(() -> run(codec.decompress(TEXT.length + 99), joined))
                    .isInstanceOf(LimitExceededException.class);
            // the beginning of another stream, of which no more comes
            assertThatThrownBy(() -> run(codec.decompress(), Arrays.copyOf(joined, first.length + 1)))
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining("1 bytes follow the ");
            assertThat(run(codec.decompressIgnoringTrailing(), Arrays.copyOf(joined, first.length + 1)))
                    .isEqualTo(TEXT);
        } else {
            assertThatThrownBy(() -> run(codec.decompress(), joined)).isInstanceOf(CorruptStreamException.class);
            assertThat(run(codec.decompressIgnoringTrailing(), joined)).isEqualTo(TEXT);
        }
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void limitsTheOutputToTheByte(Codec codec) {
        byte[] compressed = run(codec.compress(), new byte[100_000]);
        assertThat(run(codec.decompress(100_000), compressed)).hasSize(100_000);
        assertThatThrownBy(() -> run(codec.decompress(99_999), compressed))
                .isInstanceOfSatisfying(LimitExceededException.class, ex -> {
                    assertThat(ex.limit()).isEqualTo("maxOutputBytes");
                    assertThat(ex.maximum()).isEqualTo(99_999);
                });
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void doesNotFlushByDefault(Codec codec) {
        byte[][] parts = new byte[500][];
        Arrays.fill(parts, TEXT);
        assertThat(run(codec.compress(), parts).length)
                .isEqualTo(run(codec.compress(), concat(parts)).length)
                .isLessThan(run(codec.compressor().with(FlushMode.PER_BUFFER), parts).length);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aSourceThatAnswersAtOnceIsNotIdle(Codec codec) {
        byte[][] parts = new byte[100][];
        Arrays.fill(parts, TEXT);
        assertThat(run(codec.compressor().with(FlushMode.WHEN_IDLE), parts)).isEqualTo(run(codec.compress(), parts));
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void whatIsFlushedCanBeReadBeforeMoreIsWritten(Codec codec) {
        for (FlushMode mode : List.of(FlushMode.PER_BUFFER, FlushMode.WHEN_IDLE)) {
            Sinks.Many<ByteBuffer> source = Sinks.many().unicast().onBackpressureBuffer();
            List<byte[]> read = new ArrayList<>();
            Disposable reading = codec.compressor()
                    .with(mode)
                    .then(codec.decompress())
                    .apply(source.asFlux())
                    .subscribe(buffer -> read.add(bytes(buffer)));
            for (byte[] part : List.of(TEXT, ONE, noise(5000), TEXT)) {
                read.clear();
                source.tryEmitNext(ByteBuffer.allocate(0)).orThrow();
                assertThat(read).as("%s", mode).isEmpty();
                source.tryEmitNext(ByteBuffer.wrap(part)).orThrow();
                assertThat(concat(read.toArray(byte[][]::new))).as("%s", mode).isEqualTo(part);
            }
            assertThat(reading.isDisposed()).isFalse();
            source.tryEmitComplete().orThrow();
            assertThat(reading.isDisposed()).isTrue();
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aFlushWaitsForDemandAndAsksForNothingMore(Codec codec) {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(
                        codec.compressor()
                                .with(FlushMode.WHEN_IDLE)
                                .apply(Flux.concat(Chunks.of(TEXT, TEXT), source.flux())),
                        0)
                .expectSubscription()
                .then(source::assertWasNotSubscribed)
                .thenRequest(1)
                .consumeNextWith(flushed -> source.assertMaxRequested(1))
                .then(() -> source.next(ByteBuffer.wrap(ONE))) // taken, but there is no demand for what is flushed
                .thenRequest(1)
                .expectNextCount(1)
                .then(source::complete)
                .thenRequest(1)
                .expectNextCount(1)
                .verifyComplete();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void anErrorOfTheSourceComesThrough(Codec codec) {
        IllegalStateException error = new IllegalStateException("source");
        byte[] compressed = run(codec.compress(), TEXT);
        StepVerifier.create(codec.decompress()
                        .apply(Chunks.of(Arrays.copyOf(compressed, compressed.length - 1))
                                .concatWith(Flux.error(error)))
                        .ignoreElements())
                .expectErrorMatches(ex -> ex == error)
                .verify();
        StepVerifier.create(codec.compress().apply(Chunks.of(TEXT).concatWith(Flux.error(error))))
                .expectErrorMatches(ex -> ex == error)
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void cancelStopsInTheMiddle(Codec codec) {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        byte[] compressed = run(codec.compress(), new byte[200_000]);
        StepVerifier.create(codec.decompress().apply(source.flux()), 1)
                .then(() -> source.next(ByteBuffer.wrap(compressed)))
                .expectNextCount(1)
                .thenCancel()
                .verify();
        source.assertCancelled();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void theDefaultsAreSafe(Codec codec) {
        assertThatThrownBy(() -> codec.decompressor().with(0, TrailingData.ERROR))
                .hasMessage("maxOutputBytes must be at least 1, was 0");
        assertThatThrownBy(() -> codec.compressor().with(null)).hasMessage("mode");
        assertThatThrownBy(() -> codec.decompressor().with(1, null)).hasMessage("trailing");
    }
}
