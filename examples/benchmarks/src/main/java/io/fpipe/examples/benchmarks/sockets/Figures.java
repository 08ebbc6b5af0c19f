/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What the rounds gave. */
public final class Figures {

    private final List<Double> sorted = new ArrayList<>();

    /**
     * Adds the figure of a round.
     *
     * @param figure the figure
     */
    public void add(double figure) {
        sorted.add(figure);
        sorted.sort(null);
    }

    /**
     * Returns the one in the middle.
     *
     * @return the one in the middle
     */
    public double median() {
        return sorted.get(sorted.size() / 2);
    }

    /**
     * Returns the lowest.
     *
     * @return the lowest
     */
    public double lowest() {
        return sorted.get(0);
    }

    /**
     * Returns the highest.
     *
     * @return the highest
     */
    public double highest() {
        return sorted.get(sorted.size() - 1);
    }

    /**
     * Returns all of them, from the lowest to the highest.
     *
     * @return an array of JSON
     */
    public String json() {
        return sorted.stream().map(Figures::number).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String number(double figure) {
        return Double.toString(Math.round(figure * 100) / 100.0);
    }
}
