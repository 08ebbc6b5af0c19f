/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.decode;
import static io.fpipe.reactor.codec.CborBytes.direct;
import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class CborDecoderTest {

    private static final CborLimits LIMITS = CborLimits.DEFAULTS;

    @ParameterizedTest
    @CsvSource({
        "'', the message is empty",
        "8201, truncated at byte 2: 1 arrays or maps are open",
        "44010203, truncated at byte 4: 1 bytes of a string are missing",
        "811901, truncated at byte 3: within the head of an item",
        "5f4101, truncated at byte 3: a string of indefinite length is open",
        "c2, truncated at byte 1: the content of tag 2 is missing",
        "8101ff, 'trailing bytes after the CBOR value, from byte 2'",
        "0019, 'trailing bytes after the CBOR value, from byte 1'",
        "82011c, reserved CBOR additional information 28 at byte 2",
        "81f81f, simple value 31 in two bytes at byte 1",
        "81f820, unassigned CBOR simple value 32 at byte 1",
        "81e0, unassigned CBOR simple value 0 at byte 1",
        "81ff, misplaced CBOR break at byte 1",
        "c2ff, misplaced CBOR break at byte 1",
        "bf01ff, CBOR map ends at byte 2 after a key without a value",
        "81d8c8, CBOR tag 200 at byte 1 is not supported",
        "811f, major type 0 with indefinite length at byte 1",
        "815f01ff, an item of CBOR major type 0 at byte 2 is no piece",
        "8100c200, trailing bytes",
        // long enough for the loop that reads integers
        "815f010000000000000000ff, an item of CBOR major type 0 at byte 2 is no piece",
        "81c201000000000000000000, CBOR tag 2 at byte 1 is not followed by a byte string but by major type 0 at byte 2",
        "810000000000000000000000, 'trailing bytes after the CBOR value, from byte 2'",
        "9f0001021c00000000000000, reserved CBOR additional information 28 at byte 4",
        "81c200, CBOR tag 2 at byte 1 is not followed by a byte string but by major type 0 at byte 2",
        "a2010201f6, duplicate CBOR map key at byte 3",
        "a201f601f6, duplicate CBOR map key at byte 3",
        "a2f601f602, duplicate CBOR map key at byte 3",
        "a18001, 'a CBOR map key must be a scalar, not the array, map, byte string or tag at byte 1'",
        "a1a001, a CBOR map key must be a scalar",
        "a14001, a CBOR map key must be a scalar",
        "a15fff01, a CBOR map key must be a scalar",
    })
    void saysWhatIsWrongAndWhere(String hex, String message) {
        byte[] bytes = hex(hex);
        for (List<ByteBuffer> buffers : List.of(pieces(bytes, 100), pieces(bytes, 1))) {
            assertThatThrownBy(() -> decode(LIMITS, buffers))
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining(message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"80", "c3", "c080", "c3a9c3", "eda080", "f4908080", "f8888080", "e28228", "616263e6b0"})
    void refusesInvalidUtf8(String hex) {
        byte[] text = hex(hex);
        byte[] bytes = new byte[text.length + 2];
        bytes[0] = (byte) 0x81;
        bytes[1] = (byte) (0x60 | text.length);
        System.arraycopy(text, 0, bytes, 2, text.length);
        for (List<ByteBuffer> buffers : List.of(pieces(bytes, 100), pieces(bytes, 1))) {
            assertThatThrownBy(() -> decode(LIMITS, buffers))
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining("invalid UTF-8 in a CBOR text string at byte ");
        }
        assertThatThrownBy(() -> decode(hex("65616263c328"))).hasMessageEndingWith("at byte 4");
    }

    @Test
    void acceptsTheReplacementCharacterItself() {
        String text = "\ufffd".repeat(3000);
        assertThat(decode(encode(text))).isEqualTo(text);
    }

    @Test
    void aCharacterMayNotSpanThePiecesOfAText() {
        assertThat(decode(hex("7f62c3a962c3a9ff"))).isEqualTo("\u00e9\u00e9");
        assertThatThrownBy(() -> decode(hex("7f61c361a9ff"))).isInstanceOf(CorruptStreamException.class);
    }

    @Test
    void bignumsAreTheSmallestTypeThatHoldsThem() {
        assertThat(decode(hex("c240"))).isEqualTo(0);
        assertThat(decode(hex("c34105"))).isEqualTo(-6);
        assertThat(decode(hex("c24a00000000000080000000"))).isEqualTo(0x80000000L);
        assertThat(decode(hex("c25f41014100ff"))).isEqualTo(256);
        assertThat(decode(hex("a1c2410101"))).isEqualTo(Map.of(1, 1));
        BigInteger big = BigInteger.ONE.shiftLeft(8 * 1024 - 1);
        assertThat(decode(encode(big))).isEqualTo(big);
    }

    @Test
    void givesMutableCollectionsInOrder() {
        Map<Object, Object> map = new LinkedHashMap<>();
        map.put("z", 1);
        map.put("a", null);
        map.put(-1L, new ArrayList<>(Collections.singletonList(null)));
        Object back = decode(encode(map));
        assertThat(back).isInstanceOf(LinkedHashMap.class);
        assertThat(((Map<?, ?>) back).keySet().toArray()).containsExactly("z", "a", -1);
        assertThat(((Map<?, ?>) back).get(-1)).isInstanceOf(ArrayList.class).isEqualTo(Collections.singletonList(null));
    }

    @Test
    void keysOfManyTypesMayNotHaveTheSameHash() {
        byte[] bytes = encode(mixedKeys(20_000, true));
        assertThatThrownBy(() -> decode(bytes))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("more than 64 CBOR map keys of different types have the same hash, at byte 6");
        Map<Object, Object> harmless = mixedKeys(20_000, false);
        harmless.put("text", 1);
        harmless.put(7, 1);
        assertThat(decode(encode(harmless))).isEqualTo(harmless);
        Map<Object, Object> late = new LinkedHashMap<>();
        for (long i = 1; i < 1000; i++) {
            late.put(i << 32 | i, 1);
        }
        assertThat(decode(encode(late))).isEqualTo(late); // of one type
        late.put("\0", 1); // hash 0, too
        assertThatThrownBy(() -> decode(encode(late))).isInstanceOf(CorruptStreamException.class);
    }

    private static Map<Object, Object> mixedKeys(int size, boolean sameHash) {
        Map<Object, Object> map = sameHash ? new IdentityHashMap<>() : new LinkedHashMap<>();
        for (long i = 1L << 30; map.size() < size; i++) {
            map.put(i << 32 | (sameHash ? i ^ 7 : 0), 1);
            map.put(Double.longBitsToDouble(i << 32 | (sameHash ? i ^ 7 : 0)), 1);
        }
        return map;
    }

    @Test
    void limitsAreExact() {
        check("maxDepth", LIMITS.maxDepth(2), "818180", "818101", "8180");
        check("maxDepth", LIMITS.maxDepth(0), "80", "f6");
        check("maxStringBytes", LIMITS.maxStringBytes(3), "6461626364", "63616263");
        check("maxStringBytes", LIMITS.maxStringBytes(3), "7f626162626364ff", "7f6261626163ff");
        check("maxByteStringBytes", LIMITS.maxByteStringBytes(3), "4461626364", "43616263");
        check("maxByteStringBytes", LIMITS.maxByteStringBytes(3), "5f426162426364ff", "5f4261624163ff");
        check("maxBigIntegerBytes", LIMITS.maxBigIntegerBytes(3), "c24461626364", "c243616263", "4461626364");
        check("maxContainerSize", LIMITS.maxContainerSize(2), "83010203", "820102");
        check("maxContainerSize", LIMITS.maxContainerSize(2), "9f010203ff", "9f0102ff");
        check("maxContainerSize", LIMITS.maxContainerSize(1), "bf01020304ff", "bf0102ff");
        check("maxContainerSize", LIMITS.maxContainerSize(1), "a201020304", "a10102");
        check("maxItems", LIMITS.maxItems(3), "83010203", "820102");
        check("maxItems", LIMITS.maxItems(3), "9f010203ff", "9f0102ff");
        check("maxItems", LIMITS.maxItems(3), "8181818101", "818101");
        check("maxItems", LIMITS.maxItems(3), "7f606060ff", "7f6060ff");
        String numbers = "00".repeat(100); // long enough for the loop that reads integers
        check("maxItems", LIMITS.maxItems(100), "9864" + numbers, "9863" + numbers.substring(2));
        check("maxItems", LIMITS.maxItems(100), "9f" + numbers + "ff", "9f" + numbers.substring(2) + "ff");
        check("maxContainerSize", LIMITS.maxContainerSize(100), "9f" + numbers + "00ff", "9f" + numbers + "ff");
        check("maxBytes", LIMITS.maxBytes(3), "83010203", "820102");
    }

    private static void check(String name, CborLimits limits, String beyond, String... within) {
        for (int size = 1; size <= beyond.length() / 2; size++) {
            List<ByteBuffer> buffers = pieces(hex(beyond), size);
            assertThat(catchThrowable(() -> decode(limits, buffers)))
                    .as(beyond)
                    .isInstanceOfSatisfying(
                            LimitExceededException.class,
                            ex -> assertThat(ex.limit()).isEqualTo(name));
        }
        for (String hex : within) {
            assertThat(catchThrowable(() -> decode(limits, hex(hex)))).as(hex).isNull();
        }
    }

    @Test
    void refusesImpossibleLimits() {
        assertThatThrownBy(() -> Cbor.deserializer(o -> o.limits(limits -> limits.maxDepth(-1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxDepth must be from 0 to 2147483647, was -1");
        assertThatThrownBy(() -> LIMITS.maxStringBytes(Integer.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void deepNestingTakesNoStack() {
        byte[] nested = new byte[1_000_001];
        Arrays.fill(nested, (byte) 0x81);
        nested[1_000_000] = 0;
        assertThatThrownBy(() -> decode(nested))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageMatching("a CBOR array or map within 100 others at byte 100 \\(maxDepth is 100\\),"
                        + " at \\$\\.\\.\\.(\\[0]){32}");
        assertThat(decode(LIMITS.maxDepth(1_000_000), nested)).isInstanceOf(List.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5a40000000",
                "5a3fffffff00",
                "7a01000000",
                "9a01000000",
                "ba00400000",
                "c25a000003ff",
                "9b00000000005fffff0000",
                "9a0080000000",
                "ba003fffff61"
            })
    void aDeclaredLengthAllocatesNothing(String hex) {
        byte[] bytes = hex(hex);
        assertThatThrownBy(() -> decode(bytes)).hasMessageContaining("byte"); // loads classes
        long allocated =
                allocatedBy(() -> assertThatThrownBy(() -> decode(bytes)).isNotNull());
        assertThat(allocated).isLessThan(150_000);
    }

    @Test
    void aLongByteStringIsCopiedOnce() {
        byte[] body = new byte[32 << 20];
        new Random(1).nextBytes(body);
        List<ByteBuffer> message = CborBytes.chunks(body, CborEncoder.CHUNK);
        Object[] back = new Object[1];
        long allocated = allocatedBy(() -> back[0] = decode(LIMITS, message));
        assertThat((byte[]) back[0]).isEqualTo(body);
        assertThat(allocated).isBetween((long) body.length, body.length + (1L << 20));
    }

    @Test
    void aLongByteStringMayCrumble() {
        byte[] body = new byte[300_000];
        new Random(1).nextBytes(body);
        byte[] bytes = encode(body);
        for (int size : new int[] {1, 7, 1000, 1023, 1025}) {
            assertThat((byte[]) decode(LIMITS, pieces(bytes, size))).isEqualTo(body);
            List<ByteBuffer> direct =
                    pieces(bytes, 10 * size).stream().map(CborBytes::direct).toList();
            assertThat((byte[]) decode(LIMITS, direct)).isEqualTo(body);
        }
    }

    @Test
    void longArraysAndTextsPassThroughDirectBuffers() {
        List<Integer> list = IntStream.range(0, 50_000).boxed().toList();
        assertThat(decode(LIMITS, List.of(direct(ByteBuffer.wrap(encode(list))))))
                .isEqualTo(list);
        String text = "text \u6c34 ".repeat(20_000);
        assertThat(decode(LIMITS, List.of(direct(ByteBuffer.wrap(encode(text))))))
                .isEqualTo(text);
    }

    @Test
    void aFedBufferIsLeftAlone() {
        ByteBuffer buffer = ByteBuffer.wrap(hex("00008301020300")).position(2).limit(6);
        assertThat(decode(LIMITS, List.of(buffer))).isEqualTo(List.of(1, 2, 3));
        assertThat(buffer.position()).isEqualTo(2);
    }

    @Test
    void aValueIsEmittedWhenTheMessageHasEnded() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        List<Object> seen = new ArrayList<>();
        Cbor.deserializer().deserialize(source.flux()).subscribe(seen::add);
        source.next(ByteBuffer.wrap(hex("01")));
        assertThat(seen).isEmpty();
        source.complete();
        assertThat(seen).containsExactly(1);
    }

    @Test
    void aTopLevelNullIsEmptyAndNoBytesAreAnError() {
        StepVerifier.create(Cbor.serializer().into(Cbor.deserializer()).apply(null))
                .verifyComplete();
        StepVerifier.create(Cbor.deserializer().deserialize(Flux.empty()))
                .expectErrorMessage("the message is empty, a CBOR data item has at least one byte")
                .verify();
    }

    private static long allocatedBy(Runnable action) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        action.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
