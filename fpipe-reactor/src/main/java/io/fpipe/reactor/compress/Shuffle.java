/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.Stage;

/**
 * Byte shuffle: puts the first bytes of all elements together, then the second bytes, and so on. Arrays of numbers
 * compress much better that way, since their high bytes are alike: a million consecutive 32-bit numbers take 1.2 % with
 * {@code Shuffle.shuffle(4).then(Lz4.compress())} and 100 % without the shuffle.
 *
 * <p>The message is shuffled in blocks of 64 KiB, less if that is no multiple of the element size. In the last, shorter
 * block the whole elements are shuffled, and the bytes of an incomplete one stay at the end. The length does not change
 * and nothing is added, so the reader has to know the element size, and that the message was shuffled at all.
 */
public final class Shuffle {

    private static final int BLOCK_SIZE = 64 << 10;
    private static final int MOST_BYTES = 255;

    private Shuffle() {}

    /**
     * Shuffles the bytes of a message of equally large elements.
     * <ul>
     * <li>Emits: one buffer for each block.</li>
     * <li>Requests: one input buffer at a time, when there is less than a block left.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * <li>Fails: with the source's error only.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param elementSize the bytes of an element, from 1 to 255; 2, 4 and 8 are the fast ones
     * @return the stage
     */
    public static Stage shuffle(int elementSize) {
        checkSize(elementSize);
        return Stage.transcode(() -> new Shuffling(elementSize, BLOCK_SIZE, Transposition::shuffle));
    }

    /**
     * Undoes {@link #shuffle}.
     * <ul>
     * <li>Emits: one buffer for each block.</li>
     * <li>Requests: one input buffer at a time, when there is less than a block left.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * <li>Fails: with the source's error only: any bytes can be unshuffled.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param elementSize the bytes of an element, as they were when it was shuffled
     * @return the stage
     */
    public static Stage unshuffle(int elementSize) {
        checkSize(elementSize);
        return Stage.transcode(() -> new Shuffling(elementSize, BLOCK_SIZE, Transposition::unshuffle));
    }

    private static void checkSize(int elementSize) {
        if (elementSize < 1 || elementSize > MOST_BYTES) {
            throw new IllegalArgumentException("elementSize must be from 1 to " + MOST_BYTES + ", was " + elementSize);
        }
    }
}
