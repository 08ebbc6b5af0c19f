/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** Fills chunks from a {@link Deflater}, which it owns. A header does not leave on its own. */
final class DeflateEncoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private final Deflater deflater;
    private final DeflateFormat format;
    private final OutputChunk chunk;
    private final FlushMode mode;

    private @Nullable ByteBuffer trailer;
    private boolean started;
    private boolean unflushed;
    private boolean flushing;
    private boolean finished;

    DeflateEncoder(Deflater deflater, DeflateFormat format, CodecSettings settings) {
        this.deflater = deflater;
        this.format = format;
        this.chunk = new OutputChunk(settings.size());
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
        chunk.expect(inputBytes);
        if (!started) {
            started = true;
            chunk.add(ByteBuffer.wrap(format.header()));
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
        do { // ends: each turn fills the chunk further
            fill();
            if (finished) {
                return chunk.filled() == 0 ? null : chunk.take(); // raw deflate may know only after a full chunk
            }
            if (chunk.room() > 0) { // all input is consumed
                boolean flushed = flushing;
                flushing = false;
                unflushed &= !flushed;
                return flushed && chunk.filled() > 0 ? chunk.take() : null;
            }
        } while (chunk.grow());
        return chunk.take();
    }

    private void fill() {
        // A flush that fills the room exactly is repeated; at worst that writes one more empty block.
        int flush = flushing ? Deflater.SYNC_FLUSH : Deflater.NO_FLUSH;
        chunk.add(deflater.deflate(chunk.array(), chunk.filled(), chunk.room(), flush));
        if (deflater.finished()) {
            ByteBuffer rest = trailer == null ? ByteBuffer.wrap(format.trailer(deflater.getBytesRead())) : trailer;
            trailer = rest;
            chunk.add(rest);
            finished = !rest.hasRemaining();
        }
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
