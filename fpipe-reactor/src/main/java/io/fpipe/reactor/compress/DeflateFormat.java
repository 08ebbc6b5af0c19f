/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import java.nio.ByteBuffer;

/**
 * What a format puts around deflated bytes. Here it is nothing: raw deflate has nothing, and the header and checksum of
 * zlib are the business of {@code Deflater} and {@code Inflater}. An instance serves one message in one direction.
 */
class DeflateFormat {

    private static final byte[] NONE = {};

    private final String name;

    DeflateFormat(String name) {
        this.name = name;
    }

    /** The name in error messages. */
    final String name() {
        return name;
    }

    /** The first bytes, by which it is known that another member follows; none if only one is allowed. */
    byte[] magic() {
        return NONE;
    }

    /** Takes what belongs to the header, after the magic; returns whether the header is complete. */
    boolean readHeader(ByteBuffer input) {
        return true;
    }

    /** Sees the plain bytes, before they are deflated or after they were inflated; may move the cursor. */
    void update(ByteBuffer plain) {}

    /** Takes what belongs to the trailer; returns whether it is complete, and correct for so many plain bytes. */
    boolean readTrailer(ByteBuffer input, long plainBytes) {
        return true;
    }

    /** The whole header to write, with its magic; fits into the smallest chunk. */
    byte[] header() {
        return NONE;
    }

    /** The trailer to write after so many plain bytes. */
    byte[] trailer(long plainBytes) {
        return NONE;
    }
}
