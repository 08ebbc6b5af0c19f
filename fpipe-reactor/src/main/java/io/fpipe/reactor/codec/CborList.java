/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** An array that is being read into a list, or into what is made of one. */
final class CborList extends CborContainer {

    private final CborType element;
    private final @Nullable Function<List<@Nullable Object>, Object> finish;
    private final ArrayList<@Nullable Object> list;
    private final int declared;
    private boolean reserved;

    CborList(
            @Nullable CborContainer parent,
            boolean indefinite,
            int size,
            int presize,
            CborType element,
            @Nullable Function<List<@Nullable Object>, Object> finish) {
        super(parent, indefinite, size);
        this.element = element;
        this.finish = finish;
        this.declared = size;
        this.list = new ArrayList<>(Math.min(Math.min(size, presize), PRESIZE));
    }

    @Override
    CborType expected() {
        return element;
    }

    @Override
    void add(@Nullable Object item, long offset) {
        left--;
        list.add(item);
    }

    @Override
    int takeAhead(CborAhead ahead, long most) {
        int n = ahead.takeIntegers(element, Math.min(left, most));
        if (n == 0) {
            return takeScalars(ahead, Math.min(left, most));
        }
        reserve();
        left -= n;
        Object[] run = new Object[n];
        for (int i = 0; i < n; i++) {
            run[i] = element.of(ahead.integers[i]);
        }
        list.addAll(Arrays.asList(run)); // all at once: the collector has to hear of each reference that is stored
        return n;
    }

    private int takeScalars(CborAhead ahead, long most) {
        int n = 0;
        while (n < most) {
            Object scalar = ahead.takeScalar(element);
            if (scalar == CborAhead.NONE) {
                break;
            }
            reserve();
            left--;
            n++;
            list.add(scalar);
        }
        return n;
    }

    /** Gives the elements their final room when a sixteenth is there: growing in steps would copy them many times. */
    private void reserve() {
        if (!reserved && !indefinite && list.size() >= declared / PROOF) {
            reserved = true;
            list.ensureCapacity(declared);
        }
    }

    @Override
    Object value() {
        return finish == null ? list : finish.apply(list);
    }

    @Override
    void appendPlace(CborPath path) {
        if (!isFull()) {
            path.index(list.size());
        }
    }
}
