/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** The array around the elements of a publisher, which are the encoder's inputs while it is open. */
final class CborPublished extends CborFrame {

    private long elements;

    void count() {
        elements++;
    }

    @Override
    void fill(CborEncoder encoder) {} // nothing without an input

    @Override
    void appendPlace(CborPath path) {
        path.index(elements - 1);
    }
}
