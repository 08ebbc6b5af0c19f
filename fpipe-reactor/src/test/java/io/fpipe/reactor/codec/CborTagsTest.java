/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.comparable;
import static io.fpipe.reactor.codec.CborBytes.cut;
import static io.fpipe.reactor.codec.CborBytes.decode;
import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tags and simple values: RFC 8949, section 3.4, RFC 8943 and RFC 8746. */
class CborTagsTest {

    private static final CborOptions DEFAULTS = CborOptions.DEFAULTS;
    private static final CborOptions TYPED = DEFAULTS.typedArrays(true);
    private static final UUID ID = UUID.fromString("01234567-89ab-cdef-8123-456789abcdef");

    private static Object read(String hex) {
        byte[] bytes = hex(hex);
        Object value = decode(bytes);
        for (int at = 1; at < bytes.length; at++) {
            assertThat(comparable(decode(DEFAULTS, cut(bytes, at)))).isEqualTo(comparable(value));
        }
        return value;
    }

    private static void readsWhatItWrites(Object value, String hex) {
        for (int chunk : new int[] {9, 13, 64 << 10}) {
            assertThat(hex(encode(value, chunk))).isEqualTo(hex);
        }
        assertThat(read(hex)).isEqualTo(value);
    }

    @Test
    void valuesThatJavaHasTypesForComeBackAsThose() {
        readsWhatItWrites(ID, "d825500123456789abcdef8123456789abcdef");
        readsWhatItWrites(URI.create("http://a.b/c"), "d8206c687474703a2f2f612e622f63");
        readsWhatItWrites(LocalDate.of(1940, 10, 9), "d8643929b3"); // RFC 8943, section 1.1
        readsWhatItWrites(LocalDate.of(1980, 12, 8), "d864190f9a");
        readsWhatItWrites(LocalDate.MAX, "d864" + hex(encode(LocalDate.MAX.toEpochDay())));
    }

    @Test
    void datesAreReadAsTextToo() {
        assertThat(read("d903ec6a313934302d31302d3039")).isEqualTo(LocalDate.of(1940, 10, 9));
    }

    @Test
    void timesAreIntegersWhereTheyCanBe() {
        readsWhatItWrites(Instant.EPOCH, "c100");
        readsWhatItWrites(Instant.ofEpochSecond(-1), "c120");
        readsWhatItWrites(Instant.ofEpochSecond(1L << 40), "c11b0000010000000000");
        readsWhatItWrites(Instant.ofEpochSecond(Instant.MAX.getEpochSecond()), "c11b00701cd2fa9578ff");
        readsWhatItWrites(Instant.MIN, "c13b00701cefeb9bebff");
    }

    @Test
    void timesAreFloatsWhereThatIsExact() {
        readsWhatItWrites(Instant.ofEpochSecond(-1, 500_000_000), "c1f9b800");
        readsWhatItWrites(
                Instant.ofEpochSecond(1_000_000_000, 1_953_125),
                hex(encode(new CborTag(1, 1_000_000_000 + 1 / 512.0))));
        readsWhatItWrites(
                Instant.parse("2013-03-21T20:04:00.123456789Z"),
                hex(encode(new CborTag(0, "2013-03-21T20:04:00.123456789Z"))));
        readsWhatItWrites(
                Instant.ofEpochSecond(200_000_000_000L, 1),
                hex(encode(new CborTag(
                        0, Instant.ofEpochSecond(200_000_000_000L, 1).toString()))));
    }

