/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** The name of a record where the record itself is expected, and so its name is known. */
final class CborDiscriminator extends CborType {

    private final String expected;

    CborDiscriminator(String expected) {
        super("the text '" + expected + "'");
        this.expected = expected;
    }

    @Override
    Object of(Object scalar) {
        if (!expected.equals(scalar)) {
            throw mismatch(scalar instanceof String ? "'" + CborPath.printable(scalar) + "'" : describe(scalar));
        }
        return scalar;
    }

    @Override
    Object ofMissing() {
        return expected;
    }
}
