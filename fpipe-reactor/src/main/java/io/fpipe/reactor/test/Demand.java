/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

/** Counts what was requested and what was produced of it. */
final class Demand {

    private long requested;
    private long total;

    /** Adds to what was requested and returns what is outstanding now. */
    synchronized long add(long n) {
        requested = requested + n < 0 ? Long.MAX_VALUE : requested + n;
        return outstanding();
    }

    synchronized void produced() {
        total++;
    }

    synchronized long total() {
        return total;
    }

    /** Negative if more was produced than was requested. */
    synchronized long outstanding() {
        return requested == Long.MAX_VALUE ? Long.MAX_VALUE : requested - total;
    }

    static String text(long n) {
        return n == Long.MAX_VALUE ? "unbounded" : Long.toString(n);
    }
}
