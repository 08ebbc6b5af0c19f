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
 * Reads CBOR values from buffers that may be cut anywhere: as a transcoder one value, which is the message, and for
 * {@link CborElements} one after the other. The place in a value is an explicit stack of {@link CborContainer}s; a
 * string that is cut is a {@link CborBody} until it is whole.
 */
final class CborDecoder implements Transcoder<ByteBuffer, Object> {

    private final CborLimits limits;
    private final boolean keepSimpleValues;
    private final CborStrings strings;
    private final CborTags tags;
    private final CborStack stack;
    private final CborWindow window = new CborWindow();
    private final CborAhead ahead;

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
     * @param type what a value has to be
     */
    CborDecoder(CborOptions options, CborType type) {
        this.limits = options.limits;
        this.keepSimpleValues = options.keepSimpleValues;
        this.strings = new CborStrings(limits);
        this.ahead = new CborAhead(window, strings, limits);
        this.tags = new CborTags(options);
        this.stack = new CborStack(limits, tags, type);
    }

    @Override
    public void feed(ByteBuffer input) {
        window.feed(input);
        long end = window.place() + input.remaining();
        if (end > limits.maxBytes) {
            throw new LimitExceededException(
                    "maxBytes", limits.maxBytes, "a CBOR message of " + end + " bytes or more");
        }
        if (readValue() && window.hasInput()) {
            throw new CorruptStreamException("trailing bytes after the CBOR value, from byte " + window.place());
        }
    }

    @Override
    public void end() {
        ended = true;
        if (!stack.isComplete()) {
            throw truncated();
        }
    }

    @Override
    public @Nullable Object poll() {
        return ended ? stack.take() : null; // there may be trailing bytes
    }

    @Override
    public boolean isFinished() {
        return ended && stack.isEmpty();
    }

    CborWindow window() {
        return window;
    }

    /** Begins another value. */
    void restart() {
        stack.restart();
        items = 0;
    }

    /** Gives the value away that is whole. */
    @Nullable
    Object take() {
        return stack.take();
    }

    /** Reads until a value is whole, which is the result, or the input is used up. */
    boolean readValue() {
        try {
            return readItems();
        } catch (CborMismatch ex) {
            throw located(new CorruptStreamException(ex.getMessage() + " at byte " + stack.offset(), ex.getCause()));
        } catch (CorruptStreamException ex) {
            throw located(ex);
        } catch (LimitExceededException ex) {
            throw stack.depth() == 0 ? ex : ex.at(stack.path());
        }
    }

    /** Adds where in the value it is; at the root the offset says it all. */
    private CorruptStreamException located(CorruptStreamException ex) {
        return stack.depth() == 0 ? ex : ex.at(stack.path());
    }

    private boolean readItems() {
        while (!stack.isComplete()) {
            if (window.remaining() > 0) {
                readWindow();
            } else if (body != null) {
                if (!window.fill(body)) {
                    return false;
                }
                finishBody(body);
            } else if (!window.open()) {
                return false;
            }
        }
        return true;
    }

    CorruptStreamException truncated() {
        return window.place() == 0
                ? new CorruptStreamException("the message is empty, a CBOR data item has at least one byte")
                : located(new CorruptStreamException(
                        "CBOR message truncated at byte " + window.place() + ": " + unfinished()));
    }

    private String unfinished() {
        if (body != null) {
            return body.missing() + " bytes of a string are missing";
        } else if (window.isHeadCut()) {
            return "within the head of an item";
        } else if (strings.isInPieces()) {
            return "a string of indefinite length is open";
        } else if (tags.isPending(stack.depth())) {
            return "the content of tag " + tags.innermost() + " is missing";
        }
        return stack.depth() + " arrays or maps are open";
    }

