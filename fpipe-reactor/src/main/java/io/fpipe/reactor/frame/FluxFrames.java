/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;

/**
 * Makes a message of the parts of each frame; {@link Frames#decode} is its contract. {@code windowUntil} cannot do it:
 * it reads ahead of the window's demand, and a window without a subscriber stops it for ever.
 */
final class FluxFrames extends FluxOperator<FramePart, Flux<ByteBuffer>> {

    private FluxFrames(Flux<FramePart> source) {
        super(source);
    }

    /** The source must end a frame before it completes. */
    static Flux<Flux<ByteBuffer>> of(Flux<FramePart> source) {
        return onAssembly(new FluxFrames(source));
    }

    @Override
    public int getPrefetch() {
        return 1;
    }

    @Override
    public void subscribe(CoreSubscriber<? super Flux<ByteBuffer>> actual) {
        source.subscribe(new FramesSubscriber(actual));
    }

    @Override
    @SuppressWarnings("rawtypes") // Reactor's signature
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.SYNC;
        }
        return super.scanUnsafe(key);
    }
}
