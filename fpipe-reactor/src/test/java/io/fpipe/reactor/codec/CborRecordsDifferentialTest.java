/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.dataformat.cbor.CBORMapper;

/** Random records, written and read by this codec and by Jackson's databind, and cut and damaged at random. */
class CborRecordsDifferentialTest {

    private static final int SEEDS = 2000;

    private final ObjectMapper jackson = new CBORMapper();
    private final CborType type = CborTypes.of(Everything.class, false);

    enum Colour {
        RED,
        GREEN,
        BLUE
    }

    private static final List<Colour> COLOURS = List.copyOf(EnumSet.allOf(Colour.class));

    record Line(String sku, int count, @Nullable String aRatherLongNameOfAComponent) {}

    record Tree(String name, List<Tree> children) {}

    record Small(byte b, short s, float f, char c, boolean flag) {}

    record Boxed(
            @Nullable Byte b,
            @Nullable Short s,
            @Nullable Integer i,
            @Nullable Long l,
            @Nullable Float f,
            @Nullable Double d,
            @Nullable Boolean flag) {}

    record Everything(
            int i,
            long l,
            double d,
            String text,
            BigInteger big,
            Colour colour,
            Optional<String> maybe,
            List<Line> lines,
            Map<String, List<Long>> map,
            Tree tree,
            Small small,
            Boxed boxed,
            List<Double> doubles,
            List<@Nullable String> texts,
            List<List<Integer>> lists,
            Map<Colour, Line> byColour) {}

