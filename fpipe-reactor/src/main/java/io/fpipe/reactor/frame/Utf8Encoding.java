/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Writes strings as UTF-8. An encoder of the JDK does not keep the first half of a pair, which a string may end with.
 */
final class Utf8Encoding implements Transcoder<String, ByteBuffer> {

    private static final int CHUNK = 8192;
    private static final int LONGEST = 4;

    private final CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();

    private String half = "";
    private @Nullable CharBuffer in;
    private long offset;
    private boolean ended;

    @Override
    public void feed(String input) {
        in = CharBuffer.wrap(half.isEmpty() ? input : half + input);
        half = "";
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        CharBuffer chars = in;
        if (chars != null) {
            ByteBuffer out = ByteBuffer.allocate((int) Math.min(CHUNK, LONGEST + 3L * chars.remaining()));
            int start = chars.position();
            CoderResult result = encoder.encode(chars, out, false);
            offset += chars.position() - start;
            if (result.isError()) {
                throw unpaired(chars.get(chars.position()));
            }
            if (result.isUnderflow()) {
                half = chars.toString();
                in = null;
            }
            if (out.position() > 0) {
                return out.flip();
            }
        }
        if (ended && !half.isEmpty()) {
            throw unpaired(half.charAt(0));
        }
        return null;
    }

    private IllegalArgumentException unpaired(char surrogate) {
        return new IllegalArgumentException("char " + offset + " of the text is a surrogate without its other half: U+"
                + Integer.toHexString(surrogate));
    }

    @Override
    public boolean isFinished() {
        return ended && in == null && half.isEmpty();
    }
}
