/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.join;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** Sequences, and the elements of one array. */
class CborElementsTest {

    private static final FluxDeserializer<Object> SEQUENCE = Cbor.sequenceDeserializer(Object.class);
    private static final FluxDeserializer<Object> ARRAY = Cbor.arrayDeserializer(Object.class);

    private static final List<Object> MIXED = List.of(
            1, "text", List.of(1, 2, 3), Map.of("k", 1.5), 1L << 40, true, "long ".repeat(3000), List.of(), -1, 2, 3);

    private static byte[] sequence(Iterable<?> values) {
        return join(Cbor.sequenceSerializer(Object.class)
                .serialize(Flux.fromIterable(values).cast(Object.class))
                .collectList()
                .block());
    }

    private static <T> List<T> read(FluxDeserializer<T> deserializer, List<ByteBuffer> message) {
        return deserializer
                .deserialize(Flux.fromIterable(message))
                .collectList()
                .block();
    }

    @Test
    void theDeserializersKeepTheirContract() {
        byte[] sequence = sequence(MIXED.subList(0, 6));
        StageCheck.deserializerOfMany(SEQUENCE)
                .sample(new byte[0], List.of())
                .sample(hex("05"), List.of(5))
                .sample(sequence, MIXED.subList(0, 6))
                .sample(
                        sequence(IntStream.range(0, 300).boxed().toList()),
                        IntStream.range(0, 300).<Object>mapToObj(i -> i).toList())
                .invalid(hex("01f6"), CorruptStreamException.class)
                .invalid(hex("0142"), CorruptStreamException.class)
                .invalid(hex("01ff"), CorruptStreamException.class)
                .completesWithLast()
                .verify();
        StageCheck.deserializerOfMany(ARRAY)
                .sample(hex("80"), List.of())
                .sample(hex("9fff"), List.of())
                .sample(hex("d9d9f7d9d9f78105"), List.of(5))
                .sample(encode(MIXED.subList(0, 6)), MIXED.subList(0, 6))
                .sample(hex("9b00000000000000020102"), List.of(1, 2))
                .completesWithLast()
                .verify();
        StageCheck.deserializerOfMany(ARRAY)
                .sample(encode(MIXED.subList(0, 6).iterator()), MIXED.subList(0, 6))
                .invalid(new byte[0], CorruptStreamException.class)
                .invalid(hex("8201"), CorruptStreamException.class)
                .invalid(hex("9f01"), CorruptStreamException.class)
                .invalid(hex("8000"), CorruptStreamException.class)
                .invalid(hex("9fff00"), CorruptStreamException.class)
                .invalid(hex("81f6"), CorruptStreamException.class)
                .verify();
    }

