/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** How elements make a message. */
enum JacksonLayout {

    /** One element, the value, and nothing else. */
    SINGLE,

    /** Elements one after another: a CBOR sequence (RFC 8742), or lines of JSON. */
    SEQUENCE,

    /** The elements of one array, which is never whole in memory. */
    ARRAY;

    /** What an element is called in errors. */
    String element(long number) {
        return this == SINGLE ? "the value" : "element " + number;
    }

    /** The name of the option that limits an element. */
    String limitName() {
        return this == SINGLE ? "maxMessageBytes" : "maxElementBytes";
    }
}
