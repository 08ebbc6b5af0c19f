/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What the rounds gave. */
final class Figures {

    private final List<Double> sorted = new ArrayList<>();

    void add(double figure) {
        sorted.add(figure);
        sorted.sort(null);
    }

    double median() {
        return sorted.get(sorted.size() / 2);
    }

    double lowest() {
        return sorted.get(0);
    }

    double highest() {
        return sorted.get(sorted.size() - 1);
    }

    /** All of them, from the lowest to the highest, as an array of JSON. */
    String json() {
        return sorted.stream().map(Figures::number).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String number(double figure) {
        return Double.toString(Math.round(figure * 100) / 100.0);
    }
}
