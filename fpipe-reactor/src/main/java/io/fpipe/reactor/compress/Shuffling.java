/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Shuffles or unshuffles block by block. A block that lies in one heap buffer is read there. */
final class Shuffling implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};

    /** What is done to a block; {@code count} elements of {@code size} bytes, from an offset to the beginning. */
    interface Direction {
        void run(byte[] from, int offset, byte[] to, int count, int size);
    }

    private final int elementSize;
    private final int blockSize;
    private final Direction direction;

    private ByteBuffer input = ByteBuffer.wrap(NONE);
    private byte[] block = NONE;
    private int filled;
    private boolean ended;

    Shuffling(int elementSize, int mostBlockSize, Direction direction) {
        this.elementSize = elementSize;
        this.blockSize = mostBlockSize / elementSize * elementSize;
        this.direction = direction;
    }

    @Override
    public void feed(ByteBuffer next) {
        input = next.duplicate();
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (filled == 0 && input.remaining() >= blockSize && input.hasArray()) {
            int offset = input.arrayOffset() + input.position();
            input.position(input.position() + blockSize);
            return run(input.array(), offset, blockSize);
        }
        int count = Math.min(blockSize - filled, input.remaining());
        if (filled + count > block.length) {
            int size = Math.max(filled + count, Blocks.next(block.length, blockSize));
            block = Arrays.copyOf(block, size);
        }
        input.get(block, filled, count);
        filled += count;
        if (filled == blockSize || (ended && filled > 0)) {
            int length = filled;
            filled = 0;
            return run(block, 0, length);
        }
        return null;
    }

    private ByteBuffer run(byte[] from, int offset, int length) {
        byte[] to = new byte[length];
        int count = length / elementSize;
        direction.run(from, offset, to, count, elementSize);
        int whole = count * elementSize;
        System.arraycopy(from, offset + whole, to, whole, length - whole);
        return ByteBuffer.wrap(to);
    }

    @Override
    public boolean isFinished() {
        return ended && filled == 0 && !input.hasRemaining();
    }
}