    @Test
    void theSerializersKeepTheirContract() {
        StageCheck.<Flux<Object>>serializer(Cbor.sequenceSerializer(Object.class))
                .sample(Flux.empty(), new byte[0])
                .sample(Flux.just(1, "a", List.of()), hex("01616180"))
                .sample(
                        Flux.range(0, 100_000).cast(Object.class),
                        sequence(IntStream.range(0, 100_000).boxed().toList()))
                .invalid(Flux.just(1, Optional.empty()), IllegalArgumentException.class)
                .invalid(Flux.just(1, new Thread()), IllegalArgumentException.class)
                .completesWithLast()
                .verify();
        StageCheck.<Flux<Object>>serializer(Cbor.arraySerializer(Object.class))
                .sample(Flux.empty(), hex("9fff"))
                .sample(Flux.just(1, "a", Optional.empty()), hex("9f016161f6ff"))
                .invalid(Flux.just(1, new Thread()), IllegalArgumentException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void elementsComeBackAtEveryCut() {
        byte[] sequence = sequence(MIXED);
        for (int size : new int[] {1, 2, 3, 7, 100, 5000, 1 << 20}) {
            assertThat(read(SEQUENCE, pieces(sequence, size))).isEqualTo(MIXED);
            assertThat(read(
                            SEQUENCE,
                            pieces(sequence, size).stream()
                                    .map(CborBytes::direct)
                                    .toList()))
                    .isEqualTo(MIXED);
            assertThat(read(ARRAY, pieces(encode(MIXED), size))).isEqualTo(MIXED);
        }
    }

    @Test
    void manyElementsShareAChunk() {
        List<ByteBuffer> chunks = Cbor.sequenceSerializer(Integer.class)
                .serialize(Flux.range(0, 100_000))
                .collectList()
                .block();
        assertThat(chunks.subList(0, chunks.size() - 1))
                .allSatisfy(chunk -> assertThat(chunk.remaining()).isBetween((64 << 10) - 8, 64 << 10));
    }

    @Test
    void nothingIsHeldBackWhileTheSourceIsIdle() {
        TestPublisher<Object> elements = TestPublisher.create();
        StepVerifier.create(Cbor.sequenceSerializer(Object.class)
                        .serialize(elements.flux())
                        .map(ByteBuffer::remaining))
                .then(() -> elements.next("one"))
                .expectNext(4)
                .then(() -> elements.next("three"))
                .expectNext(6)
                .thenCancel()
                .verify();
        elements.assertCancelled();
    }

    @Test
    void elementsAreAskedForOneByOne() {
        AtomicLong requested = new AtomicLong();
        Flux<Integer> source = Flux.range(0, 1000).doOnRequest(requested::addAndGet);
        StepVerifier.create(Cbor.sequenceSerializer(Integer.class).serialize(source), 0)
                .then(() -> assertThat(requested).hasValue(0))
                .thenRequest(1)
                .expectNextCount(1)
                .verifyComplete();
        assertThat(requested.get()).isBetween(1000L, 1001L);
    }

    @Test
    void aSequenceIsReadNoFurtherThanDemanded() {
        AtomicLong requested = new AtomicLong();
        Flux<ByteBuffer> message = Flux.fromIterable(
                        pieces(sequence(IntStream.range(0, 20).boxed().toList()), 5))
                .doOnRequest(requested::addAndGet);
        StepVerifier.create(Cbor.sequenceDeserializer(Integer.class).deserialize(message), 0)
                .thenRequest(5)
                .expectNext(0, 1, 2, 3, 4)
                .then(() -> assertThat(requested).hasValue(1))
                .thenRequest(1)
                .expectNext(5)
                .then(() -> assertThat(requested).hasValue(2))
                .thenCancel()
                .verify();
    }

    @ParameterizedTest
    @CsvSource({
        "01f6, expected anything, found null at byte 1",
        "0102f7, expected anything, found null at byte 2",
        "0161, 'CBOR message truncated at byte 2: 1 bytes of a string are missing'",
        "01c1, 'CBOR message truncated at byte 2: the content of tag 1 is missing'",
        "0182, truncated at byte 2: 1 arrays or maps are open",
        "0119, truncated at byte 2: within the head of an item",
        "01ff, misplaced CBOR break at byte 1",
        "011c, reserved CBOR additional information 28 at byte 1",
    })
    void saysWhatIsWrongWithASequence(String hex, String message) {
        for (int size : new int[] {1, 100}) {
            StepVerifier.create(SEQUENCE.deserialize(Flux.fromIterable(pieces(hex(hex), size))))
                    .expectNext(1)
                    .thenConsumeWhile(element -> true)
                    .verifyErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(CorruptStreamException.class)
                            .hasMessageContaining(message));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', the message is empty",
        "01, no CBOR array but 0x1 at byte 0",
        "a0, no CBOR array but 0xa0 at byte 0",
        "9c, no CBOR array but 0x9c at byte 0",
        "df, no CBOR array but 0xdf at byte 0",
        "c280, no CBOR array but tag 2 before byte 1",
        "9900, truncated at byte 2: the array around its elements is open after 0",
        "8201, truncated at byte 2: the array around its elements is open after 1",
        "9f01, truncated at byte 2: the array around its elements is open after 1",
        "820141, truncated at byte 3: 1 bytes of a string are missing",
        "8101ff, 'trailing bytes after the CBOR value, from byte 2'",
        "9fff00, 'trailing bytes after the CBOR value, from byte 2'",
        "8000, 'trailing bytes after the CBOR value, from byte 1'",
        "82ff, misplaced CBOR break at byte 1",
        "9f01f6ff, expected anything, found null at byte 2",
    })
    void saysWhatIsWrongWithAnArray(String hex, String message) {
        for (int size : new int[] {1, 100}) {
            StepVerifier.create(ARRAY.deserialize(Flux.fromIterable(pieces(hex(hex), size))))
                    .thenConsumeWhile(element -> true)
                    .verifyErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(CorruptStreamException.class)
                            .hasMessageContaining(message));
        }
    }