    private void readWindow() {
        while (window.remaining() > 0 && !stack.isComplete()) { // a string that begins closes the window
            if (!window.hasHead()) {
                return;
            }
            int taken = strings.isInPieces() ? 0 : stack.takeAhead(ahead, limits.maxItems - items);
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
        check(major, info, argument, at);
        switch (major) {
            case CborMajor.BYTES, CborMajor.TEXT -> string(major, indefinite, argument, at);
            case CborMajor.ARRAY, CborMajor.MAP -> container(major == CborMajor.MAP, indefinite, argument, at);
            case CborMajor.TAG -> tags.open(argument, stack.depth(), at);
            case CborMajor.SIMPLE -> simple(info, argument, at);
            default -> integer(major == CborMajor.NEGATIVE, argument, at);
        }
    }

    private void check(int major, int info, long argument, long at) {
        boolean indefinite = info == CborMajor.INDEFINITE;
        if (indefinite && (major <= CborMajor.NEGATIVE || major == CborMajor.TAG)) {
            throw new CorruptStreamException("CBOR major type " + major + " with indefinite length at byte " + at);
        }
        strings.checkItem(major, indefinite, at);
        boolean isScalar = major != CborMajor.BYTES && major != CborMajor.ARRAY && major != CborMajor.MAP;
        if (major == CborMajor.TAG) {
            isScalar = argument == CborTags.SELF_DESCRIBED || CborTagged.isScalar(argument);
        }
        stack.checkItem(isScalar, at);
        if (tags.isPending(stack.depth()) && !(major == CborMajor.TAG && argument == CborTags.SELF_DESCRIBED)) {
            tags.checkContent(major, info, at);
        }
        if (++items > limits.maxItems) {
            throw new LimitExceededException("maxItems", limits.maxItems, "one CBOR data item more at byte " + at);
        }
    }

    private void integer(boolean negative, long argument, long at) {
        if (argument >= 0) {
            stack.add(negative ? ~argument : argument, at);
        } else { // unsigned 64 bits
            BigInteger magnitude = CborTagged.unsigned(argument);
            stack.add(negative ? magnitude.not() : magnitude, at);
        }
    }

    private void string(int major, boolean indefinite, long length, long at) {
        if (indefinite) {
            strings.open(major);
            return;
        }
        strings.checkLength(major, tags.isBignumPending(stack.depth()), length, at);
        boolean skipped = !strings.isInPieces() && stack.isSkipping();
        if (length > window.remaining()) {
            body = new CborBody(major, (int) length, window.offset(), skipped);
            bodyAt = at;
            window.giveBack();
            return;
        }
        int from = window.position;
        window.position = from + (int) length;
        if (skipped) {
            stack.add(CborType.MISSING, at);
            return;
        }
        addString(strings.accept(major, window.array, from, (int) length, window.offset() - length, false), at);
    }

    private void finishBody(CborBody whole) {
        body = null;
        if (whole.skipped) {
            stack.add(CborType.MISSING, bodyAt);
            return;
        }
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

    private void simple(int info, long argument, long at) {
        switch (info) {
            case 20 -> stack.add(false, at);
            case 21 -> stack.add(true, at);
            case 22 -> stack.add(null, at);
            case 23 -> stack.add(keepSimpleValues ? CborSimple.UNDEFINED : null, at);
            case 25 -> stack.add((double) HalfFloat.toFloat((int) argument), at);
            case 26 -> stack.add((double) Float.intBitsToFloat((int) argument), at);
            case 27 -> stack.add(Double.longBitsToDouble(argument), at);
            default -> unassigned((int) argument, info == 24 && argument < 32, at);
        }
    }

    private void unassigned(int number, boolean malformed, long at) {
        if (malformed) {
            throw new CorruptStreamException("CBOR simple value " + number + " in two bytes at byte " + at);
        } else if (!keepSimpleValues) {
            throw new CorruptStreamException("unassigned CBOR simple value " + number + " at byte " + at);
        }
        stack.add(new CborSimple(number), at);
    }

    private void closeIndefinite(long at) {
        if (strings.isInPieces()) {
            stack.add(strings.close(), at);
        } else {
            stack.closeIndefinite(at);
        }
    }
}
