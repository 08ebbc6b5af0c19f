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
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * The LZ4 frame format, version 1.6.4 of {@code lz4_Frame_format.md}. The {@code lz4} command and every library of that
 * format reads what this writes, and this reads what they write. Native code where lz4-java has it for the platform,
 * else plain Java at about a third of the speed.
 */
public final class Lz4 {

    private static final int FIRST_HIGH_LEVEL = 3;

    private Lz4() {}

    /**
     * Compresses a message to one LZ4 frame, with the default {@link Options}.
     *
     * @return the stage; {@link #compress(UnaryOperator)} says what it does
     */
    public static Stage compress() {
        return compress(options -> options);
    }

    /**
     * Compresses a message to one LZ4 frame of independent blocks.
     * <ul>
     * <li>Emits: one buffer for each block, of {@link Options#blockSize} plain bytes; of fewer at the end and where
     * {@link Options#flush} says so. The header comes with the first block, the checksum with the last one if that is
     * not full. A block that does not compress is stored as it is.</li>
     * <li>Requests: one input buffer at a time, when there is less than a block left.</li>
     * <li>Completes: when the source has completed, together with the last buffer.</li>
     * <li>Fails: with the source's error; {@link CorruptStreamException} for a message whose length is not the
     * {@link Options#contentSize} that was set.</li>
     * <li>Cancels: the source, and frees the checksum.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage compress(UnaryOperator<Options> options) {
        Options o = requireNonNull(options.apply(Options.DEFAULT), "options");
        LZ4Factory factory = LZ4Factory.fastestInstance();
        LZ4Compressor compressor = o.settings.level() < FIRST_HIGH_LEVEL
                ? factory.fastCompressor()
                : factory.highCompressor(o.settings.level());
        return Stage.transcode(() -> new Lz4Encoder(compressor, o.header(), o.settings.flush()));
    }

    /**
     * Decompresses LZ4 frames, with the default {@link Options}.
     *
     * @return the stage; {@link #decompress(UnaryOperator)} says what it does
     */
    public static Stage decompress() {
        return decompress(options -> options);
    }

    /**
     * Decompresses LZ4 frames: any number, one after the other, whose content becomes one message. Blocks may be linked
     * and of any size; checksums and the content size are checked where they are given; skippable frames are skipped.
     * <ul>
     * <li>Emits: one buffer for each block, up to 4 MiB as the writer chose; a block that is stored as it is, and lies
     * in one input buffer, as a slice of that.</li>
     * <li>Requests: one input buffer at a time, when the block is not complete.</li>
     * <li>Completes: when the source completes after the end of a frame.</li>
     * <li>Fails: {@link CorruptStreamException} for truncated, damaged or trailing bytes, for a frame that needs a
     * dictionary and for the legacy format; {@link LimitExceededException} above {@link Options#maxOutputBytes}.</li>
     * <li>Cancels: the source, and frees the checksum.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage decompress(UnaryOperator<Options> options) {
        Options o = requireNonNull(options.apply(Options.DEFAULT), "options");
        // Here, not at the first message: loading the native library blocks.
        LZ4SafeDecompressor decompressor = LZ4Factory.fastestInstance().safeDecompressor();
        return Stage.transcode(() -> new Lz4Decoder(decompressor, o.settings));
    }

    /**
     * The options of both directions. Immutable: each method returns a copy. {@link #level}, {@link #blockSize},
     * {@link #blockChecksum}, {@link #contentChecksum} and {@link #contentSize} concern compression only.
     */
    public static final class Options extends CodecOptions<Options> {

        static final Options DEFAULT = new Options(CodecSettings.of(1, 64 << 10), false, true, Lz4Header.UNKNOWN);

        private final boolean blockChecksum;
        private final boolean contentChecksum;
        private final long contentSize;

        private Options(CodecSettings settings, boolean blockChecksum, boolean contentChecksum, long contentSize) {
            super(settings);
            this.blockChecksum = blockChecksum;
            this.contentChecksum = contentChecksum;
            this.contentSize = contentSize;
        }

        Lz4Header header() {
            return new Lz4Header(settings.size(), false, blockChecksum, contentChecksum, contentSize);
        }

        @Override
        Options with(CodecSettings newSettings) {
            return new Options(newSettings, blockChecksum, contentChecksum, contentSize);
        }

        /**
         * Sets how hard to compress, in the numbers of the {@code lz4} command. Default: 1.
         *
         * @param level up to 2 the fast compressor; from 3 to 12 the high compressor, many times slower
         * @return the options with it
         */
        public Options level(int level) {
            return with(settings.level(level, 0, 12));
        }

        /**
         * Sets the plain bytes of a block. Default: 64 KiB, which finds more in numbers than larger blocks do: above
         * that size LZ4 looks for matches of five bytes at least, not four.
         *
         * @param bytes 64 KiB, 256 KiB, 1 MiB or 4 MiB
         * @return the options with it
         */
        public Options blockSize(int bytes) {
            Lz4Header.blockSizeCode(bytes);
            return with(settings.size(bytes));
        }

        /**
         * Sets whether each block has a checksum of its compressed bytes. Default: no.
         *
         * @param on whether
         * @return the options with it
         */
        public Options blockChecksum(boolean on) {
            return new Options(settings, on, contentChecksum, contentSize);
        }

        /**
         * Sets whether the frame ends with a checksum of the plain bytes. Default: yes.
         *
         * @param on whether
         * @return the options with it
         */
        public Options contentChecksum(boolean on) {
            return new Options(settings, blockChecksum, on, contentSize);
        }

        /**
         * Writes the length of the message into the header, for readers that want to know it. A message of another
         * length fails. Default: it is not written.
         *
         * @param bytes the length, at least 0
         * @return the options with it
         */
        public Options contentSize(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("contentSize must be at least 0, was " + bytes);
            }
            return new Options(settings, blockChecksum, contentChecksum, bytes);
        }
    }
}
