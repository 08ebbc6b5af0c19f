/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds frames by the delimiter that ends each. Bytes at the end of a buffer that may begin a delimiter are held back;
 * they need no copy, because they are the first bytes of the delimiter.
 */
final class DelimiterDecoder implements Transcoder<ByteBuffer, FramePart> {

    private final DelimiterMatcher matcher;
    private final FrameMeter meter;

    private @Nullable ByteBuffer in;

    /** The first byte in {@code in} that was not handed out, and the first that was not searched. */
    private int start;

    private int searched;
    private boolean found;

    /** The bytes before {@code in} that are held back. */
    private int held;

    private boolean ended;

    DelimiterDecoder(byte[] delimiter, long maxFrameBytes) {
        this.matcher = new DelimiterMatcher(delimiter);
        this.meter = new FrameMeter(maxFrameBytes);
    }

    @Override
    public void feed(ByteBuffer input) {
        in = input;
        start = input.position();
        searched = start;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable FramePart poll() {
        ByteBuffer buffer = in;
        if (buffer == null) {
            return nothing();
        }
        if (!found) {
            search(buffer);
        }
        int contentEnd = searched - (found ? matcher.length() : matcher.matched());
        int released = Math.min(held, held + contentEnd - start);
        if (released > 0) {
            held -= released;
            return part(matcher.prefix(released), found && contentEnd <= start);
        }
        if (contentEnd > start) {
            ByteBuffer bytes = buffer.slice(start, contentEnd - start);
            start = contentEnd;
            return part(bytes, found);
        }
        if (found) {
            return endFrame(FramePart.end());
        }
        held = matcher.matched();
        in = null;
        return nothing();
    }

    private @Nullable FramePart nothing() {
        if (ended && isInFrame()) {
            throw meter.truncated();
        }
        return null;
    }

    private void search(ByteBuffer buffer) {
        int end = matcher.find(buffer, searched);
        found = end >= 0;
        int to = found ? end : buffer.limit();
        meter.read(to - searched);
        searched = to;
    }

    private FramePart part(ByteBuffer bytes, boolean last) {
        meter.content(bytes.remaining());
        FramePart part = new FramePart(bytes, last);
        return last ? endFrame(part) : part;
    }

    private FramePart endFrame(FramePart part) {
        meter.next();
        found = false;
        held = 0;
        start = searched;
        if (in != null && start == in.limit()) {
            in = null; // known at once that nothing is left
        }
        return part;
    }

    private boolean isInFrame() {
        return meter.length() > 0 || held > 0;
    }

    @Override
    public boolean isFinished() {
        return ended && in == null && !isInFrame();
    }
}
