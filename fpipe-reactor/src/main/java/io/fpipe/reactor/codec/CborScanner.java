/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.LimitExceededException;
import java.util.Arrays;

/** Finds the ends of CBOR data items (RFC 8949, section 3) by counting what is open. */
final class CborScanner extends ElementScanner {

    private static final long INDEFINITE = -1;

    /** How many levels are around an element. */
    private final int base;

    private final int maxElementBytes;

    /** Of each open array, map and string in pieces, the items that are missing, or {@link #INDEFINITE}. */
    private long[] missing = new long[8];

    private int depth;

    /** The head that is being read; bytes of its argument may be missing. */
    private int initial;

    private int argumentBytes;
    private long argument;

    /** Bytes of a string that are still to come. */
    private long body;

    private boolean opened;
    private boolean complete;

    CborScanner(JacksonLayout layout, int maxDepth, int maxElementBytes) {
        super(layout, maxDepth);
        this.maxElementBytes = maxElementBytes;
        this.base = layout == JacksonLayout.ARRAY ? 1 : 0;
    }

    @Override
    void skip(CborWindow window) {
        if (base == 0) {
            return;
        }
        while (!opened && window.remaining() > 0) {
            readHead(window);
        }
        if (depth == base && missing[0] == INDEFINITE && isNext(window, CborMajor.BREAK)) {
            window.position++;
            depth = 0;
        }
    }

    private static boolean isNext(CborWindow window, int value) {
        return window.remaining() > 0 && (window.array[window.position] & 0xff) == value;
    }

    @Override
    boolean scan(CborWindow window) {
        if (base == 1 && depth == 0) {
            throw corrupt("trailing bytes after the CBOR array, the first is", window.offset());
        }
        complete = false;
        while (!complete && window.remaining() > 0) {
            if (body > 0) {
                int n = (int) Math.min(body, window.remaining());
                window.position += n;
                body -= n;
                if (body == 0) {
                    endItem();
                }
            } else {
                readHead(window);
            }
        }
        return complete;
    }

    /** Reads the initial byte of an item or one byte of its argument, and acts when the head is whole. */
    private void readHead(CborWindow window) {
        int next = window.next();
        if (argumentBytes > 0) {
            argument = argument << 8 | next;
            argumentBytes--;
        } else {
            initial = next;
            int info = next & 0x1f;
            argumentBytes = CborWindow.argumentLength(info);
            argument = info < 24 ? info : 0;
        }
        if (argumentBytes == 0) {
            beginItem(window.offset() - 1);
        }
    }

    private void beginItem(long at) {
        int major = initial >>> 5;
        int info = initial & 0x1f;
        boolean indefinite = info == CborMajor.INDEFINITE;
        if (info > 27 && !indefinite) {
            throw corrupt("reserved CBOR additional information " + info, at);
        } else if (major != CborMajor.TAG && isOuter()) {
            openOuter(major, indefinite, at);
        } else if (initial == CborMajor.BREAK) {
            breakItem(at);
        } else if (major == CborMajor.ARRAY || major == CborMajor.MAP) {
            openContainer(major == CborMajor.MAP, indefinite, at);
        } else if (major == CborMajor.BYTES || major == CborMajor.TEXT) {
            openString(indefinite, at);
        } else if (indefinite) {
            throw corrupt("CBOR major type " + major + " with indefinite length", at);
        } else if (major != CborMajor.TAG) { // which is the beginning of the item that follows
            endItem();
        }
    }

    private boolean isOuter() {
        return base == 1 && !opened;
    }

    private void openOuter(int major, boolean indefinite, long at) {
        if (major != CborMajor.ARRAY) {
            throw corrupt("expected a CBOR array, found an item of major type " + major, at);
        }
        opened = true;
        if (indefinite) {
            push(INDEFINITE);
        } else if (argument != 0) {
            push(argument < 0 ? Long.MAX_VALUE : argument); // as unsigned beyond that, and out of reach
        }
    }

    private void openContainer(boolean isMap, boolean indefinite, long at) {
        checkDepth(depth - base, at);
        if (indefinite) {
            push(INDEFINITE);
            return;
        }
        checkSize(argument, "a CBOR array or map of size ", at); // each of its items takes a byte or more
        if (argument == 0) {
            endItem();
        } else {
            push(isMap ? 2 * argument : argument);
        }
    }

    private void openString(boolean indefinite, long at) {
        if (indefinite) {
            checkDepth(depth - base, at);
            push(INDEFINITE);
            return;
        }
        checkSize(argument, "a CBOR string of length ", at);
        body = argument;
        if (body == 0) {
            endItem();
        }
    }

    /** Fails early: what is declared need not be waited for. */
    private void checkSize(long size, String what, long at) {
        if (Long.compareUnsigned(size, maxElementBytes) > 0) {
            throw new LimitExceededException(
                    layout.limitName(), maxElementBytes, what + Long.toUnsignedString(size) + " at byte " + at);
        }
    }

    private void breakItem(long at) {
        if (depth == base || missing[depth - 1] != INDEFINITE) {
            throw corrupt("misplaced CBOR break", at);
        }
        depth--;
        endItem();
    }

    private void push(long items) {
        if (depth == missing.length) {
            missing = Arrays.copyOf(missing, 2 * depth);
        }
        missing[depth++] = items;
    }

    /** Counts an item that ended, and those that ended with it because it was their last. */
    private void endItem() {
        complete |= depth == base;
        while (depth > 0 && missing[depth - 1] != INDEFINITE && --missing[depth - 1] == 0) {
            depth--;
            complete |= depth == base;
        }
    }

    @Override
    boolean endsWithMessage() {
        return false; // an item that is whole has ended
    }

    @Override
    boolean isClosed() {
        return base == 0 || (opened && depth == 0);
    }
}
