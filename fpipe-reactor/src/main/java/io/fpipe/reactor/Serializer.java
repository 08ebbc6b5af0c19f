/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Turns an object into a message, piece by piece, as its subscriber asks for it.
 *
 * @param <T> the type of the object; whether {@code null} is allowed is the serializer's to say
 */
@FunctionalInterface
public interface Serializer<T extends @Nullable Object> {

    /**
     * Gives the bytes of a value. Nothing is computed before the subscriber's demand, and the value must not change
     * until the message has ended.
     *
     * @param value the object
     * @return its bytes; completion is the end of the message
     */
    Flux<ByteBuffer> serialize(T value);

    /**
     * Composes: the bytes of the object enter a stage.
     *
     * @param next the stage that follows
     * @return both as one serializer
     */
    default Serializer<T> then(Stage next) {
        requireNonNull(next, "next");
        return value -> next.apply(serialize(value));
    }

    /**
     * Composes a whole pipeline, from object to object, as a function.
     *
     * @param <R> the type of the result
     * @param next the deserializer that ends the pipeline
     * @return the function; each {@code Mono} it returns runs the pipeline anew for every subscription
     */
    default <R> Function<T, Mono<R>> into(Deserializer<R> next) {
        requireNonNull(next, "next");
        return value -> next.deserialize(serialize(value));
    }

    /**
     * Composes a whole pipeline, from an object to many, as a function.
     *
     * @param <R> the type of the results
     * @param next the deserializer that ends the pipeline
     * @return the function; each {@code Flux} it returns runs the pipeline anew for every subscription
     */
    default <R> Function<T, Flux<R>> intoMany(FluxDeserializer<R> next) {
        requireNonNull(next, "next");
        return value -> next.deserialize(serialize(value));
    }

    /**
     * Adapts this serializer to another type.
     *
     * @param <U> the type that the result takes
     * @param function gives the value that is serialized; an exception it throws is the message's error
     * @return the serializer of that type
     */
    default <U extends @Nullable Object> Serializer<U> contramap(Function<? super U, ? extends T> function) {
        requireNonNull(function, "function");
        return value -> Flux.defer(() -> serialize(function.apply(value)));
    }

    /**
     * Names this serializer, as {@link Stage#named} does a stage.
     *
     * @param name the name
     * @return this serializer, named
     */
    default Serializer<T> named(String name) {
        requireNonNull(name, "name");
        Serializer<T> serializer = this;
        return new Serializer<>() {
            @Override
            public Flux<ByteBuffer> serialize(T value) {
                return serializer.serialize(value).name(name).checkpoint(name);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }
}
