/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Fills chunks from a {@link ZstdCompressCtx}, which it owns. */
final class ZstdEncoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};

    private final ZstdCompressCtx context = new ZstdCompressCtx();
    private final OutputChunk chunk;
    private final FlushMode mode;

    private ByteBuffer input = ByteBuffer.wrap(NONE);
    private EndDirective directive = EndDirective.CONTINUE;
    private boolean unflushed;
    private boolean finished;

    ZstdEncoder(CodecSettings settings, boolean checksum) {
        this.chunk = new OutputChunk(settings.size());
        this.mode = settings.flush();
        context.setLevel(settings.level()).setChecksum(checksum);
    }

    /** A view of a buffer, or a copy if native code cannot read it. */
    static ByteBuffer readable(ByteBuffer buffer) {
        return buffer.hasArray() || buffer.isDirect()
                ? buffer.duplicate()
                : ByteBuffer.allocate(buffer.remaining())
                        .put(buffer.duplicate())
                        .flip();
    }

    @Override
    public void feed(ByteBuffer next) {
        input = readable(next);
        chunk.expect(next.remaining());
        if (next.hasRemaining()) {
            unflushed = true;
            if (mode == FlushMode.PER_BUFFER) {
                directive = EndDirective.FLUSH;
            }
        }
    }

    @Override
    public void end() {
        directive = EndDirective.END;
    }

    @Override
    public boolean flush() {
        if (mode != FlushMode.WHEN_IDLE || !unflushed) {
            return false;
        }
        directive = EndDirective.FLUSH;
        return true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (finished || (!input.hasRemaining() && directive == EndDirective.CONTINUE)) {
            return null;
        }
        do { // ends: each turn fills the chunk further
            boolean done = compress();
            if (done && directive == EndDirective.END) {
                finished = true;
                return chunk.take();
            }
            if (done && !input.hasRemaining()) {
                boolean flushed = directive == EndDirective.FLUSH;
                directive = EndDirective.CONTINUE;
                unflushed &= !flushed;
                return flushed && chunk.filled() > 0 ? chunk.take() : null;
            }
        } while (chunk.room() > 0 || chunk.grow());
        return chunk.take();
    }

    /** Returns whether the directive was carried out; a full chunk leaves that open, even if all input is consumed. */
    private boolean compress() {
        int room = chunk.room();
        ByteBuffer target = ByteBuffer.wrap(chunk.array(), chunk.filled(), room);
        boolean flushed = context.compressByteBufferStream(target, input, directive);
        chunk.add(room - target.remaining());
        return directive == EndDirective.CONTINUE ? target.hasRemaining() && !input.hasRemaining() : flushed;
    }

    @Override
    public boolean isFinished() {
        return finished;
    }

    @Override
    public void close() {
        context.close();
    }
}
