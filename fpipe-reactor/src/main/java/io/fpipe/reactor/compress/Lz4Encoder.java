/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHashFactory;
import org.jspecify.annotations.Nullable;

/**
 * Writes one LZ4 frame, a buffer for each block. A whole block that lies in one heap buffer is compressed where it is;
 * all else is gathered, also because read-only views would make lz4-java fall back to plain Java.
 */
final class Lz4Encoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};
    private static final int UNCOMPRESSED = 0x80000000;

    /** All that may stand around a block: the header, its length and checksum, the end mark and the checksum. */
    private static final int MOST_AROUND = Lz4Header.MOST_BYTES + 4 + 4 + 4 + 4;

    private final LZ4Compressor compressor;
    private final Lz4Header header;
    private final FlushMode mode;
    private final @Nullable StreamingXXHash32 checksum;

    private ByteBuffer input = ByteBuffer.wrap(NONE);
    private byte[] block = NONE;
    private int filled;
    private ByteBuffer output = ByteBuffer.wrap(NONE);
    private long total;
    private boolean flushing;
    private boolean begun;
    private boolean ended;
    private boolean finished;

    Lz4Encoder(LZ4Compressor compressor, Lz4Header header, FlushMode mode) {
        this.compressor = compressor;
        this.header = header;
        this.mode = mode;
        this.checksum =
                header.contentChecksum() ? XXHashFactory.fastestInstance().newStreamingHash32(0) : null;
    }

    @Override
    public void feed(ByteBuffer next) {
        input = next.duplicate();
        total += next.remaining();
        flushing = mode == FlushMode.PER_BUFFER && next.hasRemaining();
        if (header.contentSize() != Lz4Header.UNKNOWN && total > header.contentSize()) {
            throw wrongSize("at least ");
        }
    }

    @Override
    public void end() {
        ended = true;
        if (header.contentSize() != Lz4Header.UNKNOWN && total != header.contentSize()) {
            throw wrongSize("");
        }
    }

    private CorruptStreamException wrongSize(String bound) {
        return new CorruptStreamException(
                "the message has " + bound + total + " bytes, where contentSize is " + header.contentSize());
    }

    @Override
    public boolean flush() {
        flushing |= mode == FlushMode.WHEN_IDLE && filled > 0;
        return flushing;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        int size = header.blockSize();
        if (filled == 0 && input.remaining() >= size && input.hasArray()) {
            int offset = input.arrayOffset() + input.position();
            input.position(input.position() + size);
            return write(input.array(), offset, size);
        }
        gather(size);
        boolean due = filled == size || (!input.hasRemaining() && (ended || (flushing && filled > 0)));
        if (due && !finished) {
            int length = filled;
            filled = 0;
            return write(block, 0, length);
        }
        flushing = false;
        return null;
    }

    private void gather(int size) {
        int count = Math.min(size - filled, input.remaining());
        int needed = filled + count;
        if (needed > block.length) {
            int first = Math.max(needed, Blocks.first(count, size));
            block = Arrays.copyOf(block, Math.max(first, Blocks.next(block.length, size)));
        }
        input.get(block, filled, count);
        filled = needed;
    }

    /** Writes a block, with the header before the first, and the end after the last; there may be no block in it. */
    private ByteBuffer write(byte[] plain, int offset, int length) {
        int most = compressor.maxCompressedLength(length);
        if (output.capacity() < most + MOST_AROUND) {
            output = ByteBuffer.allocate(most + MOST_AROUND).order(ByteOrder.LITTLE_ENDIAN);
        }
        if (!begun) {
            begun = true;
            output.put(header.toBytes());
        }
        if (length > 0) {
            writeBlock(plain, offset, length, most);
        }
        finished = ended && !input.hasRemaining();
        if (finished) {
            output.putInt(0);
            if (checksum != null) {
                output.putInt(checksum.getValue());
            }
        }
        return take();
    }

    private void writeBlock(byte[] plain, int offset, int length, int most) {
        byte[] array = output.array();
        int start = output.position() + 4;
        int stored = compressor.compress(plain, offset, length, array, start, most);
        if (stored < length) {
            output.putInt(stored);
        } else {
            System.arraycopy(plain, offset, array, start, length);
            stored = length;
            output.putInt(length | UNCOMPRESSED);
        }
        output.position(start + stored);
        if (header.blockChecksum()) {
            output.putInt(Lz4Header.HASH.hash(array, start, stored, 0));
        }
        if (checksum != null) {
            checksum.update(plain, offset, length);
        }
    }

    /** Hands the output out, or a copy if most of it would be empty. */
    private ByteBuffer take() {
        int length = output.position();
        if (length < output.capacity() / 2) {
            output.clear();
            return ByteBuffer.wrap(Arrays.copyOf(output.array(), length));
        }
        ByteBuffer full = ByteBuffer.wrap(output.array(), 0, length);
        output = ByteBuffer.wrap(NONE);
        return full;
    }

    @Override
    public boolean isFinished() {
        return finished;
    }

    @Override
    public void close() {
        if (checksum != null) {
            checksum.close();
        }
    }
}
