/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Ways to cut a message into buffers, each a list of lengths. Bounded for large messages, seeded where selected. */
final class Cuts {

    /** The bytes that all two-buffer cuts of one sample may replay together. */
    private static final int BUDGET = 16 << 20;

    /** Larger messages have single bytes only at both ends. */
    private static final int ALL_SINGLE = 1024;

    private Cuts() {}

    /** The whole message in one buffer; a message without bytes has no buffer. */
    static List<Integer> whole(int length) {
        return length == 0 ? List.of() : List.of(length);
    }

    /** Buffers of one byte; in a large message only at both ends, with the rest between them as one buffer. */
    static List<Integer> singleBytes(int length) {
        if (length <= ALL_SINGLE) {
            return Collections.nCopies(length, 1);
        }
        List<Integer> ends = Collections.nCopies(ALL_SINGLE / 2, 1);
        List<Integer> cut = new ArrayList<>(ends);
        cut.add(length - ALL_SINGLE);
        cut.addAll(ends);
        return cut;
    }

    /** The same cut with an empty buffer before, between and after. */
    static List<Integer> withEmpty(List<Integer> cut) {
        List<Integer> result = new ArrayList<>(2 * cut.size() + 1);
        result.add(0);
        for (int length : cut) {
            result.add(length);
            result.add(0);
        }
        return result;
    }

    /** Positions in a message, both ends included: all of them, or a seeded selection if there are too many. */
    static Set<Integer> positions(int length, Random random) {
        int most = Math.max(8, Math.min(256, BUDGET / (length + 1)));
        Set<Integer> positions = new TreeSet<>(List.of(0, length));
        if (length < most) {
            for (int i = 1; i < length; i++) {
                positions.add(i);
            }
            return positions;
        }
        positions.addAll(List.of(1, 2, length - 2, length - 1));
        for (int i = positions.size(); i < most; i++) {
            positions.add(random.nextInt(length));
        }
        return positions;
    }

    /** The cuts a message is replayed with, the simple ones first. */
    static Set<List<Integer>> all(int length, Random random) {
        Set<List<Integer>> cuts = new LinkedHashSet<>();
        cuts.add(whole(length));
        for (int position : positions(length, random)) {
            if (position > 0 && position < length) {
                cuts.add(List.of(position, length - position));
            }
        }
        cuts.add(withEmpty(whole(length)));
        cuts.addAll(ragged(length, random));
        return cuts;
    }

    /** The cuts that the more expensive checks use: single bytes, empty buffers and random lengths. */
    static Set<List<Integer>> ragged(int length, Random random) {
        Set<List<Integer>> cuts = new LinkedHashSet<>();
        cuts.add(singleBytes(length));
        cuts.add(withEmpty(singleBytes(length)));
        int many = Math.max(2, Math.min(8, BUDGET / (length + 1)));
        for (int i = 0; i < many; i++) {
            cuts.add(random(length, random));
        }
        return cuts;
    }

    private static List<Integer> random(int length, Random random) {
        Set<Integer> ends = new TreeSet<>();
        for (int i = random.nextInt(16); i > 0 && length > 1; i--) {
            ends.add(1 + random.nextInt(length - 1));
        }
        List<Integer> cut = new ArrayList<>();
        int start = 0;
        for (int end : ends) {
            cut.add(end - start);
            start = end;
        }
        if (length > start) {
            cut.add(length - start);
        }
        return cut;
    }
}
