/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import org.jspecify.annotations.Nullable;

/** The value as far as it has been read: the arrays and maps that are open, and at last the value itself. */
final class CborStack {

    private final CborLimits limits;
    private final CborTags tags;

    private @Nullable CborContainer top;
    private int depth;
    private boolean complete;
    private @Nullable Object value;

    CborStack(CborLimits limits, CborTags tags) {
        this.limits = limits;
        this.tags = tags;
    }

    boolean isComplete() {
        return complete;
    }

    /** Tells whether there is nothing to take. */
    boolean isEmpty() {
        return value == null;
    }

    /** Gives the value away; null if it is null, or was taken. */
    @Nullable
    Object take() {
        Object taken = value;
        value = null;
        return taken;
    }

    /** Makes room for another value. */
    void restart() {
        complete = false;
    }

    int depth() {
        return depth;
    }

    /** Returns the innermost container if it is an array. */
    @Nullable
    CborContainer openArray() {
        return top != null && top.isArray() && !tags.isPending(depth) ? top : null;
    }

    /** Refuses an item that may not stand here; the content of a tag may stand where the tag may. */
    void checkItem(boolean isScalar, long at) {
        if (top == null || tags.isPending(depth)) {
            return;
        } else if (!isScalar && top.expectsKey()) {
            throw new CorruptStreamException(
                    "a CBOR map key must be a scalar, not the array, map, byte string or tag at byte " + at);
        } else if (top.left == 0) { // only where the size is indefinite; else it would be closed
            throw tooLarge("more than " + limits.maxContainerSize, at);
        }
    }

    /**
     * Opens a container of known size.
     *
     * @param size the declared size, unsigned
     * @param presize elements that the bytes at hand could hold
     */
    void open(boolean isMap, long size, int presize, long at) {
        checkDepth(at);
        if (size < 0 || size > limits.maxContainerSize) {
            throw tooLarge(Long.toUnsignedString(size), at);
        }
        push(new CborContainer(top, isMap, false, (int) size, presize));
        closeFull();
    }

    void openIndefinite(boolean isMap, long at) {
        checkDepth(at);
        push(new CborContainer(top, isMap, true, limits.maxContainerSize, 10));
    }

    void closeIndefinite(long at) {
        if (top == null || !top.indefinite || tags.isPending(depth)) {
            throw new CorruptStreamException("misplaced CBOR break at byte " + at);
        } else if (top.expectsValue()) {
            throw new CorruptStreamException("CBOR map ends at byte " + at + " after a key without a value");
        }
        close(top);
        closeFull();
    }

    void add(@Nullable Object item, long at) {
        put(item, at);
        closeFull();
    }

    /** Closes the containers that have all their elements, from the inside. */
    void closeFull() {
        while (top != null && top.isFull()) {
            close(top);
        }
    }

    private void push(CborContainer container) {
        top = container;
        depth++;
    }

    private void close(CborContainer container) {
        top = container.parent;
        depth--;
        put(container.value(), 0); // a key, which is what an offset is needed for, has a tag before it
    }

    private void put(@Nullable Object item, long at) {
        Object tagged = item;
        long from = at;
        if (tags.isPending(depth)) {
            tagged = tags.close(item, depth);
            from = tags.closedAt();
        }
        if (top == null) {
            value = tagged;
            complete = true;
        } else {
            top.add(tagged, from);
        }
    }

    private void checkDepth(long at) {
        if (depth + tags.size() >= limits.maxDepth) {
            throw new LimitExceededException(
                    "maxDepth",
                    limits.maxDepth,
                    "a CBOR array or map within " + (depth + tags.size()) + " others at byte " + at);
        }
    }

    private LimitExceededException tooLarge(String size, long at) {
        return new LimitExceededException(
                "maxContainerSize", limits.maxContainerSize, size + " elements of a CBOR array or map at byte " + at);
    }
}
