/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.chunks;
import static io.fpipe.reactor.codec.CborBytes.decode;
import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

@SuppressWarnings("ByteBufferBackingArray") // which array it is is the question
class CborEncoderTest {

    private static final int CHUNK = CborEncoder.CHUNK;

    private static Iterable<Integer> counting(AtomicInteger read, int size) {
        return () -> IntStream.range(0, size).peek(i -> read.incrementAndGet()).iterator();
    }

    @Test
    void readsAnIterableOneChunkAheadOnly() {
        AtomicInteger read = new AtomicInteger();
        AtomicInteger before = new AtomicInteger();
        StepVerifier.create(Cbor.serializer().serialize(counting(read, 1_000_000)), 0)
                .then(() -> assertThat(read).hasValue(0))
                .thenRequest(1)
                .expectNextCount(1)
                .then(() -> {
                    before.set(read.get());
                    assertThat(before.get()).isBetween(CHUNK / 5, CHUNK);
                })
                .thenRequest(1)
                .expectNextCount(1)
                .then(() -> assertThat(read.get() - before.get()).isBetween(CHUNK / 5 - 10, CHUNK / 3))
                .thenCancel()
                .verify();
        assertThat(read).hasValueLessThan(2 * CHUNK);
    }

    @Test
    void suspendsWithinAnElement() {
        CborEncoder encoder = new CborEncoder(CborOptions.DEFAULTS, 16);
        encoder.feed(List.of("a text that is longer than a chunk", 1));
        ByteBuffer first = encoder.poll();
        assertThat(first.remaining()).isEqualTo(16);
        assertThat(encoder.isFinished()).isFalse();
    }

    @Test
    void textsAreRightWhereverTheirCharactersLie() { // they are looked at in blocks of 2048
        for (String odd : List.of("\u00e4", "\u6c34", "\ud83d\ude00", "\ud83d\ude00\ud800\udd51")) {
            for (int before = 2040; before <= 2052; before++) {
                String text =
                        "a".repeat(before) + odd + "b".repeat(2046 - odd.length()) + odd + "c".repeat(before) + odd;
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                byte[] expected = ByteBuffer.allocate(3 + bytes.length)
                        .put((byte) 0x79)
                        .putShort((short) bytes.length)
                        .put(bytes)
                        .array();
                for (int chunk : new int[] {64, 1000, 2049, CHUNK}) {
                    assertThat(join(chunks(text, chunk))).isEqualTo(expected);
                }
            }
            String cut = "a".repeat(2047) + "\ud83d";
            assertThatThrownBy(() -> encode(cut + "b" + odd)).hasMessageContaining("at index 2047 ");
        }
    }

    @Test
    void chunksAreFullButForTheLast() {
        List<ByteBuffer> chunks = chunks(IntStream.range(0, 100_000).boxed().toList(), CHUNK);
        chunks.subList(0, chunks.size() - 1)
                .forEach(chunk -> assertThat(chunk.remaining()).isBetween(CHUNK - 8, CHUNK));
    }

    @Test
    void aSmallValueTakesASmallArray() {
        assertThat(chunks("abc", CHUNK))
                .singleElement()
                .satisfies(chunk -> assertThat(chunk.array()).hasSizeLessThanOrEqualTo(128));
        assertThat(chunks(List.of("a".repeat(300), 1), CHUNK))
                .singleElement()
                .satisfies(chunk -> assertThat(chunk.array()).hasSizeLessThanOrEqualTo(2048));
    }

    @Test
    void aLongByteArrayLeavesAsSlicesOfItself() {
        byte[] bytes = new byte[5 * CHUNK / 2];
        List<ByteBuffer> chunks = chunks(List.of(1, bytes, 2), CHUNK);
        assertThat(chunks).hasSize(5);
        assertThat(chunks.subList(1, 4))
                .allSatisfy(chunk -> assertThat(chunk.array()).isSameAs(bytes));
        assertThat(chunks.subList(1, 4)).extracting(ByteBuffer::remaining).containsExactly(CHUNK, CHUNK, CHUNK / 2);
        assertThat(chunks.subList(1, 4)).extracting(ByteBuffer::arrayOffset).containsExactly(0, CHUNK, 2 * CHUNK);
        assertThat(chunks.get(0).remaining()).isEqualTo(1 + 1 + 5);
        assertThat(chunks.get(0).array().length).isLessThan(200);
    }

