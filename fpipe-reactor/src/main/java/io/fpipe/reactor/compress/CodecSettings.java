/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

/**
 * The values of the options that all codecs have.
 *
 * @param level how hard to compress
 * @param size the size of a chunk or block in bytes
 * @param flush when to flush
 * @param maxOutputBytes the limit of what is decompressed
 * @param trailing what to do with bytes after the end
 */
record CodecSettings(int level, int size, FlushMode flush, long maxOutputBytes, TrailingData trailing) {

    static final long DEFAULT_MAX_OUTPUT = 64L << 20;

    static CodecSettings of(int level, int size) {
        return new CodecSettings(level, size, FlushMode.NONE, DEFAULT_MAX_OUTPUT, TrailingData.ERROR);
    }

    CodecSettings level(int newLevel, int least, int most) {
        if (newLevel < least || newLevel > most) {
            throw new IllegalArgumentException("level must be from " + least + " to " + most + ", was " + newLevel);
        }
        return new CodecSettings(newLevel, size, flush, maxOutputBytes, trailing);
    }

    CodecSettings chunkSize(int bytes) {
        if (bytes < Blocks.SMALLEST) {
            throw new IllegalArgumentException("chunkSize must be at least " + Blocks.SMALLEST + ", was " + bytes);
        }
        return size(bytes);
    }

    CodecSettings size(int bytes) {
        return new CodecSettings(level, bytes, flush, maxOutputBytes, trailing);
    }

    CodecSettings flush(FlushMode mode) {
        return new CodecSettings(level, size, mode, maxOutputBytes, trailing);
    }

    CodecSettings maxOutputBytes(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("maxOutputBytes must be at least 1, was " + bytes);
        }
        return new CodecSettings(level, size, flush, bytes, trailing);
    }

    CodecSettings trailing(TrailingData newTrailing) {
        return new CodecSettings(level, size, flush, maxOutputBytes, newTrailing);
    }
}
