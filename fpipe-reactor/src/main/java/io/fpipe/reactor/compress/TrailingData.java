/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

/**
 * What to do with bytes that follow the end of the compressed data and do not begin another member or frame of it.
 * Where a format has several in one stream (gzip, LZ4, zstd), all of them are read, and their content is one message.
 */
public enum TrailingData {

    /** Fail with a {@link io.fpipe.reactor.CorruptStreamException}. */
    ERROR,

    /** Read and drop them, to the end of the source. */
    IGNORE
}
