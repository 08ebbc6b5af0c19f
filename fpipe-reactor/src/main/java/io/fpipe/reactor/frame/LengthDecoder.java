/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Finds frames by their lengths; a chunked frame is a row of lengths and bytes that a length of zero ends. */
final class LengthDecoder implements Transcoder<ByteBuffer, FramePart> {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final boolean chunked;
    private final FrameMeter meter;
    private final LengthHead.Reader head;

    private ByteBuffer in = NOTHING;
    private long left;
    private boolean inFrame;
    private boolean ended;

    LengthDecoder(LengthHead head, boolean chunked, long maxFrameBytes) {
        this.chunked = chunked;
        this.meter = new FrameMeter(maxFrameBytes);
        this.head = new LengthHead.Reader(head, meter);
    }

    @Override
    public void feed(ByteBuffer input) {
        in = input.duplicate();
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable FramePart poll() {
        if (left == 0) {
            if (!head.read(in)) {
                inFrame |= head.isWithin();
                return nothing();
            }
            inFrame = true;
            left = head.value();
            if (left == 0) {
                return endFrame(FramePart.end());
            }
            meter.content(left);
        }
        if (!in.hasRemaining()) {
            return nothing();
        }
        int take = (int) Math.min(left, in.remaining());
        ByteBuffer bytes = in.slice(in.position(), take);
        in.position(in.position() + take);
        meter.read(take);
        left -= take;
        return left == 0 && !chunked ? endFrame(new FramePart(bytes, true)) : new FramePart(bytes, false);
    }

    private FramePart endFrame(FramePart part) {
        inFrame = false;
        meter.next();
        return part;
    }

    private @Nullable FramePart nothing() {
        in = NOTHING; // do not keep the input
        if (ended && inFrame) {
            throw meter.truncated();
        }
        return null;
    }

    @Override
    public boolean isFinished() {
        return ended && !inFrame && !in.hasRemaining();
    }
}
