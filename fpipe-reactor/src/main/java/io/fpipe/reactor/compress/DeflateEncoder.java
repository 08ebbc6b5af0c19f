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

/** Fills chunks from a {@link Deflater}, which it owns. A header does not leave on its own. */
final class DeflateEncoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};

    private final Deflater deflater;
    private final DeflateFormat format;
    private final int chunkSize;
    private final FlushMode mode;

    private byte[] chunk = NONE;
    private int filled;
    private int nextSize;
    private @Nullable ByteBuffer trailer;
    private boolean started;
    private boolean unflushed;
    private boolean flushing;
    private boolean finished;

    DeflateEncoder(Deflater deflater, DeflateFormat format, CodecSettings settings) {
        this.deflater = deflater;
        this.format = format;
        this.chunkSize = settings.size();
        this.mode = settings.flush();
    }

    @Override
    public void feed(ByteBuffer input) {
        start(input.remaining());
        format.update(input.duplicate());
        deflater.setInput(input.duplicate()); // its cursor moves as it is consumed
        if (input.hasRemaining()) {
            unflushed = true;
            flushing = mode == FlushMode.PER_BUFFER;
        }
    }

    @Override
    public void end() {
        start(0);
        flushing = false; // finishing flushes
        deflater.finish();
    }

    private void start(int inputBytes) {
        if (chunk.length == 0 && nextSize < chunkSize) {
            nextSize = Blocks.first(inputBytes, chunkSize);
        }
        if (!started) {
            started = true;
            byte[] header = format.header();
            chunk = Arrays.copyOf(header, nextSize);
            filled = header.length;
        }
    }

    @Override
    public boolean flush() {
        if (mode != FlushMode.WHEN_IDLE || !unflushed) {
            return false;
        }
        flushing = true;
        return true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (!started || finished) {
            return null;
        }
        for (; ; ) { // ends: each turn fills the chunk further
            if (chunk.length == 0) {
                chunk = new byte[nextSize];
            }
            fill();
            if (finished) {
                return filled == 0 ? null : take(); // raw deflate may fill a chunk exactly and say so afterwards
            }
            if (filled < chunk.length) { // less than there was room for: all input is consumed
                boolean flushed = flushing;
                flushing = false;
                unflushed &= !flushed;
                return flushed && filled > 0 ? take() : null;
            }
            nextSize = Blocks.next(chunk.length, chunkSize);
            if (chunk.length == chunkSize) {
                return take();
            }
            chunk = Arrays.copyOf(chunk, nextSize);
        }
    }

    private void fill() {
        // A flush that fills the room exactly is repeated; at worst that writes one more empty block.
        int flush = flushing ? Deflater.SYNC_FLUSH : Deflater.NO_FLUSH;
        filled += deflater.deflate(chunk, filled, chunk.length - filled, flush);
        if (deflater.finished()) {
            ByteBuffer rest = trailer == null ? ByteBuffer.wrap(format.trailer(deflater.getBytesRead())) : trailer;
            trailer = rest;
            int count = Math.min(rest.remaining(), chunk.length - filled);
            rest.get(chunk, filled, count);
            filled += count;
            finished = !rest.hasRemaining();
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
