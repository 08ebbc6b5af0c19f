/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.OutputStream;

/** Code that writes a message to a stream; {@link Chunks#fromOutputStream} runs it. */
@FunctionalInterface
public interface StreamWriter {

    /**
     * Writes the message.
     *
     * @param stream where to write it, by one thread at a time; closing it only flushes it
     * @throws Exception if there is no message, or no whole one; the message fails with it
     */
    void write(OutputStream stream) throws Exception;
}
