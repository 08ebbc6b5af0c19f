/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;

/**
 * The options that all codecs have. Immutable: each method returns a copy. {@link #flush} concerns compression only;
 * {@link #maxOutputBytes}, {@link #unlimited} and {@link #trailingData} concern decompression only.
 *
 * @param <O> the type of the codec's options
 */
public abstract class CodecOptions<O extends CodecOptions<O>> {

    final CodecSettings settings;

    CodecOptions(CodecSettings settings) {
        this.settings = settings;
    }

    abstract O with(CodecSettings newSettings);

    /**
     * Sets when to hand out what is held back. Default: {@link FlushMode#NONE}.
     *
     * @param mode when to flush
     * @return the options with it
     */
    public O flush(FlushMode mode) {
        return with(settings.flush(requireNonNull(mode, "mode")));
    }

    /**
     * Limits the bytes one message may decompress to; more fails with {@link LimitExceededException}. Default:
     * 64 MiB.
     *
     * @param bytes the limit, at least 1
     * @return the options with it
     */
    public O maxOutputBytes(long bytes) {
        return with(settings.maxOutputBytes(bytes));
    }

    /**
     * Lets one message decompress to any number of bytes. Memory stays bounded, unless something downstream collects
     * them: a kilobyte can become a megabyte, and more.
     *
     * @return the options without a limit
     */
    public O unlimited() {
        return maxOutputBytes(Long.MAX_VALUE);
    }

    /**
     * Sets what to do with bytes that follow the end of the compressed data. Default: {@link TrailingData#ERROR}, a
     * {@link CorruptStreamException}.
     *
     * @param trailing what to do
     * @return the options with it
     */
    public O trailingData(TrailingData trailing) {
        return with(settings.trailing(requireNonNull(trailing, "trailing")));
    }
}
