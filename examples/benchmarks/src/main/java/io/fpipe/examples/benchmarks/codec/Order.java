/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.codec;

import java.util.List;

/**
 * A record as a shop has it.
 *
 * @param id its number
 * @param customer who ordered
 * @param price the sum
 * @param lines what was ordered
 * @param paid whether it is paid
 */
record Order(long id, String customer, double price, List<Line> lines, boolean paid) {

    /**
     * One of the things.
     *
     * @param sku which
     * @param count how many
     */
    record Line(String sku, int count) {}

    static Order of(int i) {
        return new Order(
                1_000_000_000L + i,
                "customer " + i % 1000,
                i * 0.25 + 0.1,
                List.of(new Line("sku-" + i % 5000, i % 7), new Line("sku-" + i % 3000, 1)),
                i % 2 == 0);
    }
}
