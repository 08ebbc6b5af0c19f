/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Transcoder;
import io.fpipe.reactor.Transcoders;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Writes one value, which may hold publishers, for one subscription. A segment is what is written while one source
 * gives the encoder its inputs: first the value itself; then a publisher that the encoder has come to, as long as
 * its elements come, and from there on up to the next one. This is the transcoder of each segment in turn.
 */
final class CborSegments implements Transcoder<Object, ByteBuffer> {

    /** Who may touch the encoder: a cancellation may meet the step from one segment to the next. */
    private enum Owner {
        NOBODY,
        SEGMENT,
        /** A segment that has to close the encoder. */
        CANCELLED_SEGMENT,
        CLOSED
    }

    private final CborEncoder encoder;
    private final AtomicReference<Owner> owner = new AtomicReference<>(Owner.NOBODY);
    private @Nullable Object value;
    private boolean ended;

    private CborSegments(Object value, CborOptions options) {
        this.encoder = new CborEncoder(options, CborEncoder.CHUNK);
        this.value = value;
    }

    static Flux<ByteBuffer> of(Object value, CborOptions options) {
        return Flux.defer(() -> {
            CborSegments segments = new CborSegments(value, options);
            return Flux.defer(segments::next)
                    .repeat(segments.encoder::awaitsPublisher)
                    .doOnCancel(segments::cancel);
        });
    }

    private Flux<ByteBuffer> next() {
        if (!owner.compareAndSet(Owner.NOBODY, Owner.SEGMENT)) {
            return Flux.empty(); // cancelled
        }
        Flux<Object> source = value != null ? Flux.just(value) : Flux.from(requireNonNull(encoder.takePublisher()));
        value = null;
        ended = false;
        return Transcoders.transcode(source, () -> this);
    }

    @Override
    public void feed(Object input) {
        encoder.feed(input);
    }

    @Override
    public void end() {
        ended = true;
        encoder.end();
    }

    @Override
    public boolean flush() {
        return encoder.flush();
    }

    @Override
    public @Nullable ByteBuffer poll() {
        return encoder.poll();
    }

    @Override
    public boolean isFinished() {
        return encoder.isFinished();
    }

    /** Closes the encoder, unless this segment ends because another is to follow. */
    @Override
    public void close() {
        boolean goesOn = ended && encoder.awaitsPublisher();
        if (!goesOn || !owner.compareAndSet(Owner.SEGMENT, Owner.NOBODY)) {
            owner.set(Owner.CLOSED);
            encoder.close();
        }
    }

    private void cancel() {
        if (owner.compareAndSet(Owner.NOBODY, Owner.CLOSED)) {
            encoder.close();
        } else {
            owner.compareAndSet(Owner.SEGMENT, Owner.CANCELLED_SEGMENT);
        }
    }
}