    @Test
    void aTimeBeyondTheTextIsRefused() {
        for (Object time : List.of(
                Instant.parse("+10000-01-01T00:00:00.000000001Z"),
                Instant.parse("-0001-12-31T23:59:59.999999999Z"),
                Instant.MAX,
                OffsetDateTime.MIN,
                OffsetDateTime.of(10_000, 1, 1, 0, 0, 0, 0, ZoneOffset.ofHours(1)))) {
            assertThatThrownBy(() -> encode(List.of(1, time)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not between 0 and 9999");
        }
    }

    @Test
    void timesWithOffsetsAreTextAndReadAsInstants() {
        OffsetDateTime time = OffsetDateTime.of(2020, 2, 29, 12, 30, 0, 0, ZoneOffset.ofHours(2));
        byte[] bytes = encode(time);
        assertThat(hex(bytes)).isEqualTo("c0" + hex(encode("2020-02-29T12:30:00+02:00")));
        assertThat(decode(bytes)).isEqualTo(time.toInstant());
        ZonedDateTime zoned = time.atZoneSameInstant(ZoneId.of("Asia/Kolkata"));
        assertThat(decode(encode(zoned))).isEqualTo(time.toInstant());
        OffsetDateTime odd = time.withOffsetSameInstant(ZoneOffset.ofHoursMinutesSeconds(1, 2, 3));
        assertThat(decode(encode(odd))).isEqualTo(time.toInstant());
    }

    @ParameterizedTest
    @CsvSource({
        "2013-03-21t20:04:00z, 2013-03-21T20:04:00Z",
        "2013-03-21T20:04:00.25-01:30, 2013-03-21T21:34:00.25Z",
        "2013-03-21T20:04:00-00:00, 2013-03-21T20:04:00Z",
        "0000-01-01T00:00:00Z, 0000-01-01T00:00:00Z",
    })
    void readsRfc3339(String text, Instant time) {
        assertThat(decode(encode(new CborTag(0, text)))).isEqualTo(time);
    }

    @ParameterizedTest
    @CsvSource({
        "2016-12-31T23:59:60Z, a leap second has no place in an Instant",
        "2013-03-21T20:04Z, that is not the form of RFC 3339",
        "2013-03-21 20:04:00Z, that is not the form of RFC 3339",
        "2013-03-21T20:04:00, that is not the form of RFC 3339",
        "+12013-03-21T20:04:00Z, that is not the form of RFC 3339",
        "2013-02-30T20:04:00Z, no such time",
        "2013-02-20T24:04:00Z, no such time",
        "2013-02-20T20:04:00+19:00, no such time",
        "2013-03-21T20:04:00.1234567891Z, more than nine decimals of a second",
    })
    void refusesATimeAndSaysWhy(String text, String reason) {
        assertThatThrownBy(() -> decode(encode(List.of(new CborTag(0, text)))))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageContaining("\"" + text + "\"")
                .hasMessageContaining("at byte 1: " + reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c1f97e00",
                "c1f97c00",
                "c1fb7e37e43c8800759c",
                "c11bffffffffffffffff",
                "c13bffffffffffffffff",
                "c11b7fffffffffffffff",
                "d8641bffffffffffffffff",
                "d8641b7fffffffffffffff",
                "d903ec6a323031332d30322d3330",
                "d903ec62323a",
                "d8206125",
                "d8254101",
                "d825510000000000000000000000000000000000",
            })
    void refusesWhatTheTypeCannotHold(String hex) {
        for (int size : new int[] {1, 100}) {
            assertThatThrownBy(() -> decode(DEFAULTS, pieces(hex("81" + hex), size)))
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining("at byte 1");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "c000, CBOR tag 0 at byte 0 is not followed by a text string but by major type 0 at byte 1",
        "c160, CBOR tag 1 at byte 0 is not followed by an integer or a float but by major type 3 at byte 1",
        "c1f6, CBOR tag 1 at byte 0 is not followed by an integer or a float but by major type 7 at byte 1",
        "c1c249010000000000000000, not followed by an integer or a float but by major type 6",
        "c400, CBOR tag 4 at byte 0 is not followed by an array but by major type 0 at byte 1",
        "d82040, CBOR tag 32 at byte 0 is not followed by a text string but by major type 2 at byte 2",
        "d82560, CBOR tag 37 at byte 0 is not followed by a byte string but by major type 3 at byte 2",
        "d864f93c00, CBOR tag 100 at byte 0 is not followed by an integer but by major type 7 at byte 2",
        "d84e80, CBOR tag 78 at byte 0 is not followed by a byte string but by major type 4 at byte 2",
        "c48101, exponent and mantissa",
        "c483010203, exponent and mantissa",
        "c482f93c0001, exponent and mantissa",
        "c4820160, exponent and mantissa",
        "d84e43010203, the typed array's 3 bytes are not elements of 4",
        "d84c4101, CBOR tag 76 at byte 0 is not supported",
        "d85340, CBOR tag 83 at byte 0 is not supported",
        "d85740, CBOR tag 87 at byte 0 is not supported",
        "d85840, CBOR tag 88 at byte 0 is not supported",
        "dbffffffffffffffff00, CBOR tag 18446744073709551615 at byte 0 is not supported",
        "d9d9f7, the content",
        "9fc1ff, misplaced CBOR break at byte 2",
        "a1c1ff, misplaced CBOR break at byte 2",
        "bf01c1ff, misplaced CBOR break at byte 3",
    })
    void refusesWhatATagDoesNotAllow(String hex, String message) {
        for (int size : new int[] {1, 100}) {
            Throwable thrown = catchThrowable(() -> decode(DEFAULTS, pieces(hex(hex), size)));
            assertThat(thrown).isInstanceOf(CorruptStreamException.class);
            if (!message.equals("the content")) {
                assertThat(thrown).hasMessageContaining(message);
            }
        }
    }

    @Test
    void decimalsKeepTheirScale() {
        readsWhatItWrites(new BigDecimal("273.15"), "c48221196ab3"); // RFC 8949, section 3.4.4
        readsWhatItWrites(new BigDecimal("1E+3"), "c4820301");
        readsWhatItWrites(new BigDecimal("-0.00"), "c4822100");
        BigDecimal big = new BigDecimal(BigInteger.TWO.pow(100), 7);
        readsWhatItWrites(big, "c48226c2" + hex(encode(BigInteger.TWO.pow(100))).substring(2));
    }

    @Test
    void bigfloatsAreExact() {
        assertThat(read("c5822003")).isEqualTo(new BigDecimal("1.5")); // RFC 8949, section 3.4.4
        assertThat(read("c5820a01")).isEqualTo(new BigDecimal("1024"));
        assertThat(read("c58239030301"))
                .isEqualTo(new BigDecimal(BigInteger.ONE).divide(new BigDecimal(BigInteger.TWO.pow(772))));
        assertThat(read("c58219030401")).isEqualTo(new BigDecimal(BigInteger.TWO.pow(772)));
    }

    @Test
    void aHugeExponentIsALimit() {
        for (String hex : List.of(
                "c4821a7fffffff01",
                "c5821a7fffffff01",
                "c5823a7fffffff01",
                "c4823b7fffffffffffffff01",
                "c482c24901000000000000000001",
                "c48219182101",
                "c48239182001",
                "c58219030501",
                "c58239030401")) {
            assertThatThrownBy(() -> decode(hex("81" + hex)))
                    .isInstanceOf(LimitExceededException.class)
                    .hasMessageContaining("an exponent of ")
                    .hasMessageContaining("at byte 1 (maxExponent is 6176)");
        }
        assertThat(read("c48219182001")).isEqualTo(new BigDecimal("1E+6176"));
        assertThat(read("c48239181f01")).isEqualTo(new BigDecimal("1E-6176"));
    }

    @Test
    void selfDescribedCborIsSkippedAnywhere() {
        assertThat(read("d9d9f701")).isEqualTo(1);
        assertThat(read("d9d9f7d9d9f78101")).isEqualTo(List.of(1));
        assertThat(read("82d9d9f701d9d9f7a1d9d9f76161d9d9f702")).isEqualTo(List.of(1, Map.of("a", 2)));
        assertThat(read("c2d9d9f74105")).isEqualTo(5);
    }

    @Test
    void scalarsWithTagsCanBeKeys() {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Object key : List.of(
                ID,
                URI.create("a:b"),
                Instant.EPOCH,
                LocalDate.EPOCH,
                new BigDecimal("1.50"),
                BigInteger.TWO.pow(70))) {
            map.put(key, 1);
        }
        byte[] bytes = encode(map);
        assertThat(read(hex(bytes))).isEqualTo(map);
        assertThatThrownBy(() -> decode(hex("a2c10001c10002")))
                .hasMessageContaining("duplicate CBOR map key at byte 4");
        assertThatThrownBy(() -> decode(hex("a2c482000101c482000102")))
                .hasMessageContaining("duplicate CBOR map key at byte 6");
        for (String hex : List.of("a1d84e4000", "a1c18000")) {
            assertThat(catchThrowable(() -> decode(hex(hex)))).isInstanceOf(CorruptStreamException.class);
        }
        assertThatThrownBy(() -> decode(DEFAULTS.keepTags(true), pieces(hex("a1d8c80001"), 9)))
                .hasMessageContaining("a CBOR map key must be a scalar");
    }

    @Test
    void manyDatesWithOneHashAreRefused() {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int low = 0; low < 200; low++) {
            LocalDate date = LocalDate.of(low | low << 11 | low << 22, 1, 1);
            assertThat(date).hasSameHashCodeAs(LocalDate.of(0, 1, 1));
            map.put(date, 1);
        }
        assertThatThrownBy(() -> decode(encode(map)))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("more than 64 CBOR map keys");
    }

