/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;

/** Knows where in a stream of frames a decoder or an encoder is: for the limit and for errors. */
final class FrameMeter {

    private final long maxFrameBytes;

    private long offset;
    private long frame;
    private long start;
    private long length;

    FrameMeter(long maxFrameBytes) {
        this.maxFrameBytes = maxFrameBytes;
    }

    /** Counts bytes of the stream that were read, whatever they mean. */
    void read(long bytes) {
        offset += bytes;
    }

    /**
     * Counts bytes of the frame's content, which may be announced only; as unsigned, so that a negative one is large.
     */
    void content(long bytes) {
        if (Long.compareUnsigned(bytes, maxFrameBytes - length) > 0) {
            throw new LimitExceededException(
                    "maxFrameBytes",
                    maxFrameBytes,
                    this + " has at least " + Long.toUnsignedString(length + bytes) + " bytes");
        }
        length += bytes;
    }

    /** The content's bytes that were counted. */
    long length() {
        return length;
    }

    /** Ends a frame. */
    void next() {
        frame++;
        start = offset;
        length = 0;
    }

    CorruptStreamException truncated() {
        return new CorruptStreamException("the stream ended at byte " + offset + ", within " + this);
    }

    CorruptStreamException corrupt(String what) {
        return new CorruptStreamException(what + " at byte " + offset + ", in " + this);
    }

    @Override
    public String toString() {
        return "frame " + frame + ", which begins at byte " + start + ",";
    }
}
