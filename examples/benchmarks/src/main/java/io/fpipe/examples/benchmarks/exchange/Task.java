/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

/** What a server is there for. */
enum Task {
    /** Gives small messages back, one at a time. */
    CALL,
    /** Gives small messages back, many at once. */
    CALLS,
    /** Gives the bytes of long messages back while they come. */
    STREAMS,
    /** Decodes a list of integers, compressed with zlib, and encodes it again. */
    ZLIB,
    /** The same with LZ4. */
    LZ4,
    /** Takes a long array of bytes into an array of its own, and sends that back. */
    BYTES
}