    @Test
    void unknownTagsAreKeptIfAsked() {
        CborOptions keeping = DEFAULTS.keepTags(true);
        for (Object value : Arrays.asList(
                new CborTag(200, 1),
                new CborTag(-1, "unsigned"),
                new CborTag(55798, Arrays.asList(1, null, new CborTag(201, new CborTag(202, null)))),
                new CborTag(203, Map.of("k", ID)),
                List.of(1, new CborTag(24, "x"), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))) {
            byte[] bytes = encode(value);
            for (int at = 0; at < bytes.length; at++) {
                assertThat(decode(keeping, cut(bytes, at))).isEqualTo(value);
            }
            assertThat(catchThrowable(() -> decode(bytes))).isInstanceOf(CorruptStreamException.class);
        }
        assertThat(hex(encode(new CborTag(-1, 1)))).isEqualTo("dbffffffffffffffff01");
        assertThat(new CborTag(-1, 1)).hasToString("CborTag[number=18446744073709551615, content=1]");
    }

    @Test
    void tagsCountAsLevels() {
        CborOptions three = DEFAULTS.keepTags(true).limits(limits -> limits.maxDepth(3));
        assertThat(decode(three, pieces(hex("d8c8d8c8d8c800"), 9))).isInstanceOf(CborTag.class);
        assertThat(decode(three, pieces(hex("c48200c240"), 9))).isNotNull();
        for (String hex : List.of("d8c8d8c8d8c8d8c800", "d8c8d8c8d8c880", "818181c100", "81d8c881c100")) {
            assertThatThrownBy(() -> decode(three, pieces(hex(hex), 9)))
                    .isInstanceOf(LimitExceededException.class)
                    .hasMessageContaining("maxDepth is 3");
        }
        byte[] tags = new byte[1_000_000];
        Arrays.fill(tags, (byte) 0xd5);
        assertThatThrownBy(() -> decode(DEFAULTS.keepTags(true), pieces(tags, 1000)))
                .isInstanceOf(LimitExceededException.class);
    }

