/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/**
 * Turns a message that holds many values into those values, each as soon as its bytes have arrived.
 *
 * @param <T> the type of the values
 */
@FunctionalInterface
public interface FluxDeserializer<T> {

    /**
     * Gives the values that the bytes of a message stand for.
     *
     * @param message the bytes; completion is the end of the message
     * @return the values in their order, under the subscriber's demand
     */
    Flux<T> deserialize(Flux<ByteBuffer> message);
}
