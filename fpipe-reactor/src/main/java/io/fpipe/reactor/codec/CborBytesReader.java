/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Takes the content out of a byte string that is a whole message, as slices of the input. */
final class CborBytesReader implements Transcoder<ByteBuffer, ByteBuffer> {

    private final CborLimits limits;
    private final CborWindow window = new CborWindow();

    /** Bytes that are missing of the string or its piece. */
    private long left;

    private boolean inPieces;
    private boolean closed;
    private boolean ended;

    CborBytesReader(CborLimits limits) {
        this.limits = limits;
    }

    @Override
    public void feed(ByteBuffer input) {
        window.feed(input);
        long end = window.place() + input.remaining();
        if (end > limits.maxBytes) {
            throw new LimitExceededException(
                    "maxBytes", limits.maxBytes, "a CBOR message of " + end + " bytes or more");
        }
    }

    @Override
    public @Nullable ByteBuffer poll() {
        while (window.hasInput()) {
            if (closed && left == 0) {
                throw new CorruptStreamException("trailing bytes after the CBOR value, from byte " + window.place());
            } else if (left > 0) {
                window.giveBack();
                ByteBuffer slice = window.slice(left);
                left -= slice.remaining();
                return slice;
            } else if ((window.remaining() > 0 || window.open()) && window.hasHead()) {
                takeHead();
            }
        }
        if (ended && !isFinished()) {
            throw new CorruptStreamException(
                    window.place() == 0
                            ? "the message is empty, a CBOR data item has at least one byte"
                            : "CBOR message truncated at byte " + window.place() + ": a byte string is not complete");
        }
        return null;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public boolean isFinished() {
        return closed && left == 0 && !window.hasInput();
    }

    private void takeHead() {
        long at = window.offset();
        int initial = window.next();
        int info = initial & 0x1f;
        if (initial == CborMajor.BREAK && inPieces) {
            closed = true;
            return;
        }
        long argument = window.argument(info);
        if (initial >>> 5 == CborMajor.TAG && !inPieces && argument == CborTags.SELF_DESCRIBED) {
            return;
        } else if (initial >>> 5 != CborMajor.BYTES || (inPieces && info == CborMajor.INDEFINITE)) {
            throw new CorruptStreamException(
                    "no CBOR byte string but an item of major type " + (initial >>> 5) + " at byte " + at);
        } else if (info == CborMajor.INDEFINITE) {
            inPieces = true;
            return;
        } else if (argument < 0) {
            throw new LimitExceededException(
                    "maxBytes",
                    limits.maxBytes,
                    "a CBOR byte string of " + Long.toUnsignedString(argument) + " bytes at byte " + at);
        }
        left = argument;
        closed = !inPieces;
    }
}
