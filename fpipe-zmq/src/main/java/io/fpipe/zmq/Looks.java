/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/** Whether a thread looks for more before it sleeps: as long as that finds something, and else once in a while. */
final class Looks {

    /** After so many futile looks in a row only one of {@value #RARE} is taken. */
    private static final int FUTILE = 4;

    private static final int RARE = 16;

    private int futile;
    private int skipped;

    /** Whether to look now; if so, one of the other methods tells what came of it. */
    boolean isDue() {
        if (futile == FUTILE && ++skipped < RARE) {
            return false;
        }
        skipped = 0;
        return true;
    }

    void found() {
        futile = 0;
    }

    void futile() {
        futile = Math.min(FUTILE, futile + 1);
    }
}
