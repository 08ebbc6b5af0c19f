/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import java.util.Optional;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Stages of functions of objects. */
final class Handlers {

    private static final String NO_RESULT = "the function returned null";

    private Handlers() {}

    @SuppressWarnings("NullAway") // a serializer says itself whether it takes null
    static <Q, R> Stage toOne(
            Deserializer<Q> request,
            Function<? super Q, ? extends Mono<? extends R>> function,
            Serializer<? super R> reply) {
        check(request, function, reply);
        return bytes -> request.deserialize(bytes)
                .<R>flatMap(value ->
                        requireNonNull(function.apply(value), NO_RESULT).map(result -> result))
                .map(Optional::of)
                .defaultIfEmpty(Optional.empty())
                .flatMapMany(result -> reply.serialize(result.orElse(null)));
    }

    static <Q, R> Stage toMany(
            Deserializer<Q> request,
            Function<? super Q, ? extends Publisher<? extends R>> function,
            Serializer<Flux<R>> reply) {
        check(request, function, reply);
        return bytes -> reply.serialize(
                request.deserialize(bytes).flatMapMany(value -> requireNonNull(function.apply(value), NO_RESULT)));
    }

    static <Q, R> Stage manyToMany(
            FluxDeserializer<Q> request,
            Function<? super Flux<Q>, ? extends Publisher<? extends R>> function,
            Serializer<Flux<R>> reply) {
        check(request, function, reply);
        return bytes ->
                reply.serialize(Flux.from(requireNonNull(function.apply(request.deserialize(bytes)), NO_RESULT)));
    }

    private static void check(Object request, Object function, Object reply) {
        requireNonNull(request, "request");
        requireNonNull(function, "function");
        requireNonNull(reply, "reply");
    }
}
