/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads UTF-8 as strings. A decoder of the JDK reports what is malformed, but does not keep a cut character. */
final class Utf8Decoding implements Transcoder<ByteBuffer, String> {

    private static final int CHUNK = 8192;
    private static final int LONGEST = 4;

    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();

    /** The first bytes of a character that the end of a buffer cut. */
    private final ByteBuffer cut = ByteBuffer.allocate(LONGEST);

    private @Nullable ByteBuffer in;

    /** The offset in the message of what was not yet decoded. */
    private long offset;

    private boolean ended;

    @Override
    public void feed(ByteBuffer input) {
        in = input.duplicate();
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable String poll() {
        ByteBuffer bytes = in;
        if (bytes != null) {
            // There are no more chars than bytes, but a character of four bytes needs room for both of its chars.
            CharBuffer out = CharBuffer.allocate(Math.max(2, Math.min(CHUNK, cut.position() + bytes.remaining())));
            if (cut.position() == 0 || decodeCut(bytes, out)) {
                decodeRest(bytes, out);
            }
            if (out.position() > 0) {
                return out.flip().toString();
            }
        }
        if (ended && cut.position() > 0) {
            throw malformed(cut.flip(), "a character is cut by the end of the message");
        }
        return null;
    }

    /** Completes the cut character from the next bytes; false if they are too few. */
    private boolean decodeCut(ByteBuffer bytes, CharBuffer out) {
        int before = cut.position();
        int more = Math.min(cut.remaining(), bytes.remaining());
        cut.put(bytes.slice(bytes.position(), more)).flip();
        decode(cut, out);
        int used = cut.position();
        if (used == 0) { // four bytes would have decided
            cut.position(cut.limit()).limit(LONGEST);
            in = null;
            return false;
        }
        cut.clear();
        bytes.position(bytes.position() + used - before);
        return true;
    }

    private void decodeRest(ByteBuffer bytes, CharBuffer out) {
        if (decode(bytes, out).isUnderflow()) {
            cut.put(bytes); // at most three bytes
            in = null;
        }
    }

    private CoderResult decode(ByteBuffer bytes, CharBuffer out) {
        int start = bytes.position();
        CoderResult result = decoder.decode(bytes, out, false);
        offset += bytes.position() - start;
        if (result.isError()) {
            throw malformed(bytes.slice(bytes.position(), result.length()), "not UTF-8");
        }
        return result;
    }

    private CorruptStreamException malformed(ByteBuffer bytes, String what) {
        return new CorruptStreamException(what + ": 0x" + Utf8Lines.hex(bytes) + " at byte " + offset);
    }

    @Override
    public boolean isFinished() {
        return ended && in == null && cut.position() == 0;
    }
}
