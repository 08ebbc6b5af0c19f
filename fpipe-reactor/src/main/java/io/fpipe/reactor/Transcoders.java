/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.util.function.Supplier;
import reactor.core.publisher.Flux;

/** Drives {@link Transcoder}s as Reactor operators. */
public final class Transcoders {

    private Transcoders() {}

    /**
     * Runs a source through an incremental codec.
     * <ul>
     * <li>Emits: what the codec polls, only under demand.</li>
     * <li>Requests: one input at a time, when the codec has nothing more to give without it. If none is there at once,
     * the codec may {@linkplain Transcoder#flush() flush}.</li>
     * <li>Completes: when the source has completed and the codec has nothing left; together with the last output, if
     * the codec {@linkplain Transcoder#isFinished() knows} that it is the last.</li>
     * <li>Fails: with the source's error, ahead of output that was not yet emitted, or with the exception that the
     * codec or its factory throws. {@code onErrorContinue} is not supported: half a stream is no message.</li>
     * <li>Cancels: the source, closes the codec and discards the input that was not consumed.</li>
     * </ul>
     * The codec is created for each subscription and closed exactly once, never while it is in use.
     *
     * @param <I> the type of the input
     * @param <O> the type of the output
     * @param source the inputs
     * @param factory creates the codec of one subscription
     * @return the outputs
     */
    public static <I, O> Flux<O> transcode(
            Flux<I> source, Supplier<? extends Transcoder<? super I, ? extends O>> factory) {
        requireNonNull(source, "source");
        requireNonNull(factory, "factory");
        return FluxTranscode.of(source, factory);
    }
}
