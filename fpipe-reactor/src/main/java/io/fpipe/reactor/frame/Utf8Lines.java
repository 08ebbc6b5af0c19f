/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.CorruptStreamException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Reads or writes the lines of one message, each whole, and counts them. */
final class Utf8Lines {

    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    private final CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();

    private long lines;

    String decode(ByteBuffer line) {
        lines++;
        ByteBuffer bytes = line.duplicate();
        CharBuffer out = CharBuffer.allocate(bytes.remaining());
        CoderResult result = decoder.reset().decode(bytes, out, true);
        if (result.isError()) {
            ByteBuffer wrong = bytes.slice(bytes.position(), result.length());
            throw new CorruptStreamException("line " + lines + " is not UTF-8: 0x" + hex(wrong) + " at its byte "
                    + (bytes.position() - line.position()));
        }
        return out.flip().toString();
    }

    ByteBuffer encode(String line) {
        lines++;
        try {
            return encoder.encode(CharBuffer.wrap(line));
        } catch (CharacterCodingException ex) {
            throw new IllegalArgumentException("line " + lines + " has a surrogate without its other half", ex);
        }
    }

    static String hex(ByteBuffer bytes) {
        byte[] array = new byte[bytes.remaining()];
        bytes.duplicate().get(array);
        return HexFormat.of().formatHex(array);
    }
}
