/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What is checked, seen as a function of an input and, if it reads bytes, of their source.
 *
 * @param opener assembles the publisher for an input
 * @param reads gives the bytes of an input that arrive by the source; null if it reads none
 * @param collector makes the result of the elements that were emitted
 * @param probe watches the transcoders, if the subject is made of them
 */
record Subject<I, O>(
        BiFunction<I, Flux<ByteBuffer>, ? extends Publisher<?>> opener,
        @Nullable Function<I, byte[]> reads,
        Function<List<?>, @Nullable O> collector,
        @Nullable TranscoderProbe<?, ?> probe) {

    private static final byte[] NOTHING = {};

    /** Checks take less; this only keeps a broken inverse from hanging. */
    private static final Duration INVERSE_TIMEOUT = Duration.ofSeconds(30);

    static <O> Subject<byte[], O> ofStage(Stage stage, Function<List<?>, @Nullable O> collector) {
        return new Subject<>((input, source) -> stage.apply(source), bytes -> bytes, collector, null);
    }

    static <T, O> Subject<T, O> ofSerializer(
            Serializer<? super T> serializer, Function<List<?>, @Nullable O> collector) {
        return new Subject<>((input, source) -> serializer.serialize(input), null, collector, null);
    }

    @SuppressWarnings("unchecked") // the deserializer's elements are of its type
    static <T> Subject<byte[], T> ofDeserializer(Deserializer<T> deserializer) {
        return new Subject<>(
                (input, source) -> deserializer.deserialize(source),
                bytes -> bytes,
                values -> values.isEmpty() ? null : (T) values.get(0),
                null);
    }

    @SuppressWarnings("unchecked") // the deserializer's elements are of its type
    static <T> Subject<byte[], List<T>> ofMany(FluxDeserializer<T> deserializer) {
        return new Subject<>(
                (input, source) -> deserializer.deserialize(source),
                bytes -> bytes,
                values -> (List<T>) List.copyOf(values),
                null);
    }

    Subject<I, O> watchedBy(TranscoderProbe<?, ?> newProbe) {
        return new Subject<>(opener, reads, collector, newProbe);
    }

    Publisher<?> open(I input, Flux<ByteBuffer> source) {
        return opener.apply(input, source);
    }

    byte[] bytes(I input) {
        return reads == null ? NOTHING : reads.apply(input);
    }

    @Nullable
    O result(List<?> elements) {
        return collector.apply(elements);
    }

    /** Puts emitted buffers together. */
    static byte[] join(List<?> buffers) {
        int length = 0;
        for (Object buffer : buffers) {
            length += ((ByteBuffer) buffer).remaining();
        }
        ByteBuffer joined = ByteBuffer.allocate(length);
        for (Object buffer : buffers) {
            joined.put(((ByteBuffer) buffer).duplicate());
        }
        return joined.array();
    }

    /** Emits buffers again. */
    static Flux<ByteBuffer> source(List<?> buffers) {
        return Flux.fromIterable(buffers).cast(ByteBuffer.class);
    }

    static byte[] collect(Flux<ByteBuffer> buffers) {
        return join(requireNonNull(buffers.collectList().block(INVERSE_TIMEOUT), "collectList"));
    }

    static <T> @Nullable T await(Mono<T> value) {
        return value.block(INVERSE_TIMEOUT);
    }
}
