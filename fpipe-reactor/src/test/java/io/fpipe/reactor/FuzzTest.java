/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.Named.named;

import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.codec.CborName;
import io.fpipe.reactor.codec.CborOptions;
import io.fpipe.reactor.codec.CborTag;
import io.fpipe.reactor.codec.CborUnion;
import io.fpipe.reactor.codec.JacksonCodec;
import io.fpipe.reactor.compress.Deflate;
import io.fpipe.reactor.compress.Gzip;
import io.fpipe.reactor.compress.Lz4;
import io.fpipe.reactor.compress.Shuffle;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.compress.Zstd;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.reactor.frame.Frames;
import io.fpipe.reactor.frame.Texts;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * Feeds every decoder with valid, damaged and random bytes, cut at random; CONTRIBUTING.md says how to run it for
 * longer. {@link FuzzRun} says what it finds.
 */
class FuzzTest {

    private static final int LIMIT = 2000;

    /** For stages that only take away. */
    private static final int NO_GROWTH = FuzzRun.LONGEST_INPUT;

    private static final byte[] KEY = {1, 2, 3};
    private static final Digests SHA = Digests.digest("SHA-256");
    private static final Digests HMAC = Digests.hmac("HmacSHA256", KEY);

    /** What valid input is made of. */
    private static final List<byte[]> SAMPLES = List.of(
            new byte[0],
            new byte[] {42},
            "to be or not to be, that is the question".getBytes(StandardCharsets.US_ASCII),
            "gr\u00fc\u00dfe\r\nan \ud835\udd4f\n\nund \u20ac\n".getBytes(StandardCharsets.UTF_8),
            new byte[LIMIT],
            noise(300));

    private static final List<Object> VALUES = List.of(
            Map.of("a", List.of(1, -2L, 3.5, true, BigInteger.TEN.pow(30)), "b", "gr\u00fc\u00dfe", "c", new byte[100]),
            List.of(List.of(List.of()), Map.of(1, "x", "y", Map.of()), "z".repeat(300)),
            new int[200],
            new CborTag(55799, List.of(Instant.EPOCH, new UUID(1, 2), URI.create("a:b"), new BigDecimal("1.5"))),
            Map.of(LocalDate.EPOCH, new CborTag(78, new byte[400]), 1, new CborTag(5, List.of(-3, 7))),
            Flux.<Object>just("indefinite", 1.1, Float.MAX_VALUE).toIterable());

    /** What JSON has, too. */
    private static final List<Object> PLAIN_VALUES = List.of(
            Map.of("a", List.of(1, -2L, 3.5, true, BigInteger.TEN.pow(30)), "b", "gr\u00fc\u00dfe \"\\]"),
            -70_000,
            "z".repeat(300),
            List.of(List.of(List.of()), Map.of("x", Map.of())),
            false);

