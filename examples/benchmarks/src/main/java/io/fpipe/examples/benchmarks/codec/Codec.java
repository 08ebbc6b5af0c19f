/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.codec;

import java.io.IOException;

/**
 * A way to write a value and to read it again.
 *
 * @param name who does it
 * @param writer writes the value to a sink
 * @param reader makes the value of what was written
 */
record Codec(String name, Writer writer, Reader reader) {

    /** Writes a value. */
    interface Writer {
        void write(Sink sink) throws IOException;
    }

    /** Reads a value. */
    interface Reader {
        Object read(byte[] bytes) throws IOException;
    }
}
