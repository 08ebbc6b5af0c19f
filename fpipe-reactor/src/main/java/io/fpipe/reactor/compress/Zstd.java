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

/**
 * The Zstandard format (RFC 8878). The {@code zstd} command reads and writes it. Needs the library
 * {@code com.github.luben:zstd-jni}, which fpipe does not bring along: without it all methods throw an
 * {@link IllegalStateException} that says so.
 */
public final class Zstd {

    private Zstd() {}

    /**
     * Compresses a message to one zstd frame, with the default {@link Options}.
     *
     * @return the stage; {@link #compress(UnaryOperator)} says what it does
     */
    public static Stage compress() {
        return compress(options -> options);
    }

    /**
     * Compresses a message to one zstd frame.
     * <ul>
     * <li>Emits: chunks of exactly {@link Options#chunkSize} bytes and the rest in the last; a smaller one also where
     * {@link Options#flush} says so.</li>
     * <li>Requests: one input buffer at a time, when all of the last one is compressed.</li>
     * <li>Completes: when the source has completed, together with the last chunk.</li>
     * <li>Fails: with the source's error only.</li>
     * <li>Cancels: the source, and frees the compressor.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage compress(UnaryOperator<Options> options) {
        requireLibrary();
        Options o = requireNonNull(options.apply(Options.DEFAULT), "options");
        return Stage.transcode(() -> new ZstdEncoder(o.settings, o.checksum));
    }

    /**
     * Decompresses zstd frames, with the default {@link Options}.
     *
     * @return the stage; {@link #decompress(UnaryOperator)} says what it does
     */
    public static Stage decompress() {
        return decompress(options -> options);
    }

    /**
     * Decompresses zstd frames: any number, one after the other, whose content becomes one message. Checksums are
     * checked where they are given; skippable frames are skipped.
     * <ul>
     * <li>Emits: chunks of at most {@link Options#chunkSize} bytes, as soon as they are decompressed.</li>
     * <li>Requests: one input buffer at a time, when all of the last one is decompressed.</li>
     * <li>Completes: when the source completes after the end of a frame.</li>
     * <li>Fails: {@link CorruptStreamException} for truncated, damaged or trailing bytes and for a frame that needs a
     * dictionary; {@link LimitExceededException} above {@link Options#maxOutputBytes} and for a frame whose window is
     * larger than {@link Options#maxWindowLog} allows.</li>
     * <li>Cancels: the source, and frees the decompressor.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage decompress(UnaryOperator<Options> options) {
        requireLibrary();
        Options o = requireNonNull(options.apply(Options.DEFAULT), "options");
        return Stage.transcode(() -> new ZstdDecoder(o.settings, o.maxWindowLog));
    }

    /** Loads the library when the stage is made, not at the first message: its native part is read from a file. */
    private static void requireLibrary() {
        try {
            Class.forName("com.github.luben.zstd.ZstdCompressCtx", true, Zstd.class.getClassLoader());
        } catch (ClassNotFoundException ex) {
            throw new IllegalStateException(
                    "Zstd needs the library com.github.luben:zstd-jni, which is not on the class path", ex);
        } catch (LinkageError ex) {
            throw new IllegalStateException("the library com.github.luben:zstd-jni does not run here: " + ex, ex);
        }
    }

    /**
     * The options of both directions. Immutable: each method returns a copy. {@link #level} and {@link #checksum}
     * concern compression only, {@link #maxWindowLog} concerns decompression only.
     */
    public static final class Options extends CodecOptions<Options> {

        static final Options DEFAULT = new Options(CodecSettings.of(3, 64 << 10), true, 23);

        private final boolean checksum;
        private final int maxWindowLog;

        private Options(CodecSettings settings, boolean checksum, int maxWindowLog) {
            super(settings);
            this.checksum = checksum;
            this.maxWindowLog = maxWindowLog;
        }

        @Override
        Options with(CodecSettings newSettings) {
            return new Options(newSettings, checksum, maxWindowLog);
        }

        /**
         * Sets how hard to compress. Default: 3. The levels above 19 are not offered: they need windows that readers
         * need not support.
         *
         * @param level from -7, as fast as possible, to 19, as small as possible
         * @return the options with it
         */
        public Options level(int level) {
            return with(settings.level(level, -7, 19));
        }

        /**
         * Sets the size of the buffers that are emitted. A small message takes a small buffer. Default: 64 KiB.
         *
         * @param bytes the size, at least 64
         * @return the options with it
         */
        public Options chunkSize(int bytes) {
            return with(settings.chunkSize(bytes));
        }

        /**
         * Sets whether the frame ends with a checksum of the plain bytes. Default: yes.
         *
         * @param on whether
         * @return the options with it
         */
        public Options checksum(boolean on) {
            return new Options(settings, on, maxWindowLog);
        }

        /**
         * Limits the window that a frame may ask for, and so the memory of its reader. Default: 23, which is the 8 MiB
         * that RFC 8878 wants every reader to support; {@code zstd --ultra} and {@code --long} write larger ones.
         *
         * @param log the binary logarithm of the bytes, from 10 to 31
         * @return the options with it
         */
        public Options maxWindowLog(int log) {
            if (log < 10 || log > 31) {
                throw new IllegalArgumentException("maxWindowLog must be from 10 to 31, was " + log);
            }
            return new Options(settings, checksum, log);
        }
    }
}
