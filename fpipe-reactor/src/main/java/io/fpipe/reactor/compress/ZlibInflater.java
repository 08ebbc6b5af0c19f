/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/** Emits what an {@link Inflater} gives, which it owns, as slices of blocks that are not written again. */
final class ZlibInflater implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};

    private final Inflater inflater;
    private final int chunkSize;
    private final ByteLimit limit;

    private byte[] block = NONE;
    private int used;
    private int nextSize;
    private boolean started;
    private boolean ended;
    private boolean finished;

    ZlibInflater(Inflater inflater, int chunkSize, long maxOutputBytes) {
        this.inflater = inflater;
        this.chunkSize = chunkSize;
        this.limit = new ByteLimit("maxOutputBytes", maxOutputBytes);
    }

    @Override
    public void feed(ByteBuffer input) {
        if (finished) {
            checkTrailing(input.remaining());
            return;
        }
        if (!started) {
            started = true;
            nextSize = Blocks.first(2 * Math.min(chunkSize, input.remaining()), chunkSize);
        }
        inflater.setInput(input.duplicate()); // its cursor moves as it is consumed
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (finished || (!started && !ended)) {
            return null;
        }
        if (used == block.length) {
            nextSize = Math.max(nextSize, Blocks.SMALLEST);
            block = new byte[nextSize];
            used = 0;
            nextSize = Blocks.next(nextSize, chunkSize);
        }
        int count = inflate();
        limit.add(count);
        finished = inflater.finished();
        if (finished) {
            checkTrailing(inflater.getRemaining());
        } else if (count == 0) {
            checkNeedsInput();
        }
        return count == 0 ? null : take(count);
    }

    private int inflate() {
        try {
            return inflater.inflate(block, used, block.length - used);
        } catch (DataFormatException ex) {
            throw new CorruptStreamException(
                    "the zlib stream is damaged at or before byte " + inflater.getBytesRead() + ": " + ex.getMessage(),
                    ex);
        }
    }

    private ByteBuffer take(int count) {
        ByteBuffer output = ByteBuffer.wrap(block, used, count).slice();
        used += count;
        return output;
    }

    /** Tells why nothing was inflated, if it is not because there is no input. */
    private void checkNeedsInput() {
        long read = inflater.getBytesRead();
        if (inflater.needsDictionary()) {
            throw new CorruptStreamException("the zlib stream needs a preset dictionary, with Adler-32 0x"
                    + Integer.toHexString(inflater.getAdler()));
        }
        if (!inflater.needsInput()) {
            throw new CorruptStreamException("the zlib stream makes no progress after byte " + read);
        }
        if (ended) {
            throw new CorruptStreamException("the zlib stream is truncated: it ended after " + read + " bytes");
        }
    }

    private void checkTrailing(int bytes) {
        if (bytes > 0) {
            throw new CorruptStreamException(
                    bytes + " bytes follow the zlib stream, which ended after " + inflater.getBytesRead() + " bytes");
        }
    }

    @Override
    public boolean isFinished() {
        return finished;
    }

    @Override
    public void close() {
        inflater.end();
    }
}
