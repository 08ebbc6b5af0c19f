/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Something that fpipe does, and the same done by hand. */
interface Work {

    /** The plain bytes that one run passes; for rates. */
    long bytes();

    /** Runs fpipe and hands its output over. */
    void fpipe(Counter output) throws Exception;

    /** Does the same by hand. */
    void byHand(Counter output) throws Exception;

    /** Throws if the two do not give the same and right bytes, so that nothing is measured that does not work. */
    void check() throws Exception;

    /** The loop that a stage is compared with. */
    @FunctionalInterface
    interface Loop {
        void run(ByteBuffer[] input, Consumer<ByteBuffer> output) throws Exception;
    }
}
