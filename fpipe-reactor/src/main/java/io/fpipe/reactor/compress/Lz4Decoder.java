/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHashFactory;
import org.jspecify.annotations.Nullable;

/** Reads LZ4 frames, field by field. */
final class Lz4Decoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};
    private static final int LENGTH_MASK = 0x7FFFFFFF;

    /** A byte of a block stands for at most so many plain bytes: the longest matches cost one for each 255. */
    private static final int MOST_EXPANSION = 255;

    private enum State {
        MAGIC,
        SKIPPED_LENGTH,
        SKIPPED,
        HEADER,
        HEADER_REST,
        BLOCK_LENGTH,
        BLOCK,
        CONTENT_CHECKSUM,
        IGNORING
    }

    private final LZ4SafeDecompressor decompressor;
    private final Lz4Window window;
    private final ByteLimit limit;
    private final TrailingData trailing;
    private @Nullable StreamingXXHash32 checksum;

    private final Fields fields = new Fields();
    private State state = State.MAGIC;
    private long skip;
    private byte[] fixed = NONE;
    private Lz4Header header = Lz4.Options.DEFAULT.header();
    private int blockLength;
    private boolean stored;
    private long blocks;
    private long frames;
    private long content;
    private byte[] plain = NONE;
    private boolean fed;
    private boolean ended;

    Lz4Decoder(LZ4SafeDecompressor decompressor, CodecSettings settings) {
        this.decompressor = decompressor;
        this.window = new Lz4Window(decompressor);
        this.limit = new ByteLimit("maxOutputBytes", settings.maxOutputBytes());
        this.trailing = settings.trailing();
    }

    @Override
    public void feed(ByteBuffer next) {
        fed = true;
        fields.feed(next);
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (!fed && !ended) {
            return null;
        }
        ByteBuffer output = null;
        boolean progress = true;
        // What follows a block is checked together with it. Each turn takes input, or is the last.
        while (progress && (output == null || state != State.BLOCK)) {
            if (state == State.BLOCK) {
                ByteBuffer block = fields.take(blockLength + (header.blockChecksum() ? 4 : 0), stored);
                progress = block != null;
                output = block == null ? null : readBlock(block);
            } else {
                progress = passFrame();
            }
        }
        if (output == null && ended) {
            checkEnd();
        }
        return output;
    }

    /** Takes what is not a block; returns whether the state changed. */
    private boolean passFrame() {
        if (state == State.SKIPPED || state == State.IGNORING) {
            return passSkipped();
        }
        ByteBuffer field = fields.take(
                switch (state) {
                    case HEADER -> Lz4Header.FIXED_BYTES;
                    case HEADER_REST -> Lz4Header.restLength(fixed[0]);
                    default -> 4;
                },
                false);
        if (field == null) {
            return false;
        }
        switch (state) {
            case MAGIC -> readMagic(field);
            case SKIPPED_LENGTH -> {
                skip = Integer.toUnsignedLong(field.getInt());
                state = State.SKIPPED;
            }
            case HEADER -> {
                fixed = bytes(field);
                state = State.HEADER_REST;
            }
            case HEADER_REST -> readHeader(field);
            case BLOCK_LENGTH -> readBlockLength(field.getInt());
            default -> readContentChecksum(field.getInt());
        }
        return true;
    }

    private boolean passSkipped() {
        skip -= fields.skip(state == State.IGNORING ? Long.MAX_VALUE : skip);
        if (state == State.IGNORING || skip > 0) {
            return false;
        }
        endFrame();
        return true;
    }

    private void readMagic(ByteBuffer field) {
        int magic = field.getInt(0);
        if (magic == Lz4Header.MAGIC) {
            state = State.HEADER;
        } else if ((magic & Lz4Header.SKIPPABLE_MASK) == Lz4Header.SKIPPABLE_MAGIC) {
            state = State.SKIPPED_LENGTH;
        } else if (frames > 0 && magic != Lz4Header.LEGACY_MAGIC) {
            refuseTrailing(4);
        } else {
            throw Lz4Header.unknown(magic);
        }
    }

    private void refuseTrailing(int taken) {
        if (trailing == TrailingData.ERROR) {
            throw new CorruptStreamException((taken + fields.input().remaining())
                    + " bytes follow the LZ4 stream, which ended after " + (fields.position() - taken) + " bytes");
        }
        fields.drop();
        state = State.IGNORING;
    }

    private void readHeader(ByteBuffer rest) {
        byte[] descriptor = Arrays.copyOf(fixed, fixed.length + rest.remaining());
        rest.get(descriptor, fixed.length, rest.remaining());
        header = Lz4Header.parse(descriptor);
        blocks = 0;
        content = 0;
        window.clear();
        if (header.contentChecksum()) {
            if (checksum == null) {
                checksum = XXHashFactory.fastestInstance().newStreamingHash32(0);
            }
            checksum.reset();
        }
        state = State.BLOCK_LENGTH;
    }

    private void readBlockLength(int field) {
        blockLength = field & LENGTH_MASK;
        stored = field < 0;
        if (field == 0) {
            if (header.contentSize() != Lz4Header.UNKNOWN && content != header.contentSize()) {
                throw corrupt("content of " + content + " bytes, where " + header.contentSize() + " are given");
            }
            if (header.contentChecksum()) {
                state = State.CONTENT_CHECKSUM;
            } else {
                endFrame();
            }
        } else if (blockLength > header.blockSize()) {
            throw corrupt(
                    "block " + blocks + " of " + blockLength + " bytes, where " + header.blockSize() + " are the most");
        } else {
            state = State.BLOCK;
        }
    }

    private void readContentChecksum(int given) {
        if (checksum != null && checksum.getValue() != given) {
            throw corrupt("content" + Lz4Header.mismatch(checksum.getValue(), given));
        }
        endFrame();
    }

    private void endFrame() {
        frames++;
        state = State.MAGIC;
    }

    private @Nullable ByteBuffer readBlock(ByteBuffer field) {
        ByteBuffer block = field.slice(0, blockLength);
        if (header.blockChecksum()) {
            int computed = Lz4Header.HASH.hash(block, 0, blockLength, 0);
            int given = field.getInt(blockLength);
            if (computed != given) {
                throw corrupt("block " + blocks + Lz4Header.mismatch(computed, given));
            }
        }
        ByteBuffer output = stored ? block : decompress(block);
        if (stored && header.linked()) {
            window.append(block);
        }
        int length = output.remaining();
        limit.add(length);
        content += length;
        if (header.contentSize() != Lz4Header.UNKNOWN && Long.compareUnsigned(content, header.contentSize()) > 0) {
            throw corrupt("content of at least " + content + " bytes, where " + header.contentSize() + " are given");
        }
        if (header.contentChecksum() && checksum != null) {
            byte[] array = output.hasArray() ? output.array() : bytes(output);
            checksum.update(array, output.hasArray() ? output.arrayOffset() + output.position() : 0, length);
        }
        blocks++;
        state = State.BLOCK_LENGTH;
        return length == 0 ? null : output;
    }

    private ByteBuffer decompress(ByteBuffer block) {
        int most = (int) Math.min(header.blockSize(), (long) MOST_EXPANSION * blockLength);
        try {
            if (header.linked()) {
                return ByteBuffer.wrap(window.decompress(block, most));
            }
            if (plain.length < most) {
                plain = new byte[most];
            }
            int length = decompressor.decompress(block, 0, blockLength, ByteBuffer.wrap(plain), 0, most);
            if (length < plain.length / 2) { // most of the array would be empty: use it again
                return ByteBuffer.wrap(Arrays.copyOf(plain, length));
            }
            ByteBuffer output = ByteBuffer.wrap(plain, 0, length);
            plain = NONE;
            return output;
        } catch (LZ4Exception | BufferUnderflowException ex) {
            String message = ex.getMessage() == null ? "it ends in a length" : ex.getMessage();
            throw new CorruptStreamException(
                    "LZ4 frame " + frames + " has a damaged block " + blocks + " before byte " + fields.position()
                            + ": " + message,
                    ex);
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private CorruptStreamException corrupt(String what) {
        return new CorruptStreamException("LZ4 frame " + frames + " has a " + what);
    }

    private void checkEnd() {
        if (!isComplete()) {
            throw new CorruptStreamException(
                    "the LZ4 stream is truncated: it ended after " + fields.position() + " bytes");
        }
        if (fields.gathered() > 0) {
            refuseTrailing(fields.gathered());
        }
    }

    private boolean isComplete() {
        return state == State.IGNORING || (state == State.MAGIC && frames > 0);
    }

    @Override
    public boolean isFinished() {
        return ended && fields.isEmpty() && isComplete();
    }

    @Override
    public void close() {
        if (checksum != null) {
            checksum.close();
        }
    }
}
