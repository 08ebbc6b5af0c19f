/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/** The JDK's codecs in a loop: level 1, chunks of 8 KiB, an array of its own for each, as the stages have them. */
final class DeflateByHand {

    private static final int CHUNK = 8 << 10;
    private static final int GZIP_HEADER = 10;
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 4, (byte) 255};

    private DeflateByHand() {}

    /** Writes zlib, or raw deflate. */
    static Work.Loop deflate(boolean raw) {
        return (input, output) -> {
            Deflater deflater = new Deflater(1, raw);
            deflate(deflater, input, output, new byte[CHUNK], 0, null);
            deflater.end();
        };
    }

    static void gzip(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        Deflater deflater = new Deflater(1, true);
        byte[] chunk = new byte[CHUNK];
        System.arraycopy(HEADER, 0, chunk, 0, GZIP_HEADER);
        CRC32 crc = new CRC32();
        deflate(deflater, input, output, chunk, GZIP_HEADER, crc);
        output.accept(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .putInt((int) deflater.getBytesRead())
                .flip());
        deflater.end();
    }

    private static void deflate(
            Deflater deflater,
            ByteBuffer[] input,
            Consumer<ByteBuffer> output,
            byte[] first,
            int used,
            @Nullable CRC32 crc) {
        byte[] chunk = first;
        int filled = used;
        for (int i = 0; i <= input.length; i++) {
            if (i < input.length) {
                if (crc != null) {
                    crc.update(input[i].duplicate());
                }
                deflater.setInput(input[i].duplicate());
            } else {
                deflater.finish();
            }
            for (; ; ) {
                filled += deflater.deflate(chunk, filled, CHUNK - filled);
                if (filled < CHUNK) {
                    break;
                }
                output.accept(ByteBuffer.wrap(chunk));
                chunk = new byte[CHUNK];
                filled = 0;
            }
        }
        output.accept(ByteBuffer.wrap(chunk, 0, filled));
    }

    /** Reads zlib, or raw deflate. */
    static Work.Loop inflate(boolean raw) {
        return (input, output) -> {
            Inflater inflater = new Inflater(raw);
            inflate(inflater, input, 0, output, null);
            inflater.end();
        };
    }

    static void gunzip(ByteBuffer[] input, Consumer<ByteBuffer> output) throws DataFormatException {
        Inflater inflater = new Inflater(true);
        CRC32 crc = new CRC32();
        inflate(inflater, input, GZIP_HEADER, output, crc);
        ByteBuffer last = input[input.length - 1];
        int trailer = last.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(last.limit() - 8);
        if (trailer != (int) crc.getValue()) {
            throw new DataFormatException("wrong CRC-32");
        }
        inflater.end();
    }

    private static void inflate(
            Inflater inflater, ByteBuffer[] input, int skip, Consumer<ByteBuffer> output, @Nullable CRC32 crc)
            throws DataFormatException {
        byte[] block = new byte[CHUNK];
        int used = 0;
        for (int i = 0; i < input.length; i++) {
            ByteBuffer buffer = input[i].duplicate();
            inflater.setInput(i == 0 ? buffer.position(skip) : buffer);
            for (; ; ) {
                int count = inflater.inflate(block, used, CHUNK - used);
                if (count == 0) {
                    break;
                }
                ByteBuffer chunk = ByteBuffer.wrap(block, used, count).slice();
                if (crc != null) {
                    crc.update(chunk.duplicate());
                }
                output.accept(chunk);
                used += count;
                if (used == CHUNK) {
                    block = new byte[CHUNK];
                    used = 0;
                }
            }
        }
        if (!inflater.finished()) {
            throw new DataFormatException("truncated");
        }
    }
}