    @Test
    void simpleValuesAreKeptIfAsked() {
        CborOptions keeping = DEFAULTS.keepSimpleValues(true);
        for (int number = 0; number < 256; number++) {
            int n = number;
            if (number < 20 || number == 23 || number > 31) {
                byte[] bytes = encode(Map.of(new CborSimple(number), List.of(new CborSimple(number))));
                assertThat(decode(keeping, cut(bytes, 2)))
                        .isEqualTo(Map.of(new CborSimple(number), List.of(new CborSimple(number))));
            } else {
                assertThatThrownBy(() -> new CborSimple(n)).isInstanceOf(IllegalArgumentException.class);
            }
        }
        assertThat(decode(hex("83f7f6f7"))).isEqualTo(Collections.nCopies(3, null));
    }

    @Test
    void typedArraysAreLittleEndianBytes() {
        assertThat(hex(typed(new short[] {1, -2}))).isEqualTo("d84d440100feff");
        assertThat(hex(typed(new int[] {1, -2}))).isEqualTo("d84e4801000000feffffff");
        assertThat(hex(typed(new long[] {-2}))).isEqualTo("d84f48feffffffffffffff");
        assertThat(hex(typed(new float[] {1.5f}))).isEqualTo("d855440000c03f");
        assertThat(hex(typed(new double[] {1.5}))).isEqualTo("d85648000000000000f83f");
        assertThat(hex(typed(new int[0]))).isEqualTo("d84e40");
        assertThat(hex(typed(new boolean[] {true}))).isEqualTo("81f5");
    }

