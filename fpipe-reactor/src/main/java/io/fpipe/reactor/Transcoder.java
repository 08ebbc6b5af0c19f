/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import org.jspecify.annotations.Nullable;

/**
 * A plain incremental codec of one message. It has no Reactor types, is used by one thread at a time and needs neither
 * locks nor {@code volatile}: {@link Transcoders#transcode} drives it.
 *
 * <p>The driver calls {@link #poll()} until it returns {@code null}, then {@link #feed} with the next input, and so on;
 * after the last input it calls {@link #end()} once and polls until nothing is left. A {@code ByteBuffer} that is fed
 * is borrowed: it is read through {@code duplicate()}, its cursor is not moved and its content not written. A
 * {@code ByteBuffer} that is polled is frozen: the codec does not write its content again.
 *
 * @param <I> the type of the input
 * @param <O> the type of the output
 */
public interface Transcoder<I, O> extends AutoCloseable {

    /**
     * Takes the next input. Called only after {@link #poll()} returned {@code null}, never after {@link #end()}.
     *
     * @param input the input
     * @throws Exception if the input is not what the format allows; the message fails with it
     */
    void feed(I input) throws Exception;

    /**
     * Says that there is no more input. Called once, perhaps while {@link #poll()} still has output to give: an end in
     * the middle of the format is for the {@code poll()} to report that finds nothing left.
     *
     * @throws Exception if the format does not allow an end here; the message fails with it
     */
    void end() throws Exception;

    /**
     * Computes the next output, at most one and never an empty one: that is what bounds memory. Before the first
     * {@link #feed} or {@link #end()} there is none.
     *
     * @return the output, or {@code null} if input is needed or, after {@link #end()}, nothing is left
     * @throws Exception if the input is not what the format allows; the message fails with it
     */
    @Nullable
    O poll() throws Exception;

    /**
     * Hears that the source is idle: {@link #poll()} returned {@code null}, the driver asked for input, and none was
     * there at once. A codec that holds bytes back to do better with more of them may hand them out now, so that nobody
     * waits for them. Called at most once between two inputs, never after {@link #end()}; only a source that
     * answers a request before the request returns is known not to be idle. Default: nothing is handed out.
     *
     * @return whether {@link #poll()} may have output now
     * @throws Exception if output cannot be made; the message fails with it
     */
    default boolean flush() throws Exception {
        return false;
    }

    /**
     * Tells whether everything was handed out, without computing output. Asked only after {@link #end()}: it lets a
     * message complete together with its last chunk, before any further demand. A codec that cannot know answers
     * {@code false}.
     *
     * @return whether the next {@link #poll()} would return {@code null}
     */
    boolean isFinished();

    /** Frees what the codec holds. Called exactly once, on any outcome, and last. */
    @Override
    default void close() {}
}
