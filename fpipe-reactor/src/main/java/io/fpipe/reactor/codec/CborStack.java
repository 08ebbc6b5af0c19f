/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import org.jspecify.annotations.Nullable;

/** The value as far as it has been read: the arrays and maps that are open, and at last the value itself. */
final class CborStack {

    private final CborLimits limits;
    private final CborTags tags;
    private final CborType root;

    private @Nullable CborContainer top;
    private int depth;
    private long offset;
    private boolean complete;
    private @Nullable Object value;

    /**
     * Begins.
     *
     * @param root the type of the value
     */
    CborStack(CborLimits limits, CborTags tags, CborType root) {
        this.limits = limits;
        this.tags = tags;
        this.root = root;
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

    /** Returns where the item that was added last begins. */
    long offset() {
        return offset;
    }

    /** Tells whether the next item is of no interest. */
    boolean isSkipping() {
        return top != null && !tags.isPending(depth) && top.expected() == CborType.SKIPPED;
    }

    /**
     * Takes items out of the window that need no look at each of them.
     *
     * @param most the most items to take
     * @return how many were taken
     */
    int takeAhead(CborAhead ahead, long most) {
        if (top == null || tags.isPending(depth)) {
            return 0;
        }
        int n = top.takeAhead(ahead, most);
        if (n > 0) {
            offset = ahead.offset();
            closeFull();
        }
        return n;
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
        push(isMap, false, (int) size, presize, at);
        closeFull();
    }

    void openIndefinite(boolean isMap, long at) {
        checkDepth(at);
        push(isMap, true, limits.maxContainerSize, 10, at);
    }

    void closeIndefinite(long at) {
        if (top == null || !top.indefinite || tags.isPending(depth)) {
            throw new CorruptStreamException("misplaced CBOR break at byte " + at);
        } else if (top.expectsValue()) {
            throw new CorruptStreamException("CBOR map ends at byte " + at + " after a key without a value");
        }
        offset = at;
        close(top);
        closeFull();
    }

    void add(@Nullable Object item, long at) {
        offset = at;
        addConverted(convert(item, false));
    }

    void add(long integer, long at) {
        offset = at;
        addConverted(
                tags.isPending(depth)
                        ? convert(CborType.narrow(integer), false)
                        : expected().of(integer));
    }

    void add(double number, long at) {
        offset = at;
        addConverted(tags.isPending(depth) ? convert(number, false) : expected().of(number));
    }

    /** The type of the next item, tags included. */
    private CborType expected() {
        return top == null ? root : top.expected();
    }

    /** Converts an item, with the tags before it, to the type of its place. */
    private @Nullable Object convert(@Nullable Object item, boolean isContainer) {
        if (tags.isPending(depth)) {
            Object tagged = tags.close(item, depth);
            offset = tags.closedAt();
            return expected().of(requireNonNull(tagged)); // no tag makes a null
        } else if (isContainer) {
            return expected().ofContainer(item);
        }
        return item == null ? expected().ofNull() : expected().of(item);
    }

    private void addConverted(@Nullable Object item) {
        if (top == null) {
            value = item;
            complete = true;
        } else {
            top.add(item, offset);
            closeFull();
        }
    }

    /** Closes the containers that have all their elements, from the inside. */
    private void closeFull() {
        while (top != null && top.isFull()) {
            close(top);
        }
    }

    private void push(boolean isMap, boolean indefinite, int size, int presize, long at) {
        offset = at;
        CborType type = tags.isPending(depth) ? CborType.ANY : expected();
        top = type.open(top, isMap, indefinite, size, presize);
        depth++;
    }

    private void close(CborContainer container) {
        Object closed = container.value();
        top = container.parent;
        depth--;
        Object item = convert(closed, true);
        if (top == null) {
            value = item;
            complete = true;
        } else {
            top.add(item, offset);
        }
    }

    private void checkDepth(long at) {
        int levels = depth + tags.size();
        if (levels >= limits.maxDepth) {
            throw new LimitExceededException(
                    "maxDepth", limits.maxDepth, "a CBOR array or map within " + levels + " others at byte " + at);
        }
    }

    private LimitExceededException tooLarge(String size, long at) {
        return new LimitExceededException(
                "maxContainerSize", limits.maxContainerSize, size + " elements of a CBOR array or map at byte " + at);
    }

    /** Returns where in the value the next item stands. */
    String path() {
        CborPath path = new CborPath(depth > CborPath.LONGEST);
        appendPlaces(path);
        return path.toString();
    }

    void appendPlaces(CborPath path) {
        CborContainer[] innermost = new CborContainer[Math.min(depth, CborPath.LONGEST)];
        CborContainer container = top;
        for (int i = innermost.length - 1; i >= 0 && container != null; i--) {
            innermost[i] = container;
            container = container.parent;
        }
        for (CborContainer open : innermost) {
            open.appendPlace(path);
        }
    }
}
