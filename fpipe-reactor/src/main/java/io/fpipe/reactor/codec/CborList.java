/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.ArrayList;
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
    int takeAhead(CborWindow window, long most) {
        int n = window.takeIntegers(element, Math.min(left, most));
        if (n > 0) {
            reserve();
            left -= n;
            long[] integers = window.integers;
            for (int i = 0; i < n; i++) {
                list.add(element.of(integers[i]));
            }
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
