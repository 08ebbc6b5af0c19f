/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;

/** The array that is a whole message, whose elements are read one by one: its head, its end, and what may follow. */
final class CborOuterArray {

    /** The first byte of the head that is being read; below 0 between heads. */
    private int initial = -1;

    private int missing;
    private long argument;

    private boolean open;
    private boolean closed;

    boolean isClosed() {
        return closed;
    }

    /**
     * Tells whether the next byte begins an element; if not, takes it.
     *
     * @param elements those that were read
     */
    boolean expectsElement(CborWindow window, long elements) {
        if (closed) {
            throw new CorruptStreamException("trailing bytes after the CBOR value, from byte " + window.place());
        } else if (!open) {
            takeHead(window);
            return false;
        }
        takeBreak(window);
        if (!closed) {
            closed = !isIndefinite() && elements + 1 == argument; // it is with this one
            return true;
        }
        return false;
    }

    /** Takes the end of an array of indefinite length if it is at hand. */
    void takeBreak(CborWindow window) {
        if (open && !closed && isIndefinite() && window.hasInput() && window.peek() == CborMajor.BREAK) {
            window.next();
            closed = true;
        }
    }

    private boolean isIndefinite() {
        return (initial & 0x1f) == CborMajor.INDEFINITE;
    }

    private void takeHead(CborWindow window) {
        long at = window.place();
        int next = window.peek();
        window.next();
        if (initial >= 0) {
            argument = argument << 8 | next;
            missing--;
        } else {
            initial = next;
            int info = next & 0x1f;
            boolean isTag = next >>> 5 == CborMajor.TAG;
            if ((!isTag && next >>> 5 != CborMajor.ARRAY) || (info > 27 && (isTag || info < CborMajor.INDEFINITE))) {
                throw new CorruptStreamException("no CBOR array but 0x" + Integer.toHexString(next) + " at byte " + at);
            }
            missing = CborWindow.argumentLength(info);
            argument = missing == 0 ? info : 0;
        }
        if (missing == 0) {
            finishHead(at);
        }
    }

    private void finishHead(long at) {
        if (initial >>> 5 == CborMajor.ARRAY) {
            open = true;
            closed = argument == 0;
        } else if (argument == CborTags.SELF_DESCRIBED) {
            initial = -1;
        } else {
            throw new CorruptStreamException(
                    "no CBOR array but tag " + Long.toUnsignedString(argument) + " before byte " + (at + 1));
        }
    }
}
