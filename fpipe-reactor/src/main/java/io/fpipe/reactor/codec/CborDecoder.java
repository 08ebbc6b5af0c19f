/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoder;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads one CBOR value from buffers that may be cut anywhere. The place in the value is an explicit stack of
 * {@link CborContainer}s; a string that is cut is a {@link CborBody} until it is whole.
 */
final class CborDecoder implements Transcoder<ByteBuffer, Object> {

    private final CborLimits limits;
    private final CborStrings strings;
    private final CborStack stack;
    private final CborWindow window = new CborWindow();

    /** Bytes of the message that were read. */
    private long offset;

    private long items;
    private @Nullable CborBody body;

    /** Where the head of the body's string begins. */
    private long bodyAt;

    private boolean ended;

    CborDecoder(CborOptions options) {
        this(options, CborType.ANY);
    }

    /**
     * Creates a decoder.
     *
     * @param type what the value has to be
     */
    CborDecoder(CborOptions options, CborType type) {
        this.limits = options.limits;
        this.strings = new CborStrings(limits);
        this.stack = new CborStack(limits, type);
    }

    @Override
    public void feed(ByteBuffer input) {
        try {
            read(input);
        } catch (CborMismatch ex) {
            throw located(new CorruptStreamException(ex.getMessage() + " at byte " + stack.offset(), ex.getCause()));
        } catch (CorruptStreamException ex) {
            throw located(ex);
        } catch (LimitExceededException ex) {
            throw stack.depth() == 0 ? ex : ex.at(stack.path());
        }
    }

    private CorruptStreamException located(CorruptStreamException ex) {
        return stack.depth() == 0 ? ex : ex.at(stack.path());
    }

    private void read(ByteBuffer input) {
        ByteBuffer rest = input.duplicate();
        long end = offset + rest.remaining();
        if (end > limits.maxBytes) {
            throw new LimitExceededException(
                    "maxBytes", limits.maxBytes, "a CBOR message of " + end + " bytes or more");
        }
        while (rest.hasRemaining()) {
            if (body != null) {
                body.take(rest);
                offset = end - rest.remaining();
                if (body.isComplete()) {
                    finishBody(body);
                }
            } else if (window.isHeadCut()) {
                boolean whole = window.joinHead(rest, offset);
                offset = end - rest.remaining();
                if (whole) {
                    item();
                }
            } else {
                window.open(rest, offset);
                readWindow();
                rest.position(rest.position() + (int) (window.offset() - offset));
                offset = window.offset();
            }
        }
    }

    @Override
    public void end() {
        ended = true;
        if (stack.isComplete()) {
            return;
        } else if (offset == 0) {
            throw new CorruptStreamException("the message is empty, a CBOR data item has at least one byte");
        }
        throw located(new CorruptStreamException("CBOR message truncated at byte " + offset + ": " + unfinished()));
    }

    private String unfinished() {
        if (body != null) {
            return body.missing() + " bytes of a string are missing";
        } else if (window.isHeadCut()) {
            return "within the head of an item";
        } else if (strings.isInPieces()) {
            return "a string of indefinite length is open";
        } else if (strings.expectsBignum()) {
            return "the byte string of a bignum is missing";
        }
        return stack.depth() + " arrays or maps are open";
    }

    @Override
    public @Nullable Object poll() {
        if (!ended) {
            return null; // there may be trailing bytes
        }
        return stack.take();
    }

    @Override
    public boolean isFinished() {
        return ended && stack.isEmpty();
    }

    private void readWindow() {
        while (window.remaining() > 0 && body == null) {
            if (stack.isComplete()) {
                throw new CorruptStreamException("trailing bytes after the CBOR value, from byte " + window.offset());
            } else if (!window.hasHead()) {
                return;
            }
            int taken = strings.isExpected() ? 0 : stack.takeAhead(window, limits.maxItems - items);
            if (taken > 0) {
                items += taken;
            } else {
                item();
            }
        }
    }

