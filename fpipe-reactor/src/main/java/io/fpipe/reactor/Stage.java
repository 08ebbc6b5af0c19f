/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * Turns the bytes of one message into bytes.
 *
 * <p>A stage is a value: immutable, shareable between threads and without state until its result is subscribed to. The
 * buffers it receives are borrowed: it reads them through {@link ByteBuffer#duplicate()} and neither moves their
 * cursor nor writes their content. The buffers it emits are frozen: nobody writes them again. Completion of the
 * {@code Flux} is the end of the message.
 */
@FunctionalInterface
public interface Stage extends Function<Flux<ByteBuffer>, Flux<ByteBuffer>> {

    /**
     * Returns the stage that passes every buffer through as it is.
     *
     * @return the stage that changes nothing
     */
    static Stage identity() {
        return bytes -> bytes;
    }

    /**
     * Makes a stage of a function of publishers. The function runs once for each message, at assembly; state that
     * belongs to one subscription must be created inside the publisher it returns.
     *
     * @param function gives the bytes that leave for the bytes that arrive
     * @return the stage
     */
    static Stage of(Function<? super Flux<ByteBuffer>, ? extends Publisher<ByteBuffer>> function) {
        requireNonNull(function, "function");
        return bytes -> Flux.from(function.apply(bytes));
    }

    /**
     * Makes a stage of an incremental codec; see {@link Transcoders#transcode} for what it emits and requests.
     *
     * @param factory creates the codec of one message
     * @return the stage
     */
    static Stage transcode(Supplier<? extends Transcoder<ByteBuffer, ByteBuffer>> factory) {
        requireNonNull(factory, "factory");
        return bytes -> Transcoders.transcode(bytes, factory);
    }

    /**
     * Makes a stage of a function of single buffers: for ciphers, digests and the like.
     * <ul>
     * <li>Emits: what the function returns for each buffer, and its tail at the end.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Completes: when the source has completed, together with the last buffer or the tail.</li>
     * <li>Fails: with the source's error or what the function throws.</li>
     * <li>Cancels: the source, and closes the function.</li>
     * </ul>
     *
     * @param factory creates the function of one message; it is closed exactly once
     * @return the stage
     */
    static Stage mapBuffers(Supplier<? extends BufferFunction> factory) {
        requireNonNull(factory, "factory");
        return transcode(() -> new MappingBuffers(requireNonNull(factory.get(), "the factory returned null")));
    }

    /**
     * Composes: the bytes that leave this stage enter the next.
     *
     * @param next the stage that follows
     * @return both as one stage
     */
    default Stage then(Stage next) {
        requireNonNull(next, "next");
        return bytes -> next.apply(apply(bytes));
    }

    /**
     * Composes: the bytes that leave this stage become an object.
     *
     * @param <T> the type of the object
     * @param next the deserializer that follows
     * @return both as one deserializer
     */
    default <T> Deserializer<T> into(Deserializer<T> next) {
        requireNonNull(next, "next");
        return message -> next.deserialize(apply(message));
    }

    /**
     * Composes: the bytes that leave this stage become many objects, as they arrive.
     *
     * @param <T> the type of the objects
     * @param next the deserializer that follows
     * @return both as one deserializer
     */
    default <T> FluxDeserializer<T> intoMany(FluxDeserializer<T> next) {
        requireNonNull(next, "next");
        return message -> next.deserialize(apply(message));
    }

    /**
     * Names this stage: the name appears in the stack trace of an error that passes through it (as a checkpoint), in
     * Reactor's metrics, as this stage's {@code toString()} and so in the decision table of a cond.
     *
     * @param name the name
     * @return this stage, named
     */
    default Stage named(String name) {
        requireNonNull(name, "name");
        Stage stage = this;
        return new Stage() {
            @Override
            public Flux<ByteBuffer> apply(Flux<ByteBuffer> bytes) {
                return stage.apply(bytes).name(name).checkpoint(name);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }
}
