/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Finds lines, which end with LF or CR LF; a CR at the end of a buffer is held back. */
final class LineDecoder implements Transcoder<ByteBuffer, FramePart> {

    private final FrameMeter meter;

    private @Nullable ByteBuffer in;
    private int start;
    private boolean heldCr;
    private boolean ended;

    LineDecoder(long maxFrameBytes) {
        this.meter = new FrameMeter(maxFrameBytes);
    }

    @Override
    public void feed(ByteBuffer input) {
        in = input.hasRemaining() ? input : null;
        start = input.position();
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable FramePart poll() {
        ByteBuffer buffer = in;
        if (buffer == null) {
            return ended ? lastLine() : null;
        }
        if (heldCr) {
            heldCr = false;
            if (buffer.get(start) != '\n') {
                return part(cr(), false);
            }
        }
        int end = start;
        while (end < buffer.limit() && buffer.get(end) != '\n') {
            end++;
        }
        boolean found = end < buffer.limit();
        boolean cr = end > start && buffer.get(end - 1) == '\r';
        int contentEnd = cr ? end - 1 : end;
        ByteBuffer bytes = buffer.slice(start, contentEnd - start);
        int next = found ? end + 1 : end;
        meter.read(next - start);
        start = next;
        if (next == buffer.limit()) {
            in = null;
        }
        heldCr = cr && !found;
        if (found || bytes.hasRemaining()) {
            return part(bytes, found);
        }
        return ended ? lastLine() : null;
    }

    /** The last line may lack its end. */
    private @Nullable FramePart lastLine() {
        if (heldCr) {
            heldCr = false;
            return part(cr(), true);
        }
        if (meter.length() > 0) {
            return part(FramePart.end().bytes(), true);
        }
        return null;
    }

    private FramePart part(ByteBuffer bytes, boolean last) {
        meter.content(bytes.remaining());
        if (last) {
            meter.next();
        }
        return new FramePart(bytes, last);
    }

    private static ByteBuffer cr() {
        return ByteBuffer.wrap(new byte[] {'\r'});
    }

    @Override
    public boolean isFinished() {
        return ended && in == null && !heldCr && meter.length() == 0;
    }
}
