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
    CborStack(CborLimits limits, CborType root) {
        this.limits = limits;
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

    int depth() {
        return depth;
    }

    /** Returns where the item that was added last begins. */
    long offset() {
        return offset;
    }

    /** Tells whether the next item is of no interest. */
    boolean isSkipping() {
        return top != null && top.expected() == CborType.SKIPPED;
    }

    /**
     * Takes items out of the window that need no look at each of them.
     *
     * @param most the most items to take
     * @return how many were taken
     */
    int takeAhead(CborWindow window, long most) {
        if (top == null) {
            return 0;
        }
        int n = top.takeAhead(window, most);
        if (n > 0) {
            closeFull();
        }
        return n;
    }

    /** Refuses an item that may not stand here. */
    void checkItem(boolean isScalar, long at) {
        if (top == null) {
            return;
        } else if (!isScalar && top.expectsKey()) {
            throw new CorruptStreamException(
                    "a CBOR map key must be a scalar, not the array, map or byte string at byte " + at);
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
        if (size < 0 || size > limits.maxContainerSize) {
            throw tooLarge(Long.toUnsignedString(size), at);
        }
        push(isMap, false, (int) size, presize, at);
        closeFull();
    }

    void openIndefinite(boolean isMap, long at) {
        push(isMap, true, limits.maxContainerSize, 10, at);
    }

    void closeIndefinite(long at) {
        if (top == null || !top.indefinite) {
            throw new CorruptStreamException("misplaced CBOR break at byte " + at);
        } else if (top.expectsValue()) {
            throw new CorruptStreamException("CBOR map ends at byte " + at + " after a key without a value");
        }
        offset = at;
        close(top);
        closeFull();
    }

    void add(@Nullable Object item, long at) {
        CborType type = expected(at);
        addConverted(item == null ? type.ofNull() : type.of(item));
    }

    void add(long integer, long at) {
        addConverted(expected(at).of(integer));
    }

    void add(double number, long at) {
        addConverted(expected(at).of(number));
    }

    private CborType expected(long at) {
        offset = at;
        return top == null ? root : top.expected();
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
        if (depth == limits.maxDepth) {
            throw new LimitExceededException(
                    "maxDepth", limits.maxDepth, "a CBOR array or map within " + depth + " others at byte " + at);
        }
        top = expected(at).open(top, isMap, indefinite, size, presize);
        depth++;
    }

    private void close(CborContainer container) {
        Object closed = container.value();
        top = container.parent;
        depth--;
        if (top == null) {
            value = root.ofContainer(closed);
            complete = true;
        } else {
            top.add(top.expected().ofContainer(closed), offset);
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