    @Test
    void theLimitOfSlicesIsHalfAChunk() {
        byte[] copied = new byte[CHUNK / 2 - 1];
        assertThat(chunks(copied, CHUNK))
                .singleElement()
                .satisfies(chunk -> assertThat(chunk.array()).isNotSameAs(copied));
        byte[] sliced = new byte[CHUNK / 2];
        assertThat(chunks(sliced, CHUNK))
                .hasSize(2)
                .last()
                .satisfies(chunk -> assertThat(chunk.array()).isSameAs(sliced));
    }

    @Test
    void writesWhatRemainsOfAByteBufferAndLeavesItsPosition() {
        for (int size : new int[] {10, 100_000}) {
            ByteBuffer direct = ByteBuffer.allocateDirect(size + 20);
            IntStream.range(0, size + 20).forEach(i -> direct.put(i, (byte) i));
            direct.position(7).limit(size + 7);
            byte[] expected = new byte[size];
            direct.duplicate().get(expected);
            assertThat((byte[]) decode(encode(direct))).isEqualTo(expected);
            assertThat((byte[]) decode(encode(direct.asReadOnlyBuffer()))).isEqualTo(expected);
            assertThat(direct.position()).isEqualTo(7);
        }
    }

    @Test
    void everyIntegerTypeHasTheSameBytes() {
        assertThat(hex(encode(List.of((byte) -3, (short) -3, -3, -3L, BigInteger.valueOf(-3)))))
                .isEqualTo("852222222222");
        for (long edge : new long[] {
            23, 24, 255, 256, 65535, 65536, 0x7fffffffL, 0x80000000L, 0xffffffffL, 1L << 32, Long.MAX_VALUE
        }) {
            for (long value : new long[] {edge, -edge, ~edge}) {
                byte[] bytes = encode(value);
                assertThat(bytes).isEqualTo(encode(BigInteger.valueOf(value)));
                assertThat(((Number) decode(bytes)).longValue()).isEqualTo(value);
                assertThat(decode(bytes)).isInstanceOf((int) value == value ? Integer.class : Long.class);
            }
        }
    }

    @Test
    void everyKindOfSequenceHasTheSameBytes() {
        byte[] expected = encode(List.of(1, 2, 70_000, -9));
        assertThat(encode(new int[] {1, 2, 70_000, -9})).isEqualTo(expected);
        assertThat(encode(new long[] {1, 2, 70_000, -9})).isEqualTo(expected);
        assertThat(encode(new Object[] {1, 2L, 70_000, (short) -9})).isEqualTo(expected);
        assertThat(encode(new Integer[] {1, 2, 70_000, -9})).isEqualTo(expected);
        assertThat(encode(new ArrayDeque<>(List.of(1, 2, 70_000, -9)))).isEqualTo(expected);
        assertThat(encode(new LinkedHashSet<>(List.of(1, 2, 70_000, -9)))).isEqualTo(expected);
        assertThat(encode(new short[] {1, -2})).isEqualTo(encode(List.of(1, -2)));
        assertThat(encode(new double[] {1.5, 1e300, Double.NaN})).isEqualTo(encode(List.of(1.5, 1e300, Double.NaN)));
        assertThat(encode(new float[] {1.5f, 1e30f})).isEqualTo(encode(List.of(1.5f, 1e30f)));
        assertThat(hex(encode(new boolean[] {true, false}))).isEqualTo("82f5f4");
        assertThat(hex(encode((Iterable<Integer>) () -> List.of(1, 2).iterator())))
                .isEqualTo("9f0102ff");
    }

    @Test
    void longPrimitiveArraysGoThroughSmallChunks() {
        int[] ints = IntStream.range(0, 2000).map(i -> i * 7919 - 5_000_000).toArray();
        List<Integer> list = Arrays.stream(ints).boxed().toList();
        for (int size : new int[] {9, 17, 100}) {
            assertThat(encode(ints, size)).isEqualTo(encode(list));
        }
    }