    /** Reads the item whose head lies whole in the window. */
    private void item() {
        long at = window.offset();
        int initial = window.next();
        if (initial == CborMajor.BREAK) {
            closeIndefinite(at);
            return;
        }
        int major = initial >>> 5;
        int info = initial & 0x1f;
        long argument = window.argument(info);
        boolean indefinite = info == CborMajor.INDEFINITE;
        check(major, indefinite, at);
        switch (major) {
            case CborMajor.BYTES, CborMajor.TEXT -> string(major, indefinite, argument, at);
            case CborMajor.ARRAY, CborMajor.MAP -> container(major == CborMajor.MAP, indefinite, argument, at);
            case CborMajor.TAG -> tag(argument, at);
            case CborMajor.SIMPLE -> simple(info, argument, at);
            default -> integer(major == CborMajor.NEGATIVE, argument, at);
        }
    }

    private void check(int major, boolean indefinite, long at) {
        if (indefinite && (major <= CborMajor.NEGATIVE || major == CborMajor.TAG)) {
            throw new CorruptStreamException("CBOR major type " + major + " with indefinite length at byte " + at);
        }
        strings.checkItem(major, indefinite, at);
        boolean bytes = major == CborMajor.BYTES && !strings.expectsBignum();
        stack.checkItem(!bytes && major != CborMajor.ARRAY && major != CborMajor.MAP, at);
        if (++items > limits.maxItems) {
            throw new LimitExceededException("maxItems", limits.maxItems, "one CBOR data item more at byte " + at);
        }
    }

    private void integer(boolean negative, long argument, long at) {
        if (argument >= 0) {
            stack.add(negative ? ~argument : argument, at);
        } else { // unsigned 64 bits
            BigInteger magnitude = new BigInteger(Long.toUnsignedString(argument));
            stack.add(negative ? magnitude.not() : magnitude, at);
        }
    }

    private void string(int major, boolean indefinite, long length, long at) {
        if (indefinite) {
            strings.open(major);
            return;
        }
        strings.checkLength(major, length, at);
        if (length > window.remaining()) {
            body = new CborBody(major, (int) length, window.offset());
            bodyAt = at;
            return;
        }
        int from = window.position;
        window.position = from + (int) length;
        addString(strings.accept(major, window.array, from, (int) length, window.offset() - length, false), at);
    }

    private void finishBody(CborBody whole) {
        body = null;
        byte[] bytes = whole.bytes();
        addString(strings.accept(whole.major, bytes, 0, bytes.length, whole.offset, true), bodyAt);
    }

    private void addString(@Nullable Object string, long at) {
        if (string != null) {
            stack.add(string, at);
        }
    }

    private void container(boolean isMap, boolean indefinite, long size, long at) {
        if (indefinite) {
            stack.openIndefinite(isMap, at);
        } else {
            int presize = isMap ? window.remaining() / 2 : window.remaining();
            stack.open(isMap, size, presize, at);
            if ((isMap ? 2 * size : size) > limits.maxItems - items) {
                throw new LimitExceededException(
                        "maxItems", limits.maxItems, "a CBOR array or map of size " + size + " at byte " + at);
            }
        }
    }

    private void tag(long tag, long at) {
        if (tag != 2 && tag != 3) {
            throw new CorruptStreamException(
                    "CBOR tag " + Long.toUnsignedString(tag) + " at byte " + at + " is not supported");
        }
        strings.expectBignum((int) tag);
    }

    private void simple(int info, long argument, long at) {
        switch (info) {
            case 20 -> stack.add(false, at);
            case 21 -> stack.add(true, at);
            case 22, 23 -> stack.add(null, at); // null, undefined
            case 25 -> stack.add((double) HalfFloat.toFloat((int) argument), at);
            case 26 -> stack.add((double) Float.intBitsToFloat((int) argument), at);
            case 27 -> stack.add(Double.longBitsToDouble(argument), at);
            default ->
                throw new CorruptStreamException(
                        info == 24 && argument < 32
                                ? "CBOR simple value " + argument + " in two bytes at byte " + at
                                : "unassigned CBOR simple value " + argument + " at byte " + at);
        }
    }

    private void closeIndefinite(long at) {
        if (strings.isInPieces()) {
            stack.add(strings.close(), at);
        } else if (strings.expectsBignum()) {
            throw new CorruptStreamException("misplaced CBOR break at byte " + at);
        } else {
            stack.closeIndefinite(at);
        }
    }
}