    private static byte[] typed(Object value) {
        return CborBytes.encode(TYPED, value, CborEncoder.CHUNK);
    }

    @Test
    void typedArraysGoThroughChunksOfAnySize() {
        int n = 40_000;
        short[] shorts = new short[n];
        int[] ints = new int[n];
        long[] longs = new long[n];
        float[] floats = new float[n];
        double[] doubles = new double[n];
        for (int i = 0; i < n; i++) {
            shorts[i] = (short) (i * 7);
            ints[i] = i * 79_919;
            longs[i] = i * 7_991_999_999L;
            floats[i] = i / 7f;
            doubles[i] = i / 7.0;
        }
        List<Object> arrays = List.of(shorts, ints, longs, floats, doubles);
        byte[] bytes = typed(arrays);
        for (int chunk : new int[] {9, 12, 100, 4096}) {
            assertThat(CborBytes.encode(TYPED, arrays, chunk)).isEqualTo(bytes);
        }
        assertThat(comparable(decode(DEFAULTS, pieces(bytes, 1001)))).isEqualTo(comparable(arrays));
    }

    @Test
    void everyTypedArrayIsReadWithoutLoss() {
        assertThat(read("d8404200ff")).isEqualTo(new short[] {0, 255});
        assertThat(read("d8444200ff")).isEqualTo(new short[] {0, 255});
        assertThat(read("d84842ff7f")).isEqualTo(new short[] {-1, 127});
        assertThat(read("d84142fffe")).isEqualTo(new int[] {0xfffe});
        assertThat(read("d84542fffe")).isEqualTo(new int[] {0xfeff});
        assertThat(read("d84942fffe")).isEqualTo(new short[] {-2});
        assertThat(read("d84d42feff")).isEqualTo(new short[] {-2});
        assertThat(read("d84244fffffffe")).isEqualTo(new long[] {0xfffffffeL});
        assertThat(read("d84644feffffff")).isEqualTo(new long[] {0xfffffffeL});
        assertThat(read("d84a44fffffffe")).isEqualTo(new int[] {-2});
        assertThat(read("d84348ffffffffffffffff")).isEqualTo(new BigInteger[] {new BigInteger("18446744073709551615")});
        assertThat(read("d847480100000000000080")).isEqualTo(new BigInteger[] {new BigInteger("9223372036854775809")});
        assertThat(read("d84b48fffffffffffffffe")).isEqualTo(new long[] {-2});
        assertThat(read("d850443c00c400")).isEqualTo(new float[] {1, -4});
        assertThat(read("d85442003c")).isEqualTo(new float[] {1});
        assertThat(read("d851443fc00000")).isEqualTo(new float[] {1.5f});
        assertThat(read("d852483ff8000000000000")).isEqualTo(new double[] {1.5});
        assertThat(read("d84e5f44010000004402000000ff")).isEqualTo(new int[] {1, 2});
        assertThatThrownBy(() -> decode(DEFAULTS.limits(l -> l.maxContainerSize(1)), pieces(hex("d8404200ff"), 9)))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("2 elements of a CBOR typed array at byte 0");
    }

    @Test
    void aTagMayStandBeforeAnything() {
        ByteBuffer body = ByteBuffer.wrap(new byte[200_000]);
        CborTag tag = new CborTag(200, List.of(new CborTag(201, body), new CborTag(202, "x".repeat(100_000))));
        byte[] bytes = encode(tag);
        assertThat(CborBytes.encode(tag, 9)).isEqualTo(bytes);
        Object back = decode(DEFAULTS.keepTags(true), pieces(bytes, 4000));
        assertThat(comparable(back))
                .isEqualTo(comparable(new CborTag(
                        200, List.of(new CborTag(201, body.array()), new CborTag(202, "x".repeat(100_000))))));
    }
}
