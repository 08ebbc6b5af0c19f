/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHashFactory;
import org.jspecify.annotations.Nullable;

/** lz4-java in a loop, one frame of independent blocks of 64 KiB with a checksum of the content, as the stages have it. */
final class Lz4ByHand {

    private static final int BLOCK = 64 << 10;
    private static final int STORED = 0x80000000;
    private static final byte[] HEADER = {0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, (byte) 0xa7};

    private Lz4ByHand() {}

    static void compress(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        new Writer(output).write(input);
    }

    static void decompress(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        Reader reader = new Reader(output);
        for (ByteBuffer buffer : input) {
            reader.read(buffer.array(), buffer.arrayOffset() + buffer.position(), buffer.remaining());
        }
        if (!reader.finished) {
            throw new IllegalStateException("truncated");
        }
    }

    private static final class Writer {

        private final LZ4Compressor compressor = LZ4Factory.fastestInstance().fastCompressor();
        private final StreamingXXHash32 hash = XXHashFactory.fastestInstance().newStreamingHash32(0);
        private final int most = compressor.maxCompressedLength(BLOCK);
        private final Consumer<ByteBuffer> output;
        private @Nullable ByteBuffer spare;

        Writer(Consumer<ByteBuffer> output) {
            this.output = output;
        }

        void write(ByteBuffer[] input) {
            output.accept(ByteBuffer.wrap(HEADER.clone()));
            byte[] block = new byte[BLOCK];
            int filled = 0;
            for (ByteBuffer buffer : input) {
                int offset = buffer.arrayOffset() + buffer.position();
                int end = offset + buffer.remaining();
                while (offset < end) {
                    if (filled == 0 && end - offset >= BLOCK) {
                        writeBlock(buffer.array(), offset, BLOCK);
                        offset += BLOCK;
                        continue;
                    }
                    int count = Math.min(BLOCK - filled, end - offset);
                    System.arraycopy(buffer.array(), offset, block, filled, count);
                    filled += count;
                    offset += count;
                    if (filled == BLOCK) {
                        writeBlock(block, 0, BLOCK);
                        filled = 0;
                    }
                }
            }
            if (filled > 0) {
                writeBlock(block, 0, filled);
            }
            output.accept(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(0)
                    .putInt(hash.getValue())
                    .flip());
            hash.close();
        }

        private void writeBlock(byte[] plain, int offset, int length) {
            ByteBuffer buffer = spare;
            if (buffer == null) {
                buffer = ByteBuffer.allocate(4 + most).order(ByteOrder.LITTLE_ENDIAN);
            }
            byte[] array = buffer.array();
            int count = compressor.compress(plain, offset, length, array, 4, most);
            if (count < length) {
                buffer.putInt(0, count);
            } else {
                System.arraycopy(plain, offset, array, 4, length);
                count = length;
                buffer.putInt(0, length | STORED);
            }
            hash.update(plain, offset, length);
            // as the stage: no array is handed out that is mostly empty
            if (4 + count < array.length / 2) {
                output.accept(ByteBuffer.wrap(Arrays.copyOf(array, 4 + count)));
                spare = buffer;
            } else {
                output.accept(ByteBuffer.wrap(array, 0, 4 + count));
                spare = null;
            }
        }
    }

    private static final class Reader {

        private enum Field {
            HEADER,
            LENGTH,
            BLOCK,
            CHECKSUM
        }

        private final LZ4SafeDecompressor decompressor =
                LZ4Factory.fastestInstance().safeDecompressor();
        private final StreamingXXHash32 hash = XXHashFactory.fastestInstance().newStreamingHash32(0);
        private final byte[] gathered = new byte[BLOCK];
        private final Consumer<ByteBuffer> output;
        private byte @Nullable [] spare;
        private Field field = Field.HEADER;
        private int needed = HEADER.length;
        private int count;
        private boolean stored;
        private boolean finished;

        Reader(Consumer<ByteBuffer> output) {
            this.output = output;
        }

        void read(byte[] array, int from, int length) {
            int offset = from;
            int end = from + length;
            while (offset < end) {
                if (count == 0 && end - offset >= needed) {
                    int start = offset;
                    offset += needed;
                    take(array, start);
                    continue;
                }
                int more = Math.min(needed - count, end - offset);
                System.arraycopy(array, offset, gathered, count, more);
                count += more;
                offset += more;
                if (count == needed) {
                    count = 0;
                    take(gathered, 0);
                }
            }
        }

        private void take(byte[] array, int offset) {
            switch (field) {
                case HEADER -> expect(Field.LENGTH, 4);
                case LENGTH -> {
                    int length = littleEndian(array, offset);
                    stored = length < 0;
                    expect(length == 0 ? Field.CHECKSUM : Field.BLOCK, length == 0 ? 4 : length & ~STORED);
                }
                case BLOCK -> {
                    block(array, offset, needed);
                    expect(Field.LENGTH, 4);
                }
                case CHECKSUM -> {
                    if (littleEndian(array, offset) != hash.getValue()) {
                        throw new IllegalStateException("wrong checksum");
                    }
                    hash.close();
                    finished = true;
                }
            }
        }

        private void expect(Field next, int length) {
            field = next;
            needed = length;
        }

        private void block(byte[] array, int offset, int length) {
            if (stored) {
                byte[] plain = array == gathered ? Arrays.copyOf(array, length) : array;
                hash.update(array, offset, length);
                output.accept(ByteBuffer.wrap(plain, array == gathered ? 0 : offset, length));
                return;
            }
            byte[] plain = spare == null ? new byte[BLOCK] : spare;
            int plainLength = decompressor.decompress(array, offset, length, plain, 0, BLOCK);
            hash.update(plain, 0, plainLength);
            if (plainLength < BLOCK / 2) {
                output.accept(ByteBuffer.wrap(Arrays.copyOf(plain, plainLength)));
                spare = plain;
            } else {
                output.accept(ByteBuffer.wrap(plain, 0, plainLength));
                spare = null;
            }
        }
    }

    private static int littleEndian(byte[] array, int offset) {
        return (array[offset] & 0xff)
                | (array[offset + 1] & 0xff) << 8
                | (array[offset + 2] & 0xff) << 16
                | (array[offset + 3] & 0xff) << 24;
    }
}
