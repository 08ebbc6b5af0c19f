/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

/**
 * When a compressor hands out what it holds back. Each flush lets the reader have everything that was written so far,
 * and costs some compression.
 */
public enum FlushMode {

    /** At the end of the message only; before it a chunk or block leaves when it is full. */
    NONE,

    /** After each buffer that holds at least one byte. */
    PER_BUFFER,

    /**
     * When the source is asked for more and has nothing at hand, so that nothing is held back during a wait. Only a
     * source that answers before the request returns is known to have something at hand. One that emits from a thread
     * of its own, as after {@code publishOn}, is asked inside its own signal and cannot answer at once: for it this is
     * {@link #PER_BUFFER}.
     */
    WHEN_IDLE
}
