/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.Transcoder;
import io.fpipe.reactor.Transcoders;
import io.fpipe.reactor.test.StageCheck;
import io.fpipe.reactor.test.TranscoderProbe;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class FramesTest {

    /** Every format, with the bytes of the frames "a", "" and "bcd". */
    @SuppressWarnings("ImmutableEnumChecker") // nobody writes the bytes
    enum Format {
        FIXED_1(Frames.lengthPrefix(1), "01 61 00 03 62 63 64"),
        FIXED_2(Frames.lengthPrefix(2), "0001 61 0000 0003 62 63 64"),
        FIXED_4_LITTLE(Frames.lengthPrefix(4, ByteOrder.LITTLE_ENDIAN), "01000000 61 00000000 03000000 62 63 64"),
        FIXED_8(Frames.lengthPrefix(8), "0000000000000001 61 0000000000000000 0000000000000003 62 63 64"),
        VARINT(Frames.varintPrefix(), "01 61 00 03 62 63 64"),
        CHUNKED(Frames.chunked(), "01 61 00 00 03 62 63 64 00"),
        CHUNKED_2_LITTLE(Frames.chunked(2, ByteOrder.LITTLE_ENDIAN), "0100 61 0000 0000 0300 62 63 64 0000"),
        DELIMITER_1(Frames.delimiter(new byte[] {0}), "61 00 00 62 63 64 00"),
        DELIMITER_4(Frames.delimiter(ascii("--!-")), "61 2d2d212d 2d2d212d 62 63 64 2d2d212d"),
        LINES(Frames.lines(), "61 0a 0a 62 63 64 0a");

        final Frames frames;
        final byte[] wire;

        Format(Frames frames, String wire) {
            this.frames = frames;
            this.wire = HexFormat.of().parseHex(wire.replace(" ", ""));
        }

        byte[] encode(String... texts) {
            Flux<ByteBuffer> each = Flux.fromArray(texts).map(text -> ByteBuffer.wrap(ascii(text)));
            return Chunks.join(frames.encodeWhole(each), 1 << 20).block();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(ByteBuffer buffer) {
        return StandardCharsets.US_ASCII.decode(buffer.duplicate()).toString();
    }

    private static Flux<String> texts(Flux<Flux<ByteBuffer>> frames) {
        return frames.concatMap(
                frame -> Chunks.join(frame, 1 << 20).map(bytes -> new String(bytes, StandardCharsets.US_ASCII)));
    }

    private static final String LONG = "0123456789".repeat(30);

    @ParameterizedTest
    @EnumSource
    void decodesStreams(Format format) {
        StageCheck.deserializerOfMany(bytes -> texts(format.frames.decode(bytes)))
                .sample(format.wire, List.of("a", "", "bcd"))
                .sample(new byte[0], List.of())
                .sample(format.encode(""), List.of(""))
                .sample(
                        format.encode("-", "x--", "-!", LONG.substring(0, 200)), //
                        List.of("-", "x--", "-!", LONG.substring(0, 200)))
                .verify();
    }

    @ParameterizedTest
    @EnumSource
    void decodesWhole(Format format) {
        StageCheck.deserializerOfMany(bytes -> format.frames.decodeWhole(bytes).map(FramesTest::text))
                .sample(format.wire, List.of("a", "", "bcd"))
                .sample(new byte[0], List.of())
                .sample(
                        format.encode("", "", "-", LONG.substring(0, 99)), //
                        List.of("", "", "-", LONG.substring(0, 99)))
                .completesWithLast()
                .verify();
    }

    @ParameterizedTest
    @EnumSource
    void encodes(Format format) {
        List<String> messages = List.of("a", "", "bcd");
        StageCheck.<List<String>>serializer(list -> format.frames.encode(
                        Flux.fromIterable(list).map(text -> text.isEmpty() ? Flux.empty() : Chunks.of(ascii(text)))))
                .sample(messages, format.wire)
                .sample(List.of(), new byte[0])
                .completesWithLast()
                .verify();
        StageCheck.<List<String>>serializer(list ->
                        format.frames.encodeWhole(Flux.fromIterable(list).map(text -> ByteBuffer.wrap(ascii(text)))))
                .sample(messages, format.wire)
                .sample(List.of(), new byte[0])
                .completesWithLast()
                .verify();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsEncodedInPiecesIsDecoded(Format format) {
        Flux<Flux<ByteBuffer>> messages = Flux.just(Chunks.of(ascii("ab"), ascii("c"), ascii(LONG.substring(0, 100))));
        byte[] wire = Chunks.join(format.frames.encode(messages), 1000).block();
        assertThat(format.frames
                        .decodeWhole(Chunks.of(wire))
                        .map(FramesTest::text)
                        .collectList()
                        .block())
                .containsExactly("abc" + LONG.substring(0, 100));
    }

    @ParameterizedTest
    @EnumSource
    void aStreamThatEndsWithinAFrameIsCorrupt(Format format) {
        byte[] whole = format.encode("abcd");
        int complete = format == Format.LINES ? 1 : whole.length; // the last line may lack its end
        for (int length = 1; length < complete; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            String end = "the stream ended at byte " + length + ", within frame 0, which begins at byte 0,";
            StepVerifier.create(format.frames.decodeWhole(Chunks.of(part)))
                    .verifyErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(CorruptStreamException.class)
                            .hasMessage(end));
            StepVerifier.create(texts(format.frames.decode(Chunks.of(part)))).verifyErrorMessage(end);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theLimitIsExact(Format format) {
        Frames five = format.frames.maxFrameBytes(5);
        for (byte[] wire : List.of(format.encode("12345"), format.encode("1", "12345", ""))) {
            assertThat(five.decodeWhole(Chunks.of(wire)).count().block()).isNotNull();
            assertThat(texts(five.decode(Chunks.of(wire))).count().block()).isNotNull();
        }
        byte[] tooLong = format.encode("12", "123456");
        StepVerifier.create(five.decodeWhole(Chunks.of(tooLong)))
                .expectNextCount(1)
                .verifyErrorSatisfies(ex -> {
                    assertThat(ex).isInstanceOf(LimitExceededException.class);
                    assertThat(ex)
                            .hasMessageContaining("frame 1, which begins at byte")
                            .hasMessageEndingWith("has at least 6 bytes (maxFrameBytes is 5)");
                });
        StepVerifier.create(texts(five.decode(Chunks.of(tooLong))))
                .expectNext("12")
                .verifyError(LimitExceededException.class);
        StepVerifier.create(five.encode(Flux.just(Chunks.of(ascii("123"), ascii("456"))))
                        .last())
                .verifyErrorMessage("the message has at least 6 bytes (maxFrameBytes is 5)");
        StepVerifier.create(five.encodeWhole(Flux.just(ByteBuffer.wrap(ascii("123456"))))
                        .last())
                .verifyErrorMessage("the message has at least 6 bytes (maxFrameBytes is 5)");
        assertThat(five.encodeWhole(Flux.just(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5})))
                        .count()
                        .block())
                .isPositive();
        StepVerifier.create(format.frames.maxFrameBytes(0).decodeWhole(Chunks.of(format.encode("", ""))))
                .expectNextCount(2)
                .verifyComplete();
    }

    @Test
    void aLengthIsUnsigned() {
        byte[] all = new byte[200];
        assertThat(Frames.lengthPrefix(1)
                        .decodeWhole(Chunks.of(new byte[] {(byte) 200}, all))
                        .blockFirst()
                        .remaining())
                .isEqualTo(200);
        StepVerifier.create(Frames.lengthPrefix(8)
                        .maxFrameBytes(Long.MAX_VALUE)
                        .decode(Chunks.of(HexFormat.of().parseHex("ffffffffffffffff"))))
                .verifyErrorMessage("frame 0, which begins at byte 0, has at least 18446744073709551615 bytes"
                        + " (maxFrameBytes is 9223372036854775807)");
        StepVerifier.create(
                        Frames.lengthPrefix(4).decode(Chunks.of(HexFormat.of().parseHex("80000000"))))
                .verifyErrorMessage("frame 0, which begins at byte 0, has at least 2147483648 bytes"
                        + " (maxFrameBytes is 16777216)");
    }

    @Test
    void aLengthThatDoesNotFitItsWidthIsRefused() {
        StepVerifier.create(Frames.lengthPrefix(1).encodeWhole(Flux.just(ByteBuffer.allocate(256))))
                .verifyErrorMessage("the message has at least 256 bytes (maxFrameBytes is 255)");
        byte[] body = new byte[600];
        Frames chunked = Frames.chunked(1, ByteOrder.BIG_ENDIAN);
        List<Integer> sizes = chunked.encodeWhole(Flux.just(ByteBuffer.wrap(body)))
                .map(ByteBuffer::remaining)
                .collectList()
                .block();
        assertThat(sizes).containsExactly(1, 255, 1, 255, 1, 90, 1);
    }

    @Test
    void varintsHaveAtMost64Bits() {
        byte[] longest = HexFormat.of().parseHex("80808080808080808000");
        assertThat(Frames.varintPrefix().decodeWhole(Chunks.of(longest)).count().block())
                .isEqualTo(1);
        for (String tooLong : List.of("0000ffffffffffffffffff7f", "000080808080808080808080")) {
            StepVerifier.create(Frames.varintPrefix()
                            .decodeWhole(Chunks.of(HexFormat.of().parseHex(tooLong)))
                            .last())
                    .verifyErrorMessage(
                            "a length of more than 64 bits at byte 11, in frame 2, which begins at byte 2,");
        }
        byte[] body = new byte[300];
        assertThat(Chunks.join(Frames.varintPrefix().encodeWhole(Flux.just(ByteBuffer.wrap(body))), 400)
                        .block())
                .startsWith(0xac, 0x02)
                .hasSize(302);
    }

    @Test
    void linesEndWithLfOrCrLfOrTheStream() {
        StageCheck.deserializerOfMany(bytes -> Frames.lines().decodeWhole(bytes).map(FramesTest::text))
                .sample(ascii("a\r\nb\nc"), List.of("a", "b", "c"))
                .sample(ascii("\r\n\n\r\n"), List.of("", "", ""))
                .sample(ascii("a\rb\r\r\n\r"), List.of("a\rb\r", "\r"))
                .completesWithLast()
                .verify();
        StageCheck.deserializerOfMany(bytes -> texts(Frames.lines().decode(bytes)))
                .sample(ascii("a\r\nb\nc"), List.of("a", "b", "c"))
                .sample(ascii("a\rb\r\r\n\r"), List.of("a\rb\r", "\r"))
                .verify();
    }

    @Test
    void refusesAMessageThatWouldBeCutElsewhere() {
        Frames doubled = Frames.delimiter(ascii("aa"));
        StepVerifier.create(doubled.encode(Flux.just(Chunks.of(ascii("xyza"), ascii("ab"))))
                        .last())
                .verifyErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("a message of at least 4 bytes has its delimiter at byte 3"));
        StepVerifier.create(doubled.encodeWhole(Flux.just(ByteBuffer.wrap(ascii("xa"))))
                        .last())
                .verifyErrorMessage("a message of at least 2 bytes has the beginning of its delimiter at its end");
        StepVerifier.create(Frames.lines()
                        .encodeWhole(Flux.just(ByteBuffer.wrap(ascii("x\r"))))
                        .last())
                .verifyErrorMessage("a message of at least 2 bytes has a CR at its end, which would be read as a part"
                        + " of the line's end");
        StepVerifier.create(Frames.lines()
                        .encodeWhole(Flux.just(ByteBuffer.wrap(ascii("x\ny"))))
                        .last())
                .verifyErrorMessage("a message of at least 0 bytes has its delimiter at byte 1");
    }

    @Test
    void findsDelimitersThatOverlapThemselves() {
        for (String delimiter : List.of("a", "aab", "abab", "ababc", "aaa")) {
            byte[] wire = ascii("aababaababcaaabaaaaaabab" + delimiter);
            List<String> expected = new ArrayList<>();
            String rest = new String(wire, StandardCharsets.US_ASCII);
            for (int at = rest.indexOf(delimiter); at >= 0; at = rest.indexOf(delimiter)) {
                expected.add(rest.substring(0, at));
                rest = rest.substring(at + delimiter.length());
            }
            StageCheck<byte[], List<String>> check = StageCheck.deserializerOfMany(
                    bytes -> texts(Frames.delimiter(ascii(delimiter)).decode(bytes)));
            check = rest.isEmpty() ? check.sample(wire, expected) : check.invalid(wire, CorruptStreamException.class);
            check.verify();
        }
    }

    @Test
    void framesAreSlicesAsTheyArrive() {
        ByteBuffer first = ByteBuffer.allocateDirect(6).put(3, (byte) 5);
        ByteBuffer second = ByteBuffer.allocateDirect(3);
        List<ByteBuffer> parts = Frames.lengthPrefix(4)
                .decode(Flux.just(first, second))
                .concatMap(frame -> frame)
                .collectList()
                .block();
        assertThat(parts).extracting(ByteBuffer::remaining).containsExactly(2, 3);
        assertThat(parts).allMatch(ByteBuffer::isDirect);
        ByteBuffer whole = ByteBuffer.allocateDirect(9).put(3, (byte) 5);
        assertThat(Frames.lengthPrefix(4)
                        .decodeWhole(Flux.just(whole))
                        .blockFirst()
                        .isDirect())
                .isTrue();
        ByteBuffer message = ByteBuffer.allocate(7);
        assertThat(Frames.lengthPrefix(4).encode(Flux.just(Flux.just(message))).blockLast())
                .isSameAs(message);
    }

    @Test
    void holdsBackNoMoreThanMayBeADelimiter() {
        List<String> parts = Frames.delimiter(ascii("--!-"))
                .decode(Chunks.of(ascii("ab--"), ascii("c-"), ascii("-"), ascii("!-d--!-")))
                .concatMap(frame -> frame.map(FramesTest::text))
                .collectList()
                .block();
        assertThat(parts).containsExactly("ab", "--", "c", "d");
    }

    @Test
    void decodersAndEncodersKeepTheContractOfTranscoders() {
        byte[] delimiter = ascii("--!-");
        List<Supplier<Transcoder<ByteBuffer, FramePart>>> decoders = List.of(
                () -> new LengthDecoder(LengthHead.VARINT, false, 99),
                () -> new LengthDecoder(LengthHead.VARINT, true, 99),
                () -> new DelimiterDecoder(delimiter, 99),
                () -> new LineDecoder(99));
        List<byte[]> wires =
                List.of(Format.VARINT.wire, Format.CHUNKED.wire, Format.DELIMITER_4.wire, ascii("a\r\n\nbcd"));
        for (int i = 0; i < decoders.size(); i++) {
            Supplier<Transcoder<ByteBuffer, FramePart>> decoder = decoders.get(i);
            TranscoderProbe<ByteBuffer, FramePart> probe = TranscoderProbe.of(decoder);
            TranscoderProbe<ByteBuffer, FramePart> whole = TranscoderProbe.of(() -> new WholeFrames(decoder.get()));
            for (int cut = 1; cut <= wires.get(i).length; cut++) {
                Flux<ByteBuffer> bytes = Chunks.rechunk(cut).apply(Chunks.of(wires.get(i)));
                assertThat(Transcoders.transcode(bytes, probe)
                                .limitRate(1)
                                .filter(FramePart::last)
                                .count()
                                .block())
                        .isEqualTo(3);
                assertThat(Transcoders.transcode(bytes, whole)
                                .limitRate(1)
                                .count()
                                .block())
                        .isEqualTo(3);
                Transcoders.transcode(bytes, probe).blockFirst();
                probe.verify();
                whole.verify();
            }
        }
        byte[] message = ascii("abc");
        StageCheck.transcoder(() -> new LengthEncoder(LengthHead.VARINT, 99))
                .sample(message, ascii("\u0003abc"))
                .completesWithLast()
                .verify();
        StageCheck.transcoder(() -> new DelimiterEncoder(delimiter, false, 99))
                .sample(message, ascii("abc--!-"))
                .completesWithLast()
                .verify();
        Stage encode = bytes -> Frames.chunked().encode(Flux.just(bytes));
        Stage decode = bytes -> Frames.chunked().decode(bytes).concatMap(frame -> frame);
        StageCheck.roundTrip(encode, decode, message, ascii(LONG), new byte[0]).verify();
    }

    @Test
    void takesTheErrorOfAMessage() {
        Flux<Flux<ByteBuffer>> messages =
                Flux.just(Chunks.of(new byte[1]), Flux.error(new IllegalStateException("message")));
        StepVerifier.create(Frames.chunked().encode(messages))
                .expectNextCount(3)
                .verifyErrorMessage("message");
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Frames.lengthPrefix(3)).hasMessage("a length has 1, 2, 4 or 8 bytes, not 3");
        assertThatThrownBy(() -> Frames.delimiter(new byte[0])).hasMessage("a delimiter has at least 1 byte");
        assertThatThrownBy(() -> Frames.lines().maxFrameBytes(-1))
                .hasMessage("maxFrameBytes must be at least 0, was -1");
    }
}