    /** All decoders. One more is one more line. */
    static Stream<Named<FuzzRun>> decoders() {
        return Stream.of(
                stage("Zlib", LIMIT, Zlib.compress(), Zlib.decompress(o -> o.maxOutputBytes(LIMIT))),
                stage("Gzip", LIMIT, Gzip.compress(), Gzip.decompress(o -> o.maxOutputBytes(LIMIT))),
                stage("Deflate", LIMIT, Deflate.compress(), Deflate.decompress(o -> o.maxOutputBytes(LIMIT))),
                stage("Lz4", LIMIT, Lz4.compress(), Lz4.decompress(o -> o.maxOutputBytes(LIMIT))),
                stage("Zstd", LIMIT, Zstd.compress(), Zstd.decompress(o -> o.maxOutputBytes(LIMIT))),
                stage("Shuffle", NO_GROWTH, Shuffle.shuffle(4), Shuffle.unshuffle(4)),
                stage(
                        "Digests.crc32c",
                        NO_GROWTH,
                        Digests.crc32c().append(),
                        Digests.crc32c().verify()),
                stage(
                        "Digests.xxHash32",
                        NO_GROWTH,
                        Digests.xxHash32().append(),
                        Digests.xxHash32().verify()),
                stage("Digests.digest", NO_GROWTH, SHA.append(), SHA.verify()),
                stage("Digests.hmac", NO_GROWTH, HMAC.append(), HMAC.verify()),
                stage("Texts.base64", NO_GROWTH, Texts.base64Encode(), Texts.base64Decode()),
                stage("Texts.base64Url", NO_GROWTH, Texts.base64UrlEncode(), Texts.base64UrlDecode()),
                stage("Prefixes.strip", NO_GROWTH, Prefixes.prepend(KEY), Prefixes.strip(KEY)),
                stage(
                        "FpipeCond.bytes",
                        NO_GROWTH,
                        Prefixes.prepend(1),
                        FpipeCond.bytes().whenPrefix(1, Prefixes.skip(1))),
                stage("FpipeCond.header", NO_GROWTH, Prefixes.prepend(KEY), FpipeCond.header(3, h -> Prefixes.skip(0))),
                frames("Frames.lengthPrefix(1)", Frames.lengthPrefix(1).maxFrameBytes(100)),
                frames("Frames.lengthPrefix(4)", Frames.lengthPrefix(4).maxFrameBytes(LIMIT)),
                frames(
                        "Frames.lengthPrefix(8)",
                        Frames.lengthPrefix(8, ByteOrder.LITTLE_ENDIAN).maxFrameBytes(LIMIT)),
                frames("Frames.varintPrefix", Frames.varintPrefix().maxFrameBytes(LIMIT)),
                frames("Frames.chunked", Frames.chunked().maxFrameBytes(LIMIT)),
                frames(
                        "Frames.chunked(2)",
                        Frames.chunked(2, ByteOrder.BIG_ENDIAN).maxFrameBytes(LIMIT)),
                frames(
                        "Frames.delimiter",
                        Frames.delimiter(new byte[] {'|', '|', '-'}).maxFrameBytes(LIMIT)),
                frames("Frames.lines", Frames.lines().maxFrameBytes(LIMIT)),
                whole("Frames.lengthPrefix whole", Frames.lengthPrefix(2).maxFrameBytes(LIMIT)),
                whole("Frames.chunked whole", Frames.chunked().maxFrameBytes(LIMIT)),
                whole("Frames.lines whole", Frames.lines().maxFrameBytes(LIMIT)),
                decoder("Texts.deserializer", 8192, Texts.deserializer()::deserialize, String::length, texts()),
                decoder(
                        "Texts.lineDeserializer",
                        100,
                        Texts.lineDeserializer(100)::deserialize,
                        String::length,
                        texts()),
                sequence("JacksonCodec.cbor sequence", JacksonCodec.cbor()),
                sequence("JacksonCodec.json sequence", JacksonCodec.json()),
                array("JacksonCodec.cbor array", JacksonCodec.cbor()),
                array("JacksonCodec.json array", JacksonCodec.json()),
                jackson("JacksonCodec.cbor", JacksonCodec.cbor()),
                jackson("JacksonCodec.json", JacksonCodec.json()),
                decoder("Cbor", LIMIT, cbor()::deserialize, FuzzTest::items, values()),
                decoder("Cbor by type", LIMIT, typed()::deserialize, Basket::size, baskets()),
                decoder(
                        "Cbor keeping tags",
                        LIMIT,
                        Cbor.deserializer(o -> cborLimits(o).keepTags(true).keepSimpleValues(true))::deserialize,
                        FuzzTest::items,
                        values()),
                decoder(
                        "Cbor.sequenceDeserializer",
                        LIMIT,
                        Cbor.sequenceDeserializer(Object.class, FuzzTest::cborLimits)::deserialize,
                        FuzzTest::items,
                        values()),
                decoder(
                        "Cbor.arrayDeserializer",
                        LIMIT,
                        Cbor.arrayDeserializer(Object.class, FuzzTest::cborLimits)::deserialize,
                        FuzzTest::items,
                        arrays()),
                stage("Cbor.unwrapBytes", NO_GROWTH, Cbor.wrapBytes(), Cbor.unwrapBytes()));
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void findsNothingInAShortRun(FuzzRun run) {
        assertThat(run.execute(1, Duration.ofSeconds(20), 1000)).isEqualTo(1000);
    }

    @Tag("fuzz")
    @ParameterizedTest
    @MethodSource("decoders")
    void findsNothing(FuzzRun run) {
        assumeTrue(Pattern.compile(System.getProperty("fuzz.decoders", ""))
                .matcher(run.name())
                .find());
        long seed = Long.getLong("fuzz.seed", 1);
        Duration time = Duration.ofSeconds(Long.getLong("fuzz.seconds", 120));
        long done = run.execute(seed, time, Long.getLong("fuzz.executions", Long.MAX_VALUE));
        System.out.println("fuzz: " + run.name() + ": " + done + " executions from seed " + seed);
        assertThat(done).isPositive();
    }

    @Test
    void findsWhatIsWrong() {
        assertFinds(message -> message.map(buffer -> (int) buffer.get(0)), "IndexOutOfBounds"); // of an empty buffer
        assertFinds(message -> Flux.never(), "neither ended nor failed");
        assertFinds(message -> Flux.just(LIMIT + 1), "an element of " + (LIMIT + 1));
        assertFinds(message -> Flux.range(0, 1 << 20).map(i -> 1), "elements for the input");
        assertFinds(message -> Flux.error(new CorruptStreamException("always")), "valid input was refused");
    }

    private static void assertFinds(Function<Flux<ByteBuffer>, Flux<Integer>> decode, String finding) {
        FuzzRun run = new FuzzRun("planted", LIMIT, decode, SAMPLES);
        assertThatThrownBy(() -> run.execute(1, Duration.ofSeconds(20), 1000))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(finding)
                .hasMessageContaining("fuzz.seed=");
    }

    /** A stage with a limit to its whole output; what its inverse makes is valid. */
    private static Named<FuzzRun> stage(String name, long limit, Stage inverse, Stage stage) {
        List<byte[]> valid = SAMPLES.stream()
                .map(sample -> join(inverse.apply(Chunks.of(sample))))
                .toList();
        return run(name, limit, message -> FuzzRun.totals(stage.apply(message)), valid);
    }

    private static Named<FuzzRun> frames(String name, Frames frames) {
        return run(name, LIMIT, message -> frames.decode(message).concatMap(FuzzRun::totals), stream(frames));
    }

    private static Named<FuzzRun> whole(String name, Frames frames) {
        return decoder(name, LIMIT, frames::decodeWhole, ByteBuffer::remaining, stream(frames));
    }

    /** A decoder to elements, each of which has a limit to its size. */
    private static <T> Named<FuzzRun> decoder(
            String name,
            long limit,
            Function<Flux<ByteBuffer>, ? extends Publisher<T>> decode,
            Function<T, Integer> size,
            List<byte[]> valid) {
        return run(name, limit, message -> Flux.from(decode.apply(message)).map(size), valid);
    }

    private static Named<FuzzRun> run(
            String name, long limit, Function<Flux<ByteBuffer>, Flux<Integer>> decode, List<byte[]> valid) {
        return named(name, new FuzzRun(name, limit, decode, valid));
    }

    private static List<byte[]> stream(Frames frames) {
        Flux<Flux<ByteBuffer>> messages =
                Flux.just(Chunks.of(KEY), Flux.empty(), Chunks.of(KEY, new byte[97]), Chunks.of(SAMPLES.get(2)));
        return List.of(join(frames.encode(messages)), join(frames.encode(Flux.empty())));
    }

    private static List<byte[]> texts() {
        return SAMPLES.subList(0, 4);
    }

    private static Deserializer<Object> cbor() {
        return Cbor.deserializer(FuzzTest::cborLimits);
    }

    private static CborOptions cborLimits(CborOptions options) {
        return options.limits(limits -> limits.maxDepth(20)
                .maxItems(LIMIT)
                .maxStringBytes(LIMIT)
                .maxByteStringBytes(LIMIT)
                .maxContainerSize(LIMIT));
    }

    private static List<byte[]> arrays() {
        return List.of(
                join(Cbor.serializer().serialize(VALUES)),
                join(Cbor.arraySerializer(Object.class).serialize(Flux.fromIterable(VALUES))));
    }

    /** A record with one of each that is read by type. */
    @SuppressWarnings("ArrayRecordComponent") // one of each
    record Basket(
            String name,
            List<Basket> inner,
            Set<Color> colors,
            Map<Integer, Optional<Instant>> times,
            List<long[]> numbers,
            Fruit[] fruits,
            Object any,
            char initial) {

        int size() {
            return inner.size() + colors.size() + times.size() + numbers.size() + fruits.length;
        }
    }

    enum Color {
        RED,
        GREEN
    }

    @CborUnion("kind")
    sealed interface Fruit permits Apple, Pear {}

    @CborName("apple")
    record Apple(float weight, BigInteger id) implements Fruit {}

    @CborName("pear")
    @SuppressWarnings("ArrayRecordComponent") // one of each
    record Pear(UUID uuid, byte[] bytes) implements Fruit {}

    private static Deserializer<Basket> typed() {
        return Cbor.deserializer(
                Basket.class,
                o -> o.limits(limits -> limits.maxDepth(20).maxItems(LIMIT).maxContainerSize(LIMIT)));
    }

    private static List<byte[]> baskets() {
        Basket empty = new Basket("", List.of(), Set.of(), Map.of(), List.of(), new Fruit[0], 1, 'x');
        Fruit[] fruits = {new Apple(0.1f, BigInteger.TEN.pow(30)), new Pear(new UUID(1, 2), new byte[200])};
        Basket full = new Basket(
                "gr\u00fc\u00dfe",
                List.of(empty, empty),
                Set.of(Color.RED, Color.GREEN),
                Map.of(1, Optional.of(Instant.EPOCH), -1, Optional.empty()),
                List.of(new long[100], new long[] {Long.MIN_VALUE}),
                fruits,
                Map.of("a", List.of(1.5, "b")),
                'y');
        return Stream.of(empty, full)
                .map(value -> join(Cbor.serializer().serialize(value)))
                .toList();
    }

    private static List<byte[]> values() {
        return VALUES.stream()
                .map(value -> join(Cbor.serializer().serialize(value)))
                .toList();
    }

    private static Named<FuzzRun> sequence(String name, JacksonCodec codec) {
        byte[] valid = join(codec.sequenceSerializer(Object.class).serialize(Flux.fromIterable(PLAIN_VALUES)));
        return decoder(
                name,
                LIMIT,
                codec.maxElementBytes(LIMIT).sequenceDeserializer(Object.class)::deserialize,
                FuzzTest::items,
                List.of(valid, new byte[0]));
    }

    private static Named<FuzzRun> array(String name, JacksonCodec codec) {
        byte[] valid = join(codec.arraySerializer(Object.class).serialize(Flux.fromIterable(PLAIN_VALUES)));
        byte[] empty = join(codec.arraySerializer(Object.class).serialize(Flux.empty()));
        return decoder(
                name,
                LIMIT,
                codec.maxElementBytes(LIMIT).arrayDeserializer(Object.class)::deserialize,
                FuzzTest::items,
                List.of(valid, empty));
    }

    private static Named<FuzzRun> jackson(String name, JacksonCodec codec) {
        return decoder(
                name,
                LIMIT,
                codec.maxMessageBytes(LIMIT).deserializer(Object.class)::deserialize,
                FuzzTest::items,
                List.of(join(codec.serializer(Object.class).serialize(PLAIN_VALUES))));
    }

    /** The number of data items in a value, without tags. */
    private static int items(Object value) {
        if (value instanceof Map<?, ?> map) {
            return 1 + items(map.keySet()) + items(map.values()) - 2; // less the two collections themselves
        }
        return 1
                + (value instanceof Collection<?> collection
                        ? collection.stream().mapToInt(FuzzTest::items).sum()
                        : 0);
    }

    private static byte[] join(Flux<ByteBuffer> message) {
        return Chunks.join(message, 1 << 20).block();
    }

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
