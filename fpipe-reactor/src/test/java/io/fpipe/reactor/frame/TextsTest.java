/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.Transcoders;
import io.fpipe.reactor.test.StageCheck;
import io.fpipe.reactor.test.TranscoderProbe;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class TextsTest {

    private static final byte[] NONE = {};

    /** Characters of one, two, three and four bytes. */
    private static final String MIXED = "a\u00e9\u20ac\ud83d\ude00z\udbff\udfff";

    private static final String LONG = MIXED.repeat(3000);

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static Flux<String> decode(byte[]... arrays) {
        return Texts.deserializer().deserialize(Chunks.of(arrays));
    }

    @Test
    void decodesUtf8OverAnyCut() {
        StageCheck.deserializer(message -> Texts.deserializer()
                        .deserialize(message)
                        .collect(StringBuilder::new, StringBuilder::append)
                        .map(StringBuilder::toString))
                .sample(utf8(MIXED), MIXED)
                .sample(utf8(LONG), LONG)
                .sample(NONE, "")
                .verify();
        StageCheck.deserializerOfMany(Texts.deserializer())
                .equality((a, b) -> String.join("", a).equals(String.join("", b)))
                .sample(utf8(MIXED), List.of(MIXED))
                .sample(utf8("x"), List.of("x"))
                .completesWithLast()
                .verify();
    }

    @Test
    void stringsAreShortAndDivideNoPair() {
        byte[] pairs = utf8("x" + "\ud83d\ude00".repeat(10_000));
        List<String> strings = decode(pairs).collectList().block();
        assertThat(strings).allSatisfy(string -> {
            assertThat(string.length()).isBetween(1, 8192);
            assertThat(Character.isHighSurrogate(string.charAt(string.length() - 1)))
                    .isFalse();
        });
        assertThat(String.join("", strings)).isEqualTo(new String(pairs, StandardCharsets.UTF_8));
    }

    @Test
    void malformedUtf8IsCorruptAndSaysWhere() {
        StepVerifier.create(decode(hex("6161"), hex("61ff61")))
                .expectNext("aa")
                .verifyErrorMessage("not UTF-8: 0xff at byte 3");
        StepVerifier.create(decode(hex("61e2"), hex("82"), hex("41")))
                .expectNext("a")
                .verifyErrorMessage("not UTF-8: 0xe282 at byte 1");
        StepVerifier.create(decode(hex("61e2"), hex("82")))
                .expectNext("a")
                .verifyErrorMessage("a character is cut by the end of the message: 0xe282 at byte 1");
        // overlong, a surrogate, above U+10FFFF, a lonely continuation
        StageCheck<byte[], List<String>> check = StageCheck.deserializerOfMany(Texts.deserializer());
        for (String wrong : List.of("61c080", "61eda080", "61f4908080", "6180", "61f0", "61f09f98")) {
            check = check.invalid(hex(wrong), CorruptStreamException.class);
        }
        check.verify();
    }

    @Test
    void encodesUtf8() {
        StageCheck.<String>serializer(Texts.serializer().contramap(Flux::just))
                .sample(MIXED, utf8(MIXED))
                .sample(LONG, utf8(LONG))
                .sample("", NONE)
                .completesWithLast()
                .verify();
        StageCheck.<String>serializer(Texts.serializer()
                        .contramap(text -> Flux.range(0, text.length()).map(i -> text.substring(i, i + 1))))
                .sample(MIXED, utf8(MIXED))
                .completesWithLast()
                .verify();
    }

    @Test
    void refusesASurrogateWithoutItsOtherHalf() {
        for (List<String> text : List.of(
                List.of("ab\ud83d"),
                List.of("ab\ud83dc"),
                List.of("a", "b\ud83d", "c"),
                List.of("ab\ude00"),
                List.of("ab\ud83d", ""))) {
            StepVerifier.create(Texts.serializer()
                            .serialize(Flux.fromIterable(text))
                            .then())
                    .verifyErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageStartingWith("char 2 of the text is a surrogate without its other half: U+d"));
        }
    }

    @Test
    void transcodersKeepTheirContract() {
        TranscoderProbe<ByteBuffer, String> decoding = TranscoderProbe.of(Utf8Decoding::new);
        TranscoderProbe<String, ByteBuffer> encoding = TranscoderProbe.of(Utf8Encoding::new);
        for (int size = 1; size <= 16; size++) {
            Flux<ByteBuffer> cut = Chunks.rechunk(size).apply(Chunks.of(utf8(MIXED)));
            Flux<String> text = Transcoders.transcode(cut, decoding).limitRate(1);
            assertThat(Chunks.join(Transcoders.transcode(text, encoding), 99).block())
                    .isEqualTo(utf8(MIXED));
            Transcoders.transcode(Transcoders.transcode(cut, decoding), encoding)
                    .blockFirst();
            decoding.verify();
            encoding.verify();
        }
    }

    @Test
    void readsAndWritesLines() {
        List<String> lines = List.of(MIXED, "", "c");
        StageCheck.deserializerOfMany(Texts.lineDeserializer())
                .sample(utf8(MIXED + "\r\n\nc"), lines)
                .sample(NONE, List.of())
                .completesWithLast()
                .verify();
        StageCheck.<List<String>>serializer(Texts.lineSerializer().contramap(Flux::fromIterable))
                .sample(lines, utf8(MIXED + "\n\nc\n"))
                .sample(List.of(), NONE)
                .completesWithLast()
                .verify();
    }

    @Test
    void aLineThatIsWrongSaysWhichItIs() {
        StepVerifier.create(Texts.lineDeserializer().deserialize(Chunks.of(hex("610a62ff0a"))))
                .expectNext("a")
                .verifyErrorMessage("line 2 is not UTF-8: 0xff at its byte 1");
        StepVerifier.create(Texts.lineDeserializer(3).deserialize(Chunks.of(utf8("abc\nabcd\n"))))
                .expectNext("abc")
                .verifyError(LimitExceededException.class);
        StepVerifier.create(Texts.lineDeserializer().deserialize(Chunks.of(hex("610ae2"))))
                .expectNext("a")
                .verifyErrorMessage("line 2 is not UTF-8: 0xe2 at its byte 0");
        StepVerifier.create(Texts.lineSerializer().serialize(Flux.just("a", "\ud83d")))
                .expectNextCount(2)
                .verifyErrorMessage("line 2 has a surrogate without its other half");
    }

    @Test
    void base64GoesThereAndBack() {
        Base64.Encoder url = Base64.getUrlEncoder().withoutPadding();
        StageCheck<byte[], byte[]> basicCheck = StageCheck.stage(Texts.base64Encode());
        StageCheck<byte[], byte[]> urlCheck = StageCheck.stage(Texts.base64UrlEncode());
        for (int length : new int[] {0, 1, 2, 3, 4, 5, 100}) {
            basicCheck = basicCheck.sample(bytes(length), Base64.getEncoder().encode(bytes(length)));
            urlCheck = urlCheck.sample(bytes(length), url.encode(bytes(length)));
        }
        basicCheck.completesWithLast().verify();
        urlCheck.completesWithLast().verify();
        byte[][] samples = {NONE, bytes(1), bytes(2), bytes(3), bytes(4), bytes(3000)};
        StageCheck.roundTrip(Texts.base64Encode(), Texts.base64Decode(), samples)
                .completesWithLast()
                .verify();
        StageCheck.roundTrip(Texts.base64UrlEncode(), Texts.base64UrlDecode(), samples)
                .completesWithLast()
                .verify();
        StageCheck.stage(Texts.base64UrlDecode())
                .sample(utf8("_-8="), new byte[] {-1, -17})
                .sample(utf8("_w=="), new byte[] {-1})
                .verify();
    }

    @Test
    void whatIsNoBase64IsCorruptAndSaysWhere() {
        StageCheck<byte[], byte[]> check = StageCheck.stage(Texts.base64Decode());
        for (String wrong : List.of(
                "Y",
                "YW",
                "YWI",
                "YW=",
                "Y===",
                "====",
                "YQ==YQ==",
                "YQ=a",
                "YR==",
                "YWJ=",
                "YW J",
                "YWJj\n",
                "_-8=",
                "YWJjZA",
                "YWI==",
                "\u00ff\u00ff")) {
            check = check.invalid(wrong.getBytes(StandardCharsets.ISO_8859_1), CorruptStreamException.class);
        }
        check.verify();
        assertErrors(Texts.base64Decode(), "YWJ*", "not a character of base64: 0x2a at byte 3");
        assertErrors(Texts.base64Decode(), "YQ==YQ==", "more after the padding of base64: 0x59 at byte 4");
        assertErrors(
                Texts.base64Decode(),
                "YWJjY===",
                "base64 is padded after 1 of 4 characters and 0 of padding, at byte 5");
        assertErrors(Texts.base64Decode(), "YWI", "base64 ended at byte 3, after 3 of 4 characters");
        assertErrors(Texts.base64Decode(), "YR==", "base64 ended at byte 4 with bits that belong to no byte");
        assertErrors(Texts.base64UrlDecode(), "YWJjY", "base64 ended at byte 5, after 1 of 4 characters");
        assertErrors(Texts.base64UrlDecode(), "YQ=", "base64 ended at byte 3, after 3 of 4 characters");
        assertErrors(Texts.base64UrlDecode(), "YQ/=", "not a character of base64: 0x2f at byte 2");
    }

    private static void assertErrors(Stage stage, String text, String message) {
        StepVerifier.create(stage.apply(Chunks.of(utf8(text))).then())
                .verifyErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(CorruptStreamException.class)
                        .hasMessage(message));
    }
}
