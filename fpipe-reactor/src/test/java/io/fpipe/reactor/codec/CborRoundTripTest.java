/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.comparable;
import static io.fpipe.reactor.codec.CborBytes.decode;
import static io.fpipe.reactor.codec.CborBytes.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoders;
import io.fpipe.reactor.test.StageCheck;
import io.fpipe.reactor.test.TranscoderProbe;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class CborRoundTripTest {

    /** Bytes that open, continue and close things. */
    private static final byte[] HEADS =
            CborBytes.hex("00010204182038415f61637f8081829fa0a1a2bfbfc2c3f4f6f7f9fafbffffff");

    private static final int[] CHUNK_SIZES = {9, 10, 13, 64, 1000, 64 << 10};

    @Test
    void randomValuesComeBackInAnyChunksAndCuts() {
        for (int seed = 0; seed < 1500; seed++) {
            Random random = new Random(seed);
            Object value = value(random, 3);
            byte[] bytes = encode(value, CHUNK_SIZES[seed % CHUNK_SIZES.length]);
            assertThat(bytes).as("seed %d", seed).isEqualTo(encode(value));
            assertThat(comparable(decode(CborLimits.DEFAULTS, cut(bytes, random))))
                    .as("seed %d", seed)
                    .isEqualTo(comparable(value));
        }
    }

    @Test
    void garbageFailsInTwoWaysOnly() {
        int values = 0;
        for (int seed = 0; seed < 200_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[1 + random.nextInt(40)];
            random.nextBytes(bytes);
            for (int i = 0; seed % 2 == 0 && i < bytes.length; i++) {
                bytes[i] = HEADS[random.nextInt(HEADS.length)];
            }
            values += survives(bytes, random);
        }
        assertThat(values).isBetween(2_000, 100_000);
    }

    @Test
    void damagedMessagesFailInTwoWaysOnly() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            byte[] bytes = encode(value(random, 3));
            for (int i = 0; i < 20; i++) {
                byte[] damaged = bytes.clone();
                damaged[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                survives(damaged, random);
            }
        }
    }

    @Test
    void truncationAtEveryLengthIsAnError() {
        byte[] bytes = encode(List.of(1, "text", Map.of("key", new byte[40]), 1.1, new BigInteger("9".repeat(40))));
        for (int length = 0; length < bytes.length; length++) {
            byte[] truncated = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> decode(truncated)).isInstanceOf(CorruptStreamException.class);
        }
    }

    @Test
    void theSerializerKeepsItsContract() {
        StageCheck.serializer(Cbor.serializer())
                .sample(List.of(1, 2, 3), CborBytes.hex("83010203"))
                .sample("abc", CborBytes.hex("63616263"))
                .sample(new byte[200_000], encode(new byte[200_000], 9))
                .sample(oneTo(100_000), encode(oneTo(100_000), 1000))
                .invalid(List.of(1, new Object()), IllegalArgumentException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void theDeserializerKeepsItsContract() {
        StageCheck.deserializer(Cbor.deserializer())
                .sample(CborBytes.hex("f6"), null)
                .verify();
        StageCheck.deserializer(Cbor.deserializer())
                .sample(CborBytes.hex("9f018202039f0405ffff"), List.of(1, List.of(2, 3), List.of(4, 5)))
                .sample(
                        encode("a text of some length, \u00e4\u6c34\ud800\udd51"),
                        "a text of some length, \u00e4\u6c34\ud800\udd51")
                .sample(encode(new byte[1000]), new byte[1000])
                .invalid(new byte[0], CorruptStreamException.class)
                .invalid(CborBytes.hex("0000"), CorruptStreamException.class)
                .invalid(CborBytes.hex("8201"), CorruptStreamException.class)
                .invalid(CborBytes.hex("9b7fffffffffffffff"), LimitExceededException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void theyUndoEachOther() {
        StageCheck.roundTrip(
                        Cbor.serializer(),
                        Cbor.deserializer(),
                        42,
                        "abc",
                        List.of("a", 1.5, Map.of("k", List.of(-1, 70_000L << 20))),
                        oneTo(1000),
                        new byte[3000])
                .verify();
    }

    @Test
    void theTranscodersAreWellBehaved() {
        TranscoderProbe<Object, ByteBuffer> encoders =
                TranscoderProbe.of(() -> new CborEncoder(CborOptions.DEFAULTS, CborEncoder.CHUNK));
        TranscoderProbe<ByteBuffer, Object> decoders = TranscoderProbe.of(() -> new CborDecoder(CborOptions.DEFAULTS));
        List<Integer> value = oneTo(50_000);
        Flux<ByteBuffer> message = Transcoders.transcode(Flux.just(value), encoders);
        assertThat(Mono.fromDirect(Transcoders.transcode(message, decoders)).block())
                .isEqualTo(value);
        encoders.verify();
        decoders.verify();
    }

    /** Decodes and returns 1, or fails in one of the two ways that are allowed and returns 0. */
    private static int survives(byte[] bytes, Random random) {
        List<ByteBuffer> cut = cut(bytes, random);
        try {
            decode(CborLimits.DEFAULTS, cut);
            return 1;
        } catch (CorruptStreamException | LimitExceededException expected) {
            assertThat(expected).hasMessageContaining("byte");
            return 0;
        }
    }

    private static List<ByteBuffer> cut(byte[] bytes, Random random) {
        List<ByteBuffer> cut = new ArrayList<>();
        int size = 1 + random.nextInt(bytes.length);
        for (int i = 0; i < bytes.length; ) {
            int n = Math.min(1 + random.nextInt(size), bytes.length - i);
            ByteBuffer piece = ByteBuffer.wrap(bytes, i, n);
            cut.add(random.nextInt(4) == 0 ? piece.asReadOnlyBuffer() : piece);
            i += n;
        }
        return cut;
    }

    private static List<Integer> oneTo(int n) {
        return IntStream.rangeClosed(1, n).boxed().toList();
    }

    private static Object value(Random random, int depth) {
        int kind = random.nextInt(depth == 0 ? 7 : 10);
        return switch (kind) {
            case 0 -> random.nextInt() >> random.nextInt(32);
            case 1 -> (random.nextLong() >> random.nextInt(32)) ^ (1L << 40);
            case 2 ->
                new BigInteger(65 + random.nextInt(100), random)
                        .setBit(64)
                        .multiply(BigInteger.valueOf(random.nextBoolean() ? 1 : -1));
            case 3 -> random.nextBoolean() ? random.nextGaussian() : random.nextInt(1000) / 8.0;
            case 4 -> text(random);
            case 5 -> {
                byte[] bytes = new byte[random.nextInt(1 << random.nextInt(12))];
                random.nextBytes(bytes);
                yield bytes;
            }
            case 6 -> new Object[] {null, true, false}[random.nextInt(3)];
            case 7 -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(10); i > 0; i--) {
                    map.put(random.nextBoolean() ? text(random) : (Object) i, value(random, depth - 1));
                }
                yield map;
            }
            default -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(20); i > 0; i--) {
                    list.add(value(random, depth - 1));
                }
                yield random.nextBoolean() ? list : list.stream().toList();
            }
        };
    }

    private static String text(Random random) {
        int range = new int[] {0x80, 0x800, 0xd800, 0x110000}[random.nextInt(4)];
        return random.ints(random.nextInt(1 << random.nextInt(9)), 0, range)
                .filter(c -> c < 0xd800 || c > 0xdfff)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
