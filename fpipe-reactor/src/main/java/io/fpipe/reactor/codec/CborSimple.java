/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/**
 * A simple value (RFC 8949, section 3.3) other than false, true and null. {@link Cbor} writes it, and reads one if
 * {@link CborOptions#keepSimpleValues} says so.
 *
 * @param number the number of the value: 0 to 19, 23 (undefined) or 32 to 255
 */
public record CborSimple(int number) {

    /** The value undefined. */
    public static final CborSimple UNDEFINED = new CborSimple(23);

    /**
     * Creates a simple value.
     *
     * @param number the number of the value: 0 to 19, 23 (undefined) or 32 to 255
     */
    public CborSimple {
        if (number < 0 || number > 255 || (number > 19 && number < 23) || (number > 23 && number < 32)) {
            throw new IllegalArgumentException(
                    "the number of a simple value must be 0 to 19, 23 or 32 to 255, was " + number);
        }
    }
}
