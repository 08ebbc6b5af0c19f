/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** The major types of data items (RFC 8949, section 3.1) and the other bytes that both directions know. */
final class CborMajor {

    static final int UNSIGNED = 0;
    static final int NEGATIVE = 1;
    static final int BYTES = 2;
    static final int TEXT = 3;
    static final int ARRAY = 4;
    static final int MAP = 5;
    static final int TAG = 6;
    static final int SIMPLE = 7;

    /** Additional information of an item of indefinite length. */
    static final int INDEFINITE = 31;

    /** The head of an array of indefinite length. */
    static final int INDEFINITE_ARRAY = (ARRAY << 5) | INDEFINITE;

    /** The byte that ends such an item. */
    static final int BREAK = 0xff;

    static final int FALSE = 0xf4;
    static final int TRUE = 0xf5;
    static final int NULL = 0xf6;

    private CborMajor() {}
}
