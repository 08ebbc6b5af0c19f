/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts a value that was read before its type was known. */
final class CborReplay {

    /** What it reads has passed the limits before. */
    private static final CborOptions UNLIMITED = CborOptions.DEFAULTS.limits(
            limits -> limits.maxDepth(Integer.MAX_VALUE).maxContainerSize(Integer.MAX_VALUE - 8));

    private final CborStack stack;
    private final Deque<Iterator<?>> open = new ArrayDeque<>();

    CborReplay(CborType type) {
        this.stack = new CborStack(UNLIMITED.limits, new CborTags(UNLIMITED), type);
    }

    @Nullable
    Object convert(@Nullable Object value) {
        add(value);
        while (!open.isEmpty()) {
            Iterator<?> items = open.peek();
            if (items.hasNext()) {
                add(items.next());
            } else {
                open.pop();
            }
        }
        return stack.take();
    }

    private void add(@Nullable Object value) {
        if (value instanceof List<?> list) {
            stack.open(false, list.size(), list.size(), 0);
            open.push(list.iterator());
        } else if (value instanceof Map<?, ?> map) {
            stack.open(true, map.size(), map.size(), 0);
            List<@Nullable Object> items = new ArrayList<>(2 * map.size());
            map.forEach((key, item) -> {
                items.add(key);
                items.add(item);
            });
            open.push(items.iterator());
        } else {
            stack.add(value, 0);
        }
    }

    void appendPlace(CborPath path) {
        stack.appendPlaces(path);
    }
}
