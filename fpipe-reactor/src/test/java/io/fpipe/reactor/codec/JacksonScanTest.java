/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoders;
import io.fpipe.reactor.codec.JacksonOrder.Line;
import io.fpipe.reactor.test.StageCheck;
import io.fpipe.reactor.test.TranscoderProbe;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.cbor.CBORMapper;

/** Where elements begin and end. */
class JacksonScanTest {

    private static final List<Object> VALUES = List.of(
            0,
            -70_000,
            1.5,
            true,
            "",
            "a\"\\\u00fc\ud835\udd4f[{",
            List.of(),
            Map.of(),
            List.of(List.of(1, "]"), Map.of("}", 2)));

    static List<JacksonCodec> codecs() {
        return List.of(JacksonCodec.cbor(), JacksonCodec.json());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(Flux<ByteBuffer> message) {
        return Chunks.join(message, 1 << 26).block();
    }

    private static byte[] sequence(JacksonCodec codec) {
        return bytes(codec.sequenceSerializer(Object.class).serialize(Flux.fromIterable(VALUES)));
    }

    private static byte[] array(JacksonCodec codec) {
        return bytes(codec.arraySerializer(Object.class).serialize(Flux.fromIterable(VALUES)));
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void theDeserializersKeepTheirContract(JacksonCodec codec) {
        StageCheck.deserializerOfMany(codec.sequenceDeserializer(Object.class))
                .sample(sequence(codec), VALUES)
                .sample(new byte[0], List.of())
                .invalid(Arrays.copyOf(array(codec), 3), CorruptStreamException.class)
                .verify();
        StageCheck.deserializerOfMany(codec.arrayDeserializer(Object.class))
                .sample(array(codec), VALUES)
                .invalid(new byte[0], CorruptStreamException.class)
                .verify();
        StageCheck.deserializer(codec.deserializer(Object.class))
                .sample(array(codec), VALUES)
                .sample(bytes(codec.serializer(Object.class).serialize(null)), null)
                .invalid(new byte[0], CorruptStreamException.class)
                .verify();
    }

    @Test
    void theEndComesWithTheLastElementIfItsBytesAreTheLast() {
        StageCheck.deserializerOfMany(JacksonCodec.cbor().sequenceDeserializer(Object.class))
                .sample(sequence(JacksonCodec.cbor()), VALUES)
                .completesWithLast()
                .verify();
        StepVerifier.create(JacksonCodec.json().arrayDeserializer(Object.class).deserialize(Chunks.of(utf8("[1] "))), 1)
                .expectNext(1)
                .verifyComplete();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void theSerializersKeepTheirContract(JacksonCodec codec) {
        List<Object> itself = new ArrayList<>();
        itself.add(itself);
        StageCheck.serializer(codec.serializer(Object.class))
                .sample(VALUES, bytes(codec.serializer(Object.class).serialize(VALUES)))
                .sample(
                        "x".repeat(200_000),
                        bytes(codec.serializer(Object.class).serialize("x".repeat(200_000))))
                .invalid(itself, IllegalArgumentException.class)
                .completesWithLast()
                .verify();
        StageCheck.serializer(codec.sequenceSerializer(Object.class))
                .sample(Flux.fromIterable(VALUES), sequence(codec))
                .sample(Flux.empty(), new byte[0])
                .completesWithLast()
                .verify();
        StageCheck.serializer(codec.arraySerializer(Object.class))
                .sample(Flux.fromIterable(VALUES), array(codec))
                .completesWithLast()
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void theyUndoEachOther(JacksonCodec codec) {
        StageCheck.roundTrip(
                        codec.serializer(JacksonOrder.class),
                        codec.deserializer(JacksonOrder.class),
                        JacksonOrder.of(1, null),
                        JacksonOrder.of(2, "x", new Line("a", 1.25), new Line("b", 2)))
                .verify();
    }

    @ParameterizedTest
    @EnumSource
    void theTranscodersAreWellBehaved(JacksonLayout layout) {
        Object values = layout == JacksonLayout.SINGLE ? List.of(VALUES) : VALUES;
        assertThat(throughProbes(layout, new JsonMapper(), true, () -> new JsonScanner(layout, 10)))
                .isEqualTo(values);
        assertThat(throughProbes(layout, new CBORMapper(), false, () -> new CborScanner(layout, 10, 1000)))
                .isEqualTo(values);
    }

    private static List<Object> throughProbes(
            JacksonLayout layout, ObjectMapper mapper, boolean json, Supplier<ElementScanner> scanner) {
        ObjectReader reader = mapper.readerFor(Object.class);
        TranscoderProbe<Object, ByteBuffer> writing =
                TranscoderProbe.of(() -> new JacksonWriting(mapper.writer(), layout, json, 1000, 16));
        TranscoderProbe<ByteBuffer, Object> reading =
                TranscoderProbe.of(() -> new JacksonReading<>(reader, scanner.get(), 1000));
        Flux<Object> source = layout == JacksonLayout.SINGLE ? Flux.just(VALUES) : Flux.fromIterable(VALUES);
        List<Object> read = Transcoders.transcode(Transcoders.transcode(source, writing), reading)
                .collectList()
                .block();
        writing.verify();
        reading.verify();
        return read;
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void truncationAtEveryLengthIsAnError(JacksonCodec codec) {
        byte[] array = array(codec);
        for (int length = 0; length < array.length; length++) {
            byte[] cut = Arrays.copyOf(array, length);
            assertFails(codec.arrayDeserializer(Object.class), cut, "truncated at byte " + length);
            assertThatThrownBy(() -> codec.deserializer(Object.class)
                            .deserialize(Chunks.of(cut))
                            .block())
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining(" at byte " + cut.length);
        }
        byte[] sequence = sequence(codec);
        int whole = 0;
        for (int length = 0; length < sequence.length; length++) {
            try {
                codec.sequenceDeserializer(Object.class)
                        .deserialize(Chunks.of(Arrays.copyOf(sequence, length)))
                        .blockLast();
                whole++;
            } catch (CorruptStreamException ex) {
                assertThat(ex).hasMessageContaining(" at byte ");
            }
        }
        assertThat(whole).isBetween(VALUES.size(), 3 * VALUES.size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ff             | misplaced CBOR break at byte 0",
                "01ff           | misplaced CBOR break at byte 1",
                "0182ff         | misplaced CBOR break at byte 2",
                "a1ff           | misplaced CBOR break at byte 1",
                "c1ff           | misplaced CBOR break at byte 1",
                "1f             | CBOR major type 0 with indefinite length at byte 0",
                "813f           | CBOR major type 1 with indefinite length at byte 1",
                "df             | CBOR major type 6 with indefinite length at byte 0",
                "1c             | reserved CBOR additional information 28 at byte 0",
                "9f5e           | reserved CBOR additional information 30 at byte 1",
                "0018           | truncated at byte 2, within element 1 at byte 1",
                "c1             | truncated at byte 1, within element 0 at byte 0",
                "7f             | truncated at byte 1, within element 0 at byte 0",
                "bfff9fbf       | truncated at byte 4, within element 1 at byte 2",
                "0181f6f6       | element 2 at byte 3 is null",
                "f7             | element 0 at byte 0",
                "5f6161ff       | element 0 at byte 0 cannot be read: ",
                "7f41ffff       | at byte ",
                "bf00ff         | element 0 at byte 0 cannot be read: ",
                "61ff           | element 0 at byte 0 cannot be read: ",
                "0062c328       | element 1 at byte 1 cannot be read: ",
            })
    void malformedCborIsRefused(String bytes, String message) {
        assertFails(JacksonCodec.cbor().sequenceDeserializer(Object.class), hex(bytes), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a0           | expected a CBOR array, found an item of major type 5 at byte 0",
                "d9d9f700     | expected a CBOR array, found an item of major type 0 at byte 3",
                "ff           | expected a CBOR array, found an item of major type 7 at byte 0",
                "810000       | trailing bytes after the CBOR array, the first is at byte 2",
                "8000         | trailing bytes after the CBOR array, the first is at byte 1",
                "9fffff       | trailing bytes after the CBOR array, the first is at byte 2",
                "8200         | truncated at byte 2, after 1 elements of an array that is not closed",
                "''           | truncated at byte 0, after 0 elements of an array that is not closed",
            })
    void whatIsNotOneCborArrayIsRefused(String bytes, String message) {
        assertFails(JacksonCodec.cbor().arrayDeserializer(Object.class), hex(bytes), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`,1`                    | expected a JSON value, found 0x2c at byte 0",
                "`1,2`                   | expected a JSON value, found 0x2c at byte 1",
                "1 ]                     | expected a JSON value, found 0x5d at byte 2",
                "{} }                    | expected a JSON value, found 0x7d at byte 3",
                "// x                    | expected a JSON value, found 0x2f at byte 0",
                "[1 /* ] */]             | JSON with 0x2f outside of a string at byte 3",
                "['a']                   | JSON with 0x27 outside of a string at byte 1",
                "1#                      | expected a JSON value, found 0x23 at byte 1",
                "`\u00fc`                | expected a JSON value, found 0xc3 (it must be UTF-8 without a byte order mark)",
                "`\ufeff1`               | expected a JSON value, found 0xef (it must be UTF-8 without a byte order mark)",
                "[\u00a01]               | JSON with 0xc2 outside of a string at byte 1",
                "`1 [1,\u00002]`         | JSON with 0x00 outside of a string at byte 5",
                "`\"a\nb\"`              | JSON string with the control character 0x0a at byte 2",
                "{\"a\":1                | truncated at byte 6, within element 0 at byte 0",
                "1 \"ab\\\"              | truncated at byte 7, within element 1 at byte 2",
                "[1}                     | element 0 at byte 0 cannot be read: ",
                "1 {\"a\" 2}             | element 1 at byte 2 cannot be read: ",
                "1 [1,]                  | element 1 at byte 2 cannot be read: ",
                "1 01                    | element 1 at byte 2 cannot be read: ",
                "1 -                     | element 1 at byte 2 cannot be read: ",
                "truefalse               | element 0 at byte 0 cannot be read: ",
                "1 null                  | element 1 at byte 2 is null, which is no element",
                "NaN                     | element 0 at byte 0 cannot be read: ",
            })
    void malformedJsonIsRefused(String text, String message) {
        assertFails(JacksonCodec.json().sequenceDeserializer(Object.class), utf8(text), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "1        | expected a JSON array, found 0x31 at byte 0",
                "` {}`    | expected a JSON array, found 0x7b at byte 1",
                "`[,`     | expected a JSON value or ']', found 0x2c at byte 1",
                "`[1,]`   | expected a JSON value, found 0x5d at byte 3",
                "[1 2]    | expected ',' or ']', found 0x32 at byte 3",
                "[1}      | expected ',' or ']', found 0x7d at byte 2",
                "[1] 2    | expected nothing after the JSON array, found 0x32 at byte 4",
                "`[1],`   | expected nothing after the JSON array, found 0x2c at byte 3",
                "[]]      | expected nothing after the JSON array, found 0x5d at byte 2",
                "[null]   | element 0 at byte 1 is null, which is no element",
                "`[1,`    | truncated at byte 3, after 1 elements of an array that is not closed",
                "[1       | truncated at byte 2",
                "` `      | truncated at byte 1, after 0 elements of an array that is not closed",
            })
    void whatIsNotOneJsonArrayIsRefused(String text, String message) {
        assertFails(JacksonCodec.json().arrayDeserializer(Object.class), utf8(text), message);
    }

    /** Whole and in pieces. */
    private static void assertFails(FluxDeserializer<Object> deserializer, byte[] bytes, String message) {
        for (int size : new int[] {1, 2, Math.max(1, bytes.length)}) {
            assertThatThrownBy(() -> deserializer
                            .deserialize(Flux.fromIterable(CborBytes.pieces(bytes, size)))
                            .blockLast())
                    .as("in pieces of %d", size)
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void aSingleValueHasNothingBehindIt() {
        assertTrailing(JacksonCodec.cbor(), hex("0000"), 1);
        assertTrailing(JacksonCodec.cbor(), hex("80ff"), 1);
        assertTrailing(JacksonCodec.json(), utf8("1 2"), 2);
        assertTrailing(JacksonCodec.json(), utf8("{}x"), 2);
    }

    private static void assertTrailing(JacksonCodec codec, byte[] bytes, int at) {
        assertThatThrownBy(() -> codec.deserializer(Object.class)
                        .deserialize(Chunks.of(bytes))
                        .block())
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("trailing bytes after the value, from byte " + at);
    }

    @Test
    void whiteSpaceIsNoValue() {
        assertThatThrownBy(() -> JacksonCodec.json()
                        .deserializer(Object.class)
                        .deserialize(Chunks.of(utf8(" \n")))
                        .block())
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("the message holds no value, it ends at byte 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE"})
    void otherEncodingsAreNeverGuessed(String charset) throws Exception {
        for (String text : List.of("1", "12", "\"a\"", "{}", "[1]", "true", "{\"a\":[1,2]}")) {
            byte[] bytes = text.getBytes(charset);
            assertThatThrownBy(() -> JacksonCodec.json()
                            .deserializer(Object.class)
                            .deserialize(Chunks.of(bytes))
                            .block())
                    .as(text)
                    .isInstanceOf(CorruptStreamException.class);
        }
    }

    @Test
    void commentsAreRefusedEvenIfTheMapperAllowsThem() {
        JacksonCodec lenient = JacksonCodec.of(
                JsonMapper.builder().enable(JsonReadFeature.ALLOW_JAVA_COMMENTS).build());
        assertFails(
                lenient.sequenceDeserializer(Object.class),
                utf8("[1/*\"*/]"),
                "JSON with 0x2f outside of a string at byte 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"81", "a100", "9f", "bf00", "7f"})
    void theDepthOfCborIsLimited(String level) {
        assertDepthIsLimited(JacksonCodec.cbor(), hex(level.repeat(1_000_000 / level.length())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":"})
    void theDepthOfJsonIsLimited(String level) {
        assertDepthIsLimited(JacksonCodec.json(), utf8(level.repeat(1_000_000 / level.length())));
    }

    private static void assertDepthIsLimited(JacksonCodec codec, byte[] bytes) {
        Flux<ByteBuffer> message = Flux.fromIterable(CborBytes.pieces(bytes, 8192));
        for (Flux<Object> values : List.of(
                codec.sequenceDeserializer(Object.class).deserialize(message),
                codec.deserializer(Object.class).deserialize(message).flux())) {
            assertThatThrownBy(values::blockLast)
                    .isInstanceOf(LimitExceededException.class)
                    .hasMessageContaining("(maxNestingDepth is 500)");
        }
    }

    @Test
    void theDepthIsTheMappers() {
        JacksonCodec codec = JacksonCodec.of(JsonMapper.builder(JsonFactory.builder()
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxNestingDepth(2)
                                .build())
                        .build())
                .build());
        FluxDeserializer<Object> deserializer = codec.arrayDeserializer(Object.class);
        assertThat(deserializer
                        .deserialize(Chunks.of(utf8("[[[]]]")))
                        .collectList()
                        .block())
                .containsExactly(List.of(List.of()));
        assertThatThrownBy(() ->
                        deserializer.deserialize(Chunks.of(utf8("[[[[]]]]"))).blockLast())
                .isInstanceOf(LimitExceededException.class)
                .hasMessage("an array or map within 2 others at byte 3 (maxNestingDepth is 2)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5a00100001",
                "7b7fffffffffffffff",
                "5bffffffffffffffff",
                "9a00100001",
                "bb8000000000000000",
                "9bffffffffffffffff",
                "bb7fffffffffffffff",
                "9f5a00100001"
            })
    void aLengthAboveTheLimitIsRefusedAtOnce(String head) {
        assertThatThrownBy(() -> JacksonCodec.cbor()
                        .sequenceDeserializer(Object.class)
                        .deserialize(Chunks.of(hex(head)).concatWith(Flux.never()))
                        .blockLast(Duration.ofSeconds(10)))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("(maxElementBytes is 1048576)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"9bffffffffffffffff", "9b7fffffffffffffff", "9bfffffffffffffffe"})
    void anOuterArrayMayDeclareAnyLength(String head) {
        assertThat(JacksonCodec.cbor()
                        .arrayDeserializer(Integer.class)
                        .deserialize(Chunks.of(hex(head), hex("010203")).concatWith(Flux.never()))
                        .take(3)
                        .collectList()
                        .block(Duration.ofSeconds(10)))
                .containsExactly(1, 2, 3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "\"", "[", "[\"\\\\", "{\"a\":"})
    void anEndlessElementIsLimited(String start) {
        byte[] more = utf8("1".repeat(1000));
        AtomicInteger pieces = new AtomicInteger();
        Flux<ByteBuffer> endless = Chunks.of(utf8("true " + start)).concatWith(Flux.generate(sink -> {
            pieces.incrementAndGet();
            sink.next(ByteBuffer.wrap(more));
        }));
        StepVerifier.create(JacksonCodec.json()
                        .maxElementBytes(10_000)
                        .sequenceDeserializer(Object.class)
                        .deserialize(endless))
                .expectNext(true)
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(LimitExceededException.class)
                        .hasMessageStartingWith("element 1 at byte 5 has at least "))
                .verify(Duration.ofSeconds(10));
        assertThat(pieces).hasValueBetween(9, 11);
    }

    @Test
    void directAndReadOnlyBuffersAreRead() {
        String large = "x".repeat(30_000);
        for (JacksonCodec codec : codecs()) {
            byte[] bytes = bytes(codec.sequenceSerializer(String.class).serialize(Flux.just("a", large, "b")));
            for (ByteBuffer buffer : List.of(
                    CborBytes.direct(ByteBuffer.wrap(bytes)),
                    ByteBuffer.wrap(bytes).asReadOnlyBuffer())) {
                assertThat(codec.sequenceDeserializer(String.class)
                                .deserialize(Flux.just(buffer))
                                .collectList()
                                .block())
                        .containsExactly("a", large, "b");
            }
        }
    }
}