    @Test
    void jacksonReadsTheRecordsThatAreWritten() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Everything value = new Records(seed).everything();
            byte[] bytes = CborBytes.encode(value, 1 + seed % 3 * 300 + CborChunk.HEAD);
            assertThat(jackson.readValue(bytes, Everything.class))
                    .as("seed %d", seed)
                    .isEqualTo(value);
        }
    }

    @Test
    void theRecordsThatJacksonWritesAreRead() { // with their keys in the order of the alphabet
        for (int seed = 0; seed < SEEDS; seed++) {
            Everything value = new Records(seed).everything();
            byte[] bytes = jackson.writeValueAsBytes(value);
            assertThat(read(List.of(ByteBuffer.wrap(bytes))))
                    .as("seed %d", seed)
                    .isEqualTo(value);
            assertThat(read(CborBytes.pieces(bytes, 1 + seed % 40)))
                    .as("seed %d", seed)
                    .isEqualTo(value);
        }
    }

    @Test
    void whatIsWrittenIsReadHoweverItIsCut() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Everything value = new Records(seed).everything();
            byte[] bytes = CborBytes.encode(value);
            assertThat(read(List.of(ByteBuffer.wrap(bytes))))
                    .as("seed %d", seed)
                    .isEqualTo(value);
            assertThat(read(CborBytes.pieces(bytes, 1 + seed % 40)))
                    .as("seed %d", seed)
                    .isEqualTo(value);
        }
    }

    @Test
    void damageIsReportedTheSameHoweverItIsCut() { // one byte at a time, nothing is taken ahead
        int refused = 0;
        for (int seed = 0; seed < 2 * SEEDS; seed++) {
            Random random = new Random(seed);
            byte[] bytes = CborBytes.encode(new Records(seed / 2).everything());
            for (int i = random.nextInt(3); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            String whole = outcome(() -> read(List.of(ByteBuffer.wrap(bytes))));
            String inBytes = outcome(() -> read(CborBytes.pieces(bytes, 1)));
            assertThat(whole).as("seed %d", seed).isEqualTo(inBytes);
            refused += whole.startsWith("refused") ? 1 : 0;
        }
        assertThat(refused).isGreaterThan(SEEDS);
    }

    @Test
    void itemsThatAreTakenAheadCountForTheLimits() {
        record Two(int a, int b) {}
        byte[] bytes = CborBytes.encode(new Two(1, 2)); // 5 items
        byte[] texts = CborBytes.encode(List.of("one", "two", "three", "123456789")); // 5 items, 9 bytes at most
        for (int most = 1; most < 8; most++) {
            int limit = most;
            CborOptions items = CborOptions.DEFAULTS.limits(limits -> limits.maxItems(limit));
            for (int size : new int[] {1, 100}) {
                CborType two = CborTypes.of(Two.class, true);
                assertThat(outcome(() -> read(items, two, CborBytes.pieces(bytes, size))))
                        .startsWith(most < 5 ? "refused: LimitExceeded" : "Two");
                assertThat(outcome(() -> read(items, CborType.ANY, CborBytes.pieces(texts, size))))
                        .startsWith(most < 5 ? "refused: LimitExceeded" : "[one");
            }
        }
        for (int most : new int[] {8, 9}) {
            CborOptions strings = CborOptions.DEFAULTS.limits(limits -> limits.maxStringBytes(most));
            assertThat(outcome(() -> read(strings, CborType.ANY, CborBytes.pieces(texts, 100))))
                    .startsWith(most < 9 ? "refused: LimitExceeded" : "[one");
        }
    }

    private static String outcome(Supplier<Object> read) {
        try {
            return read.get().toString();
        } catch (CorruptStreamException | LimitExceededException ex) {
            return "refused: " + ex.getClass().getSimpleName() + ": " + ex.getMessage();
        }
    }

    private Object read(List<ByteBuffer> buffers) {
        return read(CborOptions.DEFAULTS, type, buffers);
    }

    private static Object read(CborOptions options, CborType type, List<ByteBuffer> buffers) {
        CborDecoder decoder = new CborDecoder(options, type);
        buffers.forEach(decoder::feed);
        decoder.end();
        return decoder.poll();
    }

    /** Records that depend on a seed. */
    private static final class Records {

        private final Random random;

        Records(long seed) {
            this.random = new Random(seed);
        }

        Everything everything() {
            Map<Colour, Line> byColour = new LinkedHashMap<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                byColour.put(colour(), line());
            }
            Map<String, List<Long>> map = new LinkedHashMap<>();
            for (int i = random.nextInt(5); i > 0; i--) {
                map.put(text(), list(this::wide));
            }
            return new Everything(
                    (int) wide(),
                    wide(),
                    fraction(),
                    text(),
                    new BigInteger(1 + random.nextInt(150), random).multiply(BigInteger.valueOf(random.nextInt(3) - 1)),
                    colour(),
                    random.nextBoolean() ? Optional.of(text()) : Optional.empty(),
                    list(this::line),
                    map,
                    tree(3),
                    new Small(
                            (byte) wide(),
                            (short) wide(),
                            (float) fraction(),
                            text().concat("x").charAt(0) < 0xd800 ? 'y' : 'z',
                            random.nextBoolean()),
                    boxed(),
                    list(this::fraction),
                    list(() -> orNull(this::text)),
                    list(() -> list(random::nextInt)),
                    byColour);
        }

        private Boxed boxed() {
            return new Boxed(
                    orNull(() -> (byte) wide()),
                    orNull(() -> (short) wide()),
                    orNull(() -> (int) wide()),
                    orNull(this::wide),
                    orNull(() -> (float) fraction()),
                    orNull(this::fraction),
                    orNull(random::nextBoolean));
        }

        private Line line() {
            return new Line(text(), (int) wide(), orNull(this::text));
        }

        private Tree tree(int depth) {
            return new Tree(text(), depth == 0 ? List.of() : list(() -> tree(depth - 1), 3));
        }

        private Colour colour() {
            return COLOURS.get(random.nextInt(COLOURS.size()));
        }

        /** Numbers with any number of bits. */
        private long wide() {
            return random.nextLong() >> random.nextInt(64);
        }

        private double fraction() {
            return switch (random.nextInt(4)) {
                case 0 -> random.nextGaussian();
                case 1 -> (float) random.nextGaussian();
                case 2 -> random.nextInt(1000) / 8.0;
                default ->
                    new double[] {Double.NaN, Double.NEGATIVE_INFINITY, -0.0, Double.MIN_VALUE}[random.nextInt(4)];
            };
        }

        private <T> @Nullable T orNull(Supplier<T> value) {
            return random.nextInt(4) == 0 ? null : value.get();
        }

        private <T> List<T> list(Supplier<T> element) {
            return list(element, random.nextInt(8) == 0 ? 60 : 5);
        }

        private <T> List<T> list(Supplier<T> element, int bound) {
            List<T> list = new ArrayList<>();
            for (int i = random.nextInt(bound); i > 0; i--) {
                list.add(element.get());
            }
            return list;
        }

        private String text() {
            int range = new int[] {0x80, 0x80, 0x800, 0xd800, 0x110000}[random.nextInt(5)];
            return random.ints(random.nextInt(1 << random.nextInt(7)), 0, range)
                    .filter(c -> c < 0xd800 || c > 0xdfff)
                    .map(c -> random.nextBoolean() ? c : c & 0x7f)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
        }
    }
}
