/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import java.util.function.UnaryOperator;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** The zlib format (RFC 1950), which carries a checksum of its own. Any zlib reads and writes it. */
public final class Zlib {

    private Zlib() {}

    /**
     * Compresses a message to one zlib stream, with the default {@link Options}.
     *
     * @return the stage; {@link #compress(UnaryOperator)} says what it does
     */
    public static Stage compress() {
        return compress(options -> options);
    }

    /**
     * Compresses a message to one zlib stream (RFC 1950).
     * <ul>
     * <li>Emits: chunks of exactly {@link Options#chunkSize} bytes and the rest in the last. Nothing is flushed before
     * a chunk is full, as that would cost compression.</li>
     * <li>Requests: one input buffer at a time, when the deflater needs it.</li>
     * <li>Completes: when the source has completed, together with the last chunk.</li>
     * <li>Fails: with the source's error only.</li>
     * <li>Cancels: the source, and frees the deflater.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage compress(UnaryOperator<Options> options) {
        Options o = requireNonNull(options.apply(Options.DEFAULT), "options");
        return Stage.transcode(() -> new ZlibDeflater(new Deflater(o.level), o.chunkSize));
    }

    /**
     * Decompresses one zlib stream, with the default {@link Options}.
     *
     * @return the stage; {@link #decompress(UnaryOperator)} says what it does
     */
    public static Stage decompress() {
        return decompress(options -> options);
    }

    /**
     * Decompresses one zlib stream (RFC 1950).
     * <ul>
     * <li>Emits: chunks of at most {@link Options#chunkSize} bytes, as soon as they are inflated.</li>
     * <li>Requests: one input buffer at a time, when the inflater needs it.</li>
     * <li>Completes: when the source completes after the end of the zlib stream.</li>
     * <li>Fails: {@link CorruptStreamException} for truncated, damaged or trailing bytes and for a stream that needs a
     * preset dictionary; {@link LimitExceededException} above {@link Options#maxOutputBytes}.</li>
     * <li>Cancels: the source, and frees the inflater.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage decompress(UnaryOperator<Options> options) {
        Options o = requireNonNull(options.apply(Options.DEFAULT), "options");
        return Stage.transcode(() -> new ZlibInflater(new Inflater(), o.chunkSize, o.maxOutputBytes));
    }

    /** The options of both directions. Immutable: each method returns a copy. */
    public static final class Options {

        static final Options DEFAULT = new Options(Deflater.BEST_SPEED, 8 << 10, 64L << 20);

        private final int level;
        private final int chunkSize;
        private final long maxOutputBytes;

        private Options(int level, int chunkSize, long maxOutputBytes) {
            this.level = level;
            this.chunkSize = chunkSize;
            this.maxOutputBytes = maxOutputBytes;
        }

        /**
         * Sets how hard to compress. Default: 1, the fastest, which already does most of what can be done.
         *
         * @param level from 0, not at all, to 9, as small as possible
         * @return the options with it
         */
        public Options level(int level) {
            if (level < 0 || level > 9) {
                throw new IllegalArgumentException("level must be from 0 to 9, was " + level);
            }
            return new Options(level, chunkSize, maxOutputBytes);
        }

        /**
         * Sets the size of the buffers that are emitted. A small message takes a small buffer. Default: 8 KiB.
         *
         * @param bytes the size, at least 64
         * @return the options with it
         */
        public Options chunkSize(int bytes) {
            if (bytes < Blocks.SMALLEST) {
                throw new IllegalArgumentException("chunkSize must be at least " + Blocks.SMALLEST + ", was " + bytes);
            }
            return new Options(level, bytes, maxOutputBytes);
        }

        /**
         * Limits the bytes one message may decompress to; more fails with {@link LimitExceededException}. Default:
         * 64 MiB.
         *
         * @param bytes the limit, at least 1
         * @return the options with it
         */
        public Options maxOutputBytes(long bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("maxOutputBytes must be at least 1, was " + bytes);
            }
            return new Options(level, chunkSize, bytes);
        }

        /**
         * Lets one message decompress to any number of bytes. Memory stays bounded, unless something downstream
         * collects them; a kilobyte of zlib can become a megabyte.
         *
         * @return the options without a limit
         */
        public Options unlimited() {
            return new Options(level, chunkSize, Long.MAX_VALUE);
        }
    }
}