    @Test
    void elementsHaveTheTypeThatIsAskedFor() {
        assertThat(read(Cbor.sequenceDeserializer(Long.class), pieces(hex("011b0000010000000000"), 4)))
                .containsExactly(1L, 1L << 40);
        assertThat(read(Cbor.sequenceDeserializer(String.class), pieces(hex("61616162"), 3)))
                .containsExactly("a", "b");
        assertThat(read(Cbor.arrayDeserializer(List.class), pieces(hex("82808101"), 3)))
                .containsExactly(List.of(), List.of(1));
        assertThatThrownBy(() -> read(Cbor.sequenceDeserializer(String.class), pieces(hex("616101"), 3)))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("expected a text, found the integer 1 at byte 2");
    }

    @Test
    void limitsHoldForEachElement() {
        FluxDeserializer<Object> limited = Cbor.sequenceDeserializer(
                Object.class,
                o -> o.limits(l -> l.maxItems(3).maxBytes(4).maxDepth(1).maxContainerSize(2)));
        byte[] fine = hex("8201028201026361626300000000");
        for (int size : new int[] {1, 2, 100}) {
            assertThat(read(limited, pieces(fine, size))).hasSize(7);
        }
        for (String hex : List.of("006461626364", "818180", "83010203", "a201020304", "1b0000000000000000")) {
            for (int size : new int[] {1, 100}) {
                assertThatThrownBy(() -> read(limited, pieces(hex("0102" + hex), size)))
                        .isInstanceOf(LimitExceededException.class)
                        .hasMessageContaining(" byte ");
            }
        }
        FluxDeserializer<Object> array = Cbor.arrayDeserializer(
                Object.class,
                o -> o.limits(l -> l.maxDepth(0).maxContainerSize(0).maxItems(1).maxBytes(1)));
        assertThat(read(array, pieces(encode(new int[1000]), 100))).hasSize(1000);
    }

    @Test
    void aSequenceLongerThanAnyBufferGoesThroughCompression() {
        int n = 300_000;
        AtomicLong sum = new AtomicLong();
        Long count = Cbor.sequenceSerializer(Integer.class)
                .then(Zlib.compress())
                .serialize(Flux.range(0, n))
                .transform(bytes -> Zlib.decompress().apply(bytes))
                .transform(bytes -> Cbor.sequenceDeserializer(Integer.class).deserialize(bytes))
                .doOnNext(sum::addAndGet)
                .count()
                .block();
        assertThat(count).isEqualTo(n);
        assertThat(sum).hasValue(n * (n - 1L) / 2);
    }

    @Test
    void concatenatedMessagesAreASequence() {
        List<ByteBuffer> message = new ArrayList<>();
        for (Object value : MIXED) {
            message.addAll(Cbor.serializer().serialize(value).collectList().block());
        }
        assertThat(read(SEQUENCE, message)).isEqualTo(MIXED);
        assertThat(Chunks.join(Flux.fromIterable(message), 1 << 20).block()).isEqualTo(sequence(MIXED));
    }
}
