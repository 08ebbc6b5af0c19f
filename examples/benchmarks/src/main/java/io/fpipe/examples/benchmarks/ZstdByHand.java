/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** zstd-jni in a loop: level 3, a checksum, chunks of 64 KiB, an array of its own for each, as the stages have them. */
final class ZstdByHand {

    private static final int CHUNK = 64 << 10;

    private ZstdByHand() {}

    static void compress(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            context.setLevel(3).setChecksum(true);
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
            for (int i = 0; i <= input.length; i++) {
                ByteBuffer buffer = i < input.length ? input[i].duplicate() : ByteBuffer.allocate(0);
                EndDirective directive = i < input.length ? EndDirective.CONTINUE : EndDirective.END;
                boolean done = false;
                while (!done) {
                    boolean flushed = context.compressByteBufferStream(chunk, buffer, directive);
                    done = i < input.length ? chunk.hasRemaining() && !buffer.hasRemaining() : flushed;
                    if (!chunk.hasRemaining()) {
                        output.accept(chunk.flip());
                        chunk = ByteBuffer.allocate(CHUNK);
                    }
                }
            }
            output.accept(chunk.flip());
        }
    }

    static void decompress(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        try (ZstdDecompressCtx context = new ZstdDecompressCtx()) {
            byte[] block = new byte[CHUNK];
            int used = 0;
            boolean finished = false;
            for (ByteBuffer source : input) {
                ByteBuffer buffer = source.duplicate();
                boolean full = false;
                while (buffer.hasRemaining() || (full && !finished)) {
                    ByteBuffer target = ByteBuffer.wrap(block, used, CHUNK - used);
                    finished = context.decompressByteBufferStream(target, buffer);
                    full = !target.hasRemaining();
                    int count = target.position() - used;
                    if (count > 0) {
                        output.accept(ByteBuffer.wrap(block, used, count).slice());
                    }
                    used += count;
                    if (full) {
                        block = new byte[CHUNK];
                        used = 0;
                    }
                }
            }
            if (!finished) {
                throw new IllegalStateException("truncated");
            }
        }
    }
}
