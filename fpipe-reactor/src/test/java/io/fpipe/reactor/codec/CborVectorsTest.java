/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.comparable;
import static io.fpipe.reactor.codec.CborBytes.cut;
import static io.fpipe.reactor.codec.CborBytes.decode;
import static io.fpipe.reactor.codec.CborBytes.direct;
import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples of RFC 8949: appendix A and appendix F. */
class CborVectorsTest {

    private static final CborOptions KEEPING =
            CborOptions.DEFAULTS.keepTags(true).keepSimpleValues(true);

    record Vector(String hex, Object value, boolean preferred) {
        @Override
        public String toString() {
            return hex;
        }
    }

    static Stream<Vector> appendixA() {
        return Stream.of(
                both("00", 0),
                both("01", 1),
                both("0a", 10),
                both("17", 23),
                both("1818", 24),
                both("1819", 25),
                both("1864", 100),
                both("1903e8", 1000),
                both("1a000f4240", 1000000),
                both("1b000000e8d4a51000", 1000000000000L),
                both("1bffffffffffffffff", big("18446744073709551615")),
                both("c249010000000000000000", big("18446744073709551616")),
                both("3bffffffffffffffff", big("-18446744073709551616")),
                both("c349010000000000000000", big("-18446744073709551617")),
                both("20", -1),
                both("29", -10),
                both("3863", -100),
                both("3903e7", -1000),
                both("f90000", 0.0),
                both("f98000", -0.0),
                both("f93c00", 1.0),
                both("fb3ff199999999999a", 1.1),
                both("f93e00", 1.5),
                both("f97bff", 65504.0),
                both("fa47c35000", 100000.0),
                both("fa7f7fffff", 3.4028234663852886e+38),
                both("fb7e37e43c8800759c", 1.0e+300),
                both("f90001", 0x1p-24),
                both("f90400", 0.00006103515625),
                both("f9c400", -4.0),
                both("fbc010666666666666", -4.1),
                both("f97c00", Double.POSITIVE_INFINITY),
                both("f97e00", Double.NaN),
                both("f9fc00", Double.NEGATIVE_INFINITY),
                read("fa7f800000", Double.POSITIVE_INFINITY),
                read("fa7fc00000", Double.NaN),
                read("faff800000", Double.NEGATIVE_INFINITY),
                read("fb7ff0000000000000", Double.POSITIVE_INFINITY),
                read("fb7ff8000000000000", Double.NaN),
                read("fbfff0000000000000", Double.NEGATIVE_INFINITY),
                both("f4", false),
                both("f5", true),
                both("f6", null),
                both("f7", CborSimple.UNDEFINED),
                both("f0", new CborSimple(16)),
                both("f8ff", new CborSimple(255)),
                read("c074323031332d30332d32315432303a30343a30305a", Instant.parse("2013-03-21T20:04:00Z")),
                both("c11a514b67b0", Instant.parse("2013-03-21T20:04:00Z")),
                both("c1fb41d452d9ec200000", Instant.parse("2013-03-21T20:04:00.5Z")),
                both("d74401020304", new CborTag(23, bytes(1, 2, 3, 4))),
                both("d818456449455446", new CborTag(24, bytes(0x64, 0x49, 0x45, 0x54, 0x46))),
                both("d82076687474703a2f2f7777772e6578616d706c652e636f6d", URI.create("http://www.example.com")),
                both("40", bytes()),
                both("4401020304", bytes(1, 2, 3, 4)),
                both("60", ""),
                both("6161", "a"),
                both("6449455446", "IETF"),
                both("62225c", "\"\\"),
                both("62c3bc", "\u00fc"),
                both("63e6b0b4", "\u6c34"),
                both("64f0908591", "\ud800\udd51"),
                both("80", List.of()),
                both("83010203", List.of(1, 2, 3)),
                both("8301820203820405", List.of(1, List.of(2, 3), List.of(4, 5))),
                both("98190102030405060708090a0b0c0d0e0f101112131415161718181819", oneTo25()),
                both("a0", Map.of()),
                both("a201020304", map(1, 2, 3, 4)),
                both("a26161016162820203", map("a", 1, "b", List.of(2, 3))),
                both("826161a161626163", List.of("a", map("b", "c"))),
                both(
                        "a56161614161626142616361436164614461656145",
                        map("a", "A", "b", "B", "c", "C", "d", "D", "e", "E")),
                read("5f42010243030405ff", bytes(1, 2, 3, 4, 5)),
                read("7f657374726561646d696e67ff", "streaming"),
                read("9fff", List.of()),
                read("9f018202039f0405ffff", List.of(1, List.of(2, 3), List.of(4, 5))),
                read("9f01820203820405ff", List.of(1, List.of(2, 3), List.of(4, 5))),
                read("83018202039f0405ff", List.of(1, List.of(2, 3), List.of(4, 5))),
                read("83019f0203ff820405", List.of(1, List.of(2, 3), List.of(4, 5))),
                read("9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", oneTo25()),
                read("bf61610161629f0203ffff", map("a", 1, "b", List.of(2, 3))),
                read("826161bf61626163ff", List.of("a", map("b", "c"))),
                read("bf6346756ef563416d7421ff", map("Fun", true, "Amt", -2)));
    }

