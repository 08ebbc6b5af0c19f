/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Turns a message into an object, piece by piece, as its bytes arrive.
 *
 * @param <T> the type of the object
 */
@FunctionalInterface
public interface Deserializer<T> {

    /**
     * Gives the object that the bytes of a message stand for.
     *
     * @param message the bytes; completion is the end of the message
     * @return the object when the message has ended, or an error; empty where the format has a value for
     *     "nothing" and the message holds it
     */
    Mono<T> deserialize(Flux<ByteBuffer> message);

    /**
     * Names this deserializer, as {@link Stage#named} does a stage.
     *
     * @param name the name
     * @return this deserializer, named
     */
    default Deserializer<T> named(String name) {
        requireNonNull(name, "name");
        Deserializer<T> deserializer = this;
        return new Deserializer<>() {
            @Override
            public Mono<T> deserialize(Flux<ByteBuffer> message) {
                return deserializer.deserialize(message).name(name).checkpoint(name);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }
}
