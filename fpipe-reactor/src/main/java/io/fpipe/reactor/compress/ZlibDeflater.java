/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** Fills chunks from a {@link Deflater}, which it owns. The two bytes of the header do not leave on their own. */
final class ZlibDeflater implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};

    private final Deflater deflater;
    private final int chunkSize;

    private byte[] chunk = NONE;
    private int filled;
    private boolean started;
    private boolean finished;

    ZlibDeflater(Deflater deflater, int chunkSize) {
        this.deflater = deflater;
        this.chunkSize = chunkSize;
    }

    @Override
    public void feed(ByteBuffer input) {
        start(input.remaining());
        deflater.setInput(input.duplicate()); // its cursor moves as it is consumed
    }

    @Override
    public void end() {
        start(0);
        deflater.finish();
    }

    private void start(int inputBytes) {
        if (!started) {
            started = true;
            chunk = new byte[Blocks.first(inputBytes, chunkSize)];
        }
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (!started || finished) {
            return null;
        }
        for (; ; ) { // ends: each turn fills the chunk further
            if (chunk.length == 0) {
                chunk = new byte[chunkSize];
            }
            filled += deflater.deflate(chunk, filled, chunk.length - filled);
            if (deflater.finished()) {
                finished = true;
                return take();
            }
            if (filled < chunk.length) { // less than there was room for: all input is consumed
                return null;
            }
            if (chunk.length == chunkSize) {
                return take();
            }
            chunk = Arrays.copyOf(chunk, Blocks.next(chunk.length, chunkSize));
        }
    }

    /** Hands the chunk out; it is not written again. */
    private ByteBuffer take() {
        ByteBuffer output = ByteBuffer.wrap(chunk, 0, filled);
        chunk = NONE;
        filled = 0;
        return output;
    }

    @Override
    public boolean isFinished() {
        return finished;
    }

    @Override
    public void close() {
        deflater.end();
    }
}