    @Test
    void theTableIsWhole() {
        assertThat(appendixA()).hasSize(81);
    }

    @ParameterizedTest
    @MethodSource("appendixA")
    void readsTheExamplesAtEveryCut(Vector vector) {
        byte[] bytes = hex(vector.hex);
        Object expected = comparable(vector.value);
        for (int at = 0; at <= bytes.length; at++) {
            assertThat(comparable(decode(KEEPING, cut(bytes, at)))).isEqualTo(expected);
        }
        for (int size = 1; size <= bytes.length; size++) {
            List<ByteBuffer> pieces = pieces(bytes, size);
            assertThat(comparable(decode(KEEPING, pieces))).isEqualTo(expected);
            List<ByteBuffer> direct = pieces.stream().map(CborBytes::direct).toList();
            assertThat(comparable(decode(KEEPING, direct))).isEqualTo(expected);
        }
        ByteBuffer readOnly = direct(ByteBuffer.wrap(bytes)).asReadOnlyBuffer();
        assertThat(comparable(decode(KEEPING, List.of(readOnly)))).isEqualTo(expected);
        assertThat(readOnly.position()).isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource("appendixA")
    void writesTheExamplesInChunksOfAnySize(Vector vector) {
        if (vector.preferred) {
            for (int size : new int[] {9, 10, 11, 16, 100, 64 << 10}) {
                assertThat(hex(encode(vector.value, size))).isEqualTo(vector.hex);
            }
        } else { // what is read is the same; what is written is the preferred form of it
            assertThat(comparable(decode(KEEPING, cut(encode(vector.value), 0))))
                    .isEqualTo(comparable(vector.value));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"f0", "f8ff", "d74401020304", "d818456449455446"})
    void refusesTheExamplesThatHaveNoJavaTypeUnlessTheyAreKept(String hex) {
        assertThatThrownBy(() -> decode(hex(hex)))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageContaining("at byte 0");
    }

    @Test
    void undefinedIsNullUnlessItIsKept() {
        assertThat(decode(hex("f7"))).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // the input ends in a head
                "18",
                "19",
                "1a",
                "1b",
                "1901",
                "1a0102",
                "1b01020304050607",
                "38",
                "58",
                "78",
                "98",
                "9a01ff00",
                "b8",
                "d8",
                "f8",
                "f900",
                "fa0000",
                "fb000000",
                // strings with too few bytes
                "41",
                "61",
                "5affffffff00",
                "5bffffffffffffffff010203",
                "7affffffff00",
                "7b7fffffffffffffff010203",
                // arrays and maps with too few items
                "81",
                "818181818181818181",
                "8200",
                "a1",
                "a20102",
                "a100",
                "a2000000",
                // a tag without an item
                "c0",
                "c2",
                // indefinite lengths without a break
                "5f4100",
                "7f6100",
                "9f",
                "9f0102",
                "bf",
                "bf01020102",
                "819f",
                "9f8000",
                "9f9f9f9f9fffffffff",
                "9f819f819f9fffffff",
                // reserved additional information
                "1c",
                "1d",
                "1e",
                "3c",
                "3d",
                "3e",
                "5c",
                "5d",
                "5e",
                "7c",
                "7d",
                "7e",
                "9c",
                "9d",
                "9e",
                "bc",
                "bd",
                "be",
                "dc",
                "dd",
                "de",
                "fc",
                "fd",
                "fe",
                // simple values below 32 in two bytes
                "f800",
                "f801",
                "f818",
                "f81f",
                // wrong pieces in a string of indefinite length
                "5f00ff",
                "5f21ff",
                "5f6100ff",
                "5f80ff",
                "5fa0ff",
                "5fc000ff",
                "5fe0ff",
                "7f4100ff",
                "5f5f4100ffff",
                "7f7f6100ffff",
                // breaks where none may be
                "ff",
                "81ff",
                "8200ff",
                "a1ff",
                "a1ff00",
                "a100ff",
                "a20000ff",
                "9f81ff",
                "9f829f819f9fffffffff",
                "bf00ff",
                "bf000000ff",
                // indefinite lengths where there are none
                "1f",
                "3f",
                "df"
            })
    void refusesWhatIsNotWellFormedAtEveryCut(String hex) {
        byte[] bytes = hex(hex);
        for (int at = 0; at <= bytes.length; at++) {
            List<ByteBuffer> buffers = cut(bytes, at);
            assertThat(catchThrowable(() -> decode(CborLimits.DEFAULTS, buffers)))
                    .isInstanceOfAny(CorruptStreamException.class, LimitExceededException.class)
                    .hasMessageContaining("byte ");
        }
    }

    private static Vector both(String hex, Object value) {
        return new Vector(hex, value, true);
    }

    private static Vector read(String hex, Object value) {
        return new Vector(hex, value, false);
    }

    private static BigInteger big(String decimal) {
        return new BigInteger(decimal);
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        IntStream.range(0, values.length).forEach(i -> bytes[i] = (byte) values[i]);
        return bytes;
    }

    private static List<Integer> oneTo25() {
        return IntStream.rangeClosed(1, 25).boxed().toList();
    }

    private static Map<Object, Object> map(Object... keysAndValues) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
