/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Puts a delimiter behind a message, and refuses one that would be cut elsewhere when it is read. */
final class DelimiterEncoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private final DelimiterMatcher matcher;
    private final boolean lines;
    private final ByteLimit limit;

    private @Nullable ByteBuffer in;
    private byte last;
    private boolean ended;
    private boolean finished;

    DelimiterEncoder(byte[] delimiter, boolean lines, long maxFrameBytes) {
        this.matcher = new DelimiterMatcher(delimiter);
        this.lines = lines;
        this.limit = new ByteLimit("maxFrameBytes", maxFrameBytes);
    }

    @Override
    public void feed(ByteBuffer input) {
        if (!input.hasRemaining()) {
            return;
        }
        int end = matcher.find(input, input.position());
        if (end >= 0) {
            throw refusal("its delimiter at byte " + (limit.count() + end - input.position() - matcher.length()));
        }
        limit.add(input.remaining());
        last = input.get(input.limit() - 1);
        in = input;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        ByteBuffer output = in;
        in = null;
        if (output != null || !ended || finished) {
            return output;
        }
        finished = true;
        return delimiter();
    }

    private ByteBuffer delimiter() {
        ByteBuffer delimiter = matcher.prefix(matcher.length());
        if (lines && limit.count() > 0 && last == '\r') {
            throw refusal("a CR at its end, which would be read as a part of the line's end");
        }
        if (matcher.find(delimiter, 0) != matcher.length()) {
            throw refusal("the beginning of its delimiter at its end");
        }
        return delimiter;
    }

    private IllegalArgumentException refusal(String what) {
        return new IllegalArgumentException("a message of at least " + limit.count() + " bytes has " + what);
    }

    @Override
    public boolean isFinished() {
        return finished;
    }
}
