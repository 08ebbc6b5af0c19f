/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.Transcoders;
import java.util.Base64;
import reactor.core.publisher.Flux;

/**
 * Text as bytes, in UTF-8, and bytes as text, in base64. All request one input at a time, cancel the source when they
 * are cancelled, and pass its error on.
 */
public final class Texts {

    private static final int DEFAULT_MAX_LINE_BYTES = 1 << 20;

    private Texts() {}

    /**
     * Writes a text that comes in pieces as UTF-8.
     * <ul>
     * <li>Emits: buffers of at most 8 KiB. A surrogate pair may be divided between two pieces.</li>
     * <li>Completes: when the pieces do, together with the last buffer.</li>
     * <li>Fails: {@link IllegalArgumentException} for a surrogate without its other half.</li>
     * </ul>
     *
     * @return the serializer
     */
    public static Serializer<Flux<String>> serializer() {
        return text -> Transcoders.transcode(text, Utf8Encoding::new);
    }

    /**
     * Reads UTF-8 as a text in pieces, as its bytes arrive.
     * <ul>
     * <li>Emits: strings of at most 8192 chars, never an empty one; no surrogate pair is divided. A character that is
     * cut by the end of a buffer is held back.</li>
     * <li>Completes: when the message does, together with the last string.</li>
     * <li>Fails: {@link io.fpipe.reactor.CorruptStreamException} with the offset for what is no UTF-8 (RFC 3629), a cut
     * character at the end of the message included.</li>
     * </ul>
     *
     * @return the deserializer
     */
    public static FluxDeserializer<String> deserializer() {
        return message -> Transcoders.transcode(message, Utf8Decoding::new);
    }

    /**
     * Writes lines as UTF-8, each with an LF at its end.
     * <ul>
     * <li>Emits: a buffer for each line and one for its end; {@link io.fpipe.reactor.Chunks#coalesce} gathers
     * them.</li>
     * <li>Completes: when the lines do.</li>
     * <li>Fails: {@link IllegalArgumentException} for a line with an LF in it, a CR at its end, or a surrogate without
     * its other half; {@link io.fpipe.reactor.LimitExceededException} for a line of more than 16 MiB.</li>
     * </ul>
     *
     * @return the serializer
     */
    public static Serializer<Flux<String>> lineSerializer() {
        return lines -> Frames.lines()
                .encodeWhole(Flux.defer(() -> lines.map(new Utf8Lines()::encode).onErrorStop()));
    }

    /**
     * Reads lines of UTF-8, as {@link #lineDeserializer(int)} does, of at most 1 MiB each.
     *
     * @return the deserializer
     */
    public static FluxDeserializer<String> lineDeserializer() {
        return lineDeserializer(DEFAULT_MAX_LINE_BYTES);
    }

    /**
     * Reads lines of UTF-8, which end with LF or CR LF, or the last with the message.
     * <ul>
     * <li>Emits: the lines without their ends; an empty line is an empty string.</li>
     * <li>Completes: when the message does, together with the last line.</li>
     * <li>Fails: {@link io.fpipe.reactor.CorruptStreamException} with the number of the line and the offset in it for
     * what is no UTF-8; {@link io.fpipe.reactor.LimitExceededException} for a line that is too long.</li>
     * </ul>
     *
     * @param maxLineBytes the most bytes of a line without its end, at least 0
     * @return the deserializer
     */
    public static FluxDeserializer<String> lineDeserializer(int maxLineBytes) {
        Frames frames = Frames.lines().maxFrameBytes(maxLineBytes);
        return message -> Flux.defer(
                () -> frames.decodeWhole(message).map(new Utf8Lines()::decode).onErrorStop());
    }

    /**
     * Writes a message as base64 (RFC 4648, section 4), with padding and without line ends.
     * <ul>
     * <li>Emits: a buffer for each of the message's that completes three bytes, four thirds as large.</li>
     * <li>Completes: when the message does, together with the last buffer.</li>
     * </ul>
     *
     * @return the stage
     */
    public static Stage base64Encode() {
        return Stage.mapBuffers(() -> new Base64Encoding(Base64.getEncoder()));
    }

    /**
     * Reads base64 (RFC 4648, section 4), which must be padded.
     * <ul>
     * <li>Emits: a buffer for each of the message's that completes four characters.</li>
     * <li>Completes: when the message does, together with the last buffer.</li>
     * <li>Fails: {@link io.fpipe.reactor.CorruptStreamException} with the offset for any other character, white space
     * included, an end within four characters, or bits that would be lost.</li>
     * </ul>
     *
     * @return the stage
     */
    public static Stage base64Decode() {
        return Stage.mapBuffers(() -> new Base64Decoding(Base64Decoding.BASIC, true));
    }

    /**
     * Writes a message as base64 that is safe in URLs and file names (RFC 4648, section 5), without padding; otherwise
     * as {@link #base64Encode()}.
     *
     * @return the stage
     */
    public static Stage base64UrlEncode() {
        return Stage.mapBuffers(() -> new Base64Encoding(Base64.getUrlEncoder().withoutPadding()));
    }

    /**
     * Reads base64 that is safe in URLs and file names (RFC 4648, section 5), padded or not; otherwise as
     * {@link #base64Decode()}.
     *
     * @return the stage
     */
    public static Stage base64UrlDecode() {
        return Stage.mapBuffers(() -> new Base64Decoding(Base64Decoding.URL, false));
    }
}
