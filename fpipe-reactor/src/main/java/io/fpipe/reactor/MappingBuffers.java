/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Runs a {@link BufferFunction} as a transcoder. */
final class MappingBuffers implements Transcoder<ByteBuffer, ByteBuffer> {

    private final BufferFunction function;

    private @Nullable ByteBuffer output;
    private boolean ended;
    private boolean tailed;

    MappingBuffers(BufferFunction function) {
        this.function = function;
    }

    @Override
    public void feed(ByteBuffer input) throws Exception {
        if (input.hasRemaining()) {
            output = function.apply(input);
        }
    }

    @Override
    public void end() throws Exception {
        ended = true;
        if (output == null) { // else the tail waits: its failure must not overtake the output
            takeTail();
        }
    }

    private void takeTail() throws Exception {
        tailed = true;
        output = function.end();
    }

    @Override
    public @Nullable ByteBuffer poll() throws Exception {
        ByteBuffer out = takeOutput();
        if (out == null && ended && !tailed) {
            takeTail();
            out = takeOutput();
        }
        return out;
    }

    private @Nullable ByteBuffer takeOutput() {
        ByteBuffer out = output;
        output = null;
        return out != null && out.hasRemaining() ? out : null;
    }

    @Override
    public boolean isFinished() {
        return tailed && (output == null || !output.hasRemaining());
    }

    @Override
    public void close() {
        function.close();
    }
}
