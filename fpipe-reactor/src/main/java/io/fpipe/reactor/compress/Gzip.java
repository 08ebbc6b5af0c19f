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

/**
 * The gzip format (RFC 1952), of files and HTTP: a header, deflated bytes, and their CRC-32 and length. The {@code
 * gzip} command reads and writes it.
 */
public final class Gzip {

    private Gzip() {}

    /**
     * Compresses a message to one gzip stream, with the default {@link Options}.
     *
     * @return the stage; {@link #compress(UnaryOperator)} says what it does
     */
    public static Stage compress() {
        return compress(options -> options);
    }

    /**
     * Compresses a message to one gzip stream (RFC 1952).
     * <ul>
     * <li>Emits: chunks of exactly {@link Options#chunkSize} bytes and the rest in the last; a smaller one also where
     * {@link Options#flush} says so. By default nothing is flushed, as that costs compression.</li>
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
        CodecSettings settings = requireNonNull(options.apply(Options.DEFAULT), "options").settings;
        return Stage.transcode(() ->
                new DeflateEncoder(new Deflater(settings.level(), true), new GzipFormat(settings.level()), settings));
    }

    /**
     * Decompresses a gzip stream, with the default {@link Options}.
     *
     * @return the stage; {@link #decompress(UnaryOperator)} says what it does
     */
    public static Stage decompress() {
        return decompress(options -> options);
    }

    /**
     * Decompresses a gzip stream (RFC 1952). It may have any number of
     * members, one after the other; their content becomes one message. The name, comment and other fields of their
     * headers are read and dropped.
     * <ul>
     * <li>Emits: chunks of at most {@link Options#chunkSize} bytes, as soon as they are inflated.</li>
     * <li>Requests: one input buffer at a time, when the inflater needs it.</li>
     * <li>Completes: when the source completes after the end of the gzip stream.</li>
     * <li>Fails: {@link CorruptStreamException} for truncated, damaged or trailing bytes, zeros that pad a file
     * among them;
     * {@link LimitExceededException} above {@link Options#maxOutputBytes}.</li>
     * <li>Cancels: the source, and frees the inflater.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage decompress(UnaryOperator<Options> options) {
        CodecSettings settings = requireNonNull(options.apply(Options.DEFAULT), "options").settings;
        return Stage.transcode(
                () -> new DeflateDecoder(new Inflater(true), new GzipFormat(settings.level()), settings));
    }

    /** The options of both directions. Immutable: each method returns a copy. */
    public static final class Options extends CodecOptions<Options> {

        static final Options DEFAULT = new Options(CodecSettings.of(Deflater.BEST_SPEED, 8 << 10));

        private Options(CodecSettings settings) {
            super(settings);
        }

        @Override
        Options with(CodecSettings newSettings) {
            return new Options(newSettings);
        }

        /**
         * Sets how hard to compress. Default: 1, the fastest, which already does most of what can be done.
         *
         * @param level from 0, not at all, to 9, as small as possible
         * @return the options with it
         */
        public Options level(int level) {
            return with(settings.level(level, 0, 9));
        }

        /**
         * Sets the size of the buffers that are emitted. A small message takes a small buffer. Default: 8 KiB.
         *
         * @param bytes the size, at least 64
         * @return the options with it
         */
        public Options chunkSize(int bytes) {
            return with(settings.chunkSize(bytes));
        }
    }
}
