/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Emits what a {@link ZstdDecompressCtx} gives, which it owns, as slices of blocks that are not written again. It looks
 * at the magic number of each frame itself, to tell another frame from trailing bytes.
 */
final class ZstdDecoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final int MAGIC = 0xFD2FB528;
    private static final int SKIPPABLE_MAGIC = 0x184D2A50;
    private static final int SKIPPABLE_MASK = 0xFFFFFFF0;

    private enum State {
        MAGIC,
        FRAME,
        IGNORING
    }

    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final Fields fields = new Fields();
    private final OutputBlock block;
    private final ByteLimit limit;
    private final TrailingData trailing;
    private final int maxWindowLog;

    private State state = State.MAGIC;
    private long frames;
    private boolean mayHaveMore;
    private boolean fed;
    private boolean ended;

    ZstdDecoder(CodecSettings settings, int maxWindowLog) {
        this.block = new OutputBlock(settings.size());
        this.limit = new ByteLimit("maxOutputBytes", settings.maxOutputBytes());
        this.trailing = settings.trailing();
        this.maxWindowLog = maxWindowLog;
        context.setLongMax(maxWindowLog);
    }

    @Override
    public void feed(ByteBuffer next) {
        fed = true;
        fields.feed(ZstdEncoder.readable(next));
        block.expect(next.remaining());
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
        while (progress && (output == null || state != State.FRAME)) { // each turn takes input, or is the last
            if (state == State.FRAME) {
                // Without input there is more only if the block was full; zstd takes vain calls for an error.
                progress = fields.input().hasRemaining() || mayHaveMore;
                output = progress ? decompress(fields.input()) : null;
            } else {
                progress = passMagic();
            }
        }
        if (output == null && ended) {
            checkEnd();
        }
        return output;
    }

    private boolean passMagic() {
        if (state == State.IGNORING) {
            fields.skip(Long.MAX_VALUE);
            return false;
        }
        ByteBuffer field = fields.take(4, false);
        if (field == null) {
            return false;
        }
        int magic = field.getInt(0);
        if (magic == MAGIC || (magic & SKIPPABLE_MASK) == SKIPPABLE_MAGIC) {
            state = State.FRAME;
            decompress(field); // too little for any output
        } else if (frames > 0) {
            refuseTrailing(4);
        } else {
            throw new CorruptStreamException(String.format(
                    "not a zstd frame: it begins with 0x%08x instead of 0x%08x",
                    Integer.reverseBytes(magic), Integer.reverseBytes(MAGIC)));
        }
        return true;
    }

    private @Nullable ByteBuffer decompress(ByteBuffer input) {
        int room = block.room();
        ByteBuffer target = ByteBuffer.wrap(block.array(), block.used(), room);
        try {
            if (context.decompressByteBufferStream(target, input)) {
                frames++;
                state = State.MAGIC;
            }
        } catch (ZstdException ex) {
            throw failure(ex);
        }
        int count = room - target.remaining();
        mayHaveMore = count == room;
        limit.add(count);
        return count == 0 ? null : block.slice(count);
    }

    private RuntimeException failure(ZstdException ex) {
        String where = "zstd frame " + frames + ", after byte " + fields.position() + ": ";
        long code = Math.abs(ex.getErrorCode()); // the streaming calls give it with the sign of the native result
        if (code == Zstd.errFrameParameterWindowTooLarge()) {
            return new LimitExceededException("maxWindowLog", maxWindowLog, where + "the window is too large");
        }
        if (code == Zstd.errDictionaryWrong()) {
            return new CorruptStreamException(where + "it needs a dictionary", ex);
        }
        return new CorruptStreamException(where + ex.getMessage(), ex);
    }

    private void refuseTrailing(int taken) {
        if (trailing == TrailingData.ERROR) {
            throw new CorruptStreamException((taken + fields.input().remaining())
                    + " bytes follow the zstd stream, which ended after " + (fields.position() - taken) + " bytes");
        }
        fields.drop();
        state = State.IGNORING;
    }

    private void checkEnd() {
        if (!isComplete()) {
            throw new CorruptStreamException(
                    "the zstd stream is truncated: it ended after " + fields.position() + " bytes");
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
        context.close();
    }
}