    @Test
    void everyHalfIsWrittenAsItself() {
        for (int half = 0; half < 0x10000; half++) {
            float value = HalfFloat.toFloat(half);
            if (!Float.isNaN(value)) {
                assertThat(HalfFloat.ofExactly(value)).isEqualTo(half);
                float next = Math.nextUp(value);
                assertThat(Float.isInfinite(next) ? -1 : HalfFloat.ofExactly(next))
                        .isIn(-1, next == 0 ? 0x8000 : -1);
            }
        }
        assertThat(HalfFloat.ofExactly(65536f)).isEqualTo(-1);
        assertThat(HalfFloat.ofExactly(0x1p-25f)).isEqualTo(-1);
        assertThat(HalfFloat.ofExactly(0x1.8p-24f)).isEqualTo(-1);
    }

    @Test
    void textOfAnyKindGoesThroughChunksOfAnySize() {
        String text = "ascii \u00e4\u00f6\u00fc \u6c34\u6c34 \ud800\udd51\ud83d\ude00 tail".repeat(20);
        byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (int size = 9; size < 60; size++) {
            byte[] bytes = encode(text, size);
            assertThat(Arrays.copyOfRange(bytes, 3, bytes.length)).isEqualTo(utf8);
            assertThat(encode("x".repeat(500), size)).isEqualTo(encode("x".repeat(500)));
        }
    }

    @Test
    void refusesAnUnpairedSurrogate() {
        for (String text : List.of("ab\ud800", "ab\ud800c", "ab\udc00\ud800")) {
            assertThatThrownBy(() -> encode(List.of(1, text)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("unpaired surrogate at index 2 of a text at $[1]");
        }
    }

    @Test
    void saysWhatHasNoMappingAndWhere() {
        assertThatThrownBy(() -> encode(List.of(1, Map.of("name", List.of(new Thread())))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no CBOR mapping for java.lang.Thread at $[1].name[0]");
        assertThatThrownBy(() -> encode(new Thread())).hasMessageEndingWith("java.lang.Thread at $");
    }

    @Test
    void refusesAKeyThatIsNoScalar() {
        assertThatThrownBy(() -> encode(Map.of(List.of(1), 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a map key must be a scalar, not java.util.ImmutableCollections$List12");
        Map<Object, Object> nullKey = new HashMap<>();
        nullKey.put(null, 1);
        assertThat(hex(encode(nullKey))).isEqualTo("a1f601");
    }

    @Test
    void refusesAListThatHoldsItself() {
        List<Object> list = new ArrayList<>();
        list.add(list);
        assertThatThrownBy(() -> encode(list))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 1000 levels");
        Object deepest = List.of();
        for (int i = 1; i < 1000; i++) {
            deepest = List.of(deepest);
        }
        assertThat(encode(deepest)).hasSize(1000);
    }

    @Test
    void refusesACollectionThatLiesAboutItsSize() {
        for (int size : new int[] {1, 3}) {
            assertThatThrownBy(() -> encode(List.of(0, sized(size, List.of(7, 8)))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a container of size " + size + " gave " + (size == 1 ? "more" : "2")
                            + " elements at $[1]");
            Map<Object, Object> map = new AbstractMap<>() {
                @Override
                public Set<Entry<Object, Object>> entrySet() {
                    return Map.<Object, Object>of(1, 2, 3, 4).entrySet();
                }

                @Override
                public int size() {
                    return size;
                }
            };
            assertThatThrownBy(() -> encode(map))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("a container of size " + size);
        }
    }

    private static AbstractCollection<Object> sized(int size, List<Object> elements) {
        return new AbstractCollection<>() {
            @Override
            public Iterator<Object> iterator() {
                return elements.iterator();
            }

            @Override
            public int size() {
                return size;
            }
        };
    }

    @Test
    void anExceptionOfTheValueIsTheMessagesError() {
        Iterable<Object> failing = () -> {
            throw new IllegalStateException("gone");
        };
        StepVerifier.create(Cbor.serializer().serialize(List.of(1, failing)))
                .expectErrorMessage("gone")
                .verify();
    }

    @Test
    void everySubscriptionReadsTheValueAnew() {
        List<Integer> list = new ArrayList<>(Collections.nCopies(3, 1));
        var message = Cbor.serializer().serialize(list);
        assertThat(hex(join(message.collectList().block()))).isEqualTo("83010101");
        list.add(2);
        assertThat(hex(join(message.collectList().block()))).isEqualTo("8401010102");
    }
}
