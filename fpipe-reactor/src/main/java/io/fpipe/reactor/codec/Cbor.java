/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Transcoders;
import java.lang.reflect.Type;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The Concise Binary Object Representation, CBOR (RFC 8949): one message is one data item.
 *
 * <table>
 * <caption>How Java and CBOR correspond</caption>
 * <tr><th>Java value that is written</th><th>CBOR</th><th>Java value that is read</th></tr>
 * <tr><td>{@code null}</td><td>null; undefined is read, too</td><td>{@code null}</td></tr>
 * <tr><td>{@code Boolean}</td><td>false, true</td><td>{@code Boolean}</td></tr>
 * <tr><td>{@code Byte}, {@code Short}, {@code Integer}, {@code Long}, {@code BigInteger}</td>
 * <td>integer, or bignum (tags 2 and 3) beyond 64 bits</td>
 * <td>{@code Integer} if it fits, else {@code Long} if it fits, else {@code BigInteger}</td></tr>
 * <tr><td>{@code Float}, {@code Double}</td><td>the shortest of half, single and double that is exact</td>
 * <td>{@code Double}</td></tr>
 * <tr><td>{@code String}</td><td>text string</td><td>{@code String}</td></tr>
 * <tr><td>{@code byte[]}, {@code ByteBuffer} (its remaining bytes)</td><td>byte string</td>
 * <td>{@code byte[]}</td></tr>
 * <tr><td>{@code Collection}, {@code Object[]}, {@code int[]}, {@code long[]}, {@code short[]}, {@code double[]},
 * {@code float[]}, {@code boolean[]}</td><td>array of known length</td><td>{@code ArrayList}</td></tr>
 * <tr><td>any other {@code Iterable}</td><td>array of indefinite length</td><td>{@code ArrayList}</td></tr>
 * <tr><td>{@code Map} with scalar keys</td><td>map of known length, in the order of iteration</td>
 * <td>{@code LinkedHashMap}</td></tr>
 * </table>
 *
 * <p>The scalar types that can be a key of a map are text, numbers, booleans and null, not byte strings. Other tags
 * and unassigned simple values are refused. No class names are written or read.
 */
public final class Cbor {

    /** Stands for {@code null} where Reactor allows none. */
    static final Object NULL = new Object();

    private static final Serializer<Object> SERIALIZER = serializer(options -> options);

    private static final Deserializer<Object> DESERIALIZER = deserializer(options -> options);

    private Cbor() {}

    /**
     * Returns the serializer of values, {@code null} included. It writes the preferred serialization (RFC 8949,
     * section 4.1). Each subscription reads the value anew.
     * <ul>
     * <li>Emits: chunks of at most 64 KiB, each computed when it is asked for; an {@code Iterable} is read no further
     * than that. A {@code byte[]} or {@code ByteBuffer} of 32 KiB or more leaves as slices of itself, not as a copy,
     * so it must not change until whoever takes the chunks is done with them.</li>
     * <li>Completes: with the last chunk, unless that has no byte to spare; then when more is asked for.</li>
     * <li>Fails: {@link IllegalArgumentException}, with the place, for a value that has no CBOR mapping, a map key
     * that is not a scalar, an unpaired surrogate in a text, a collection that does not hold as many elements as it
     * said, or more than 1,000 levels (a collection that holds itself); any exception that reading the value
     * throws.</li>
     * <li>Cancels: by dropping its state.</li>
     * </ul>
     *
     * @return the serializer
     */
    public static Serializer<Object> serializer() {
        return SERIALIZER;
    }

    /**
     * Returns the serializer of values with options; see {@link #serializer()}.
     *
     * @param options changes the default options
     * @return the serializer
     */
    public static Serializer<Object> serializer(UnaryOperator<CborOptions> options) {
        CborOptions.of(options);
        return value -> Transcoders.transcode(Flux.just(orNull(value)), CborEncoder::new);
    }

    /**
     * Returns the deserializer with the default options; see {@link #deserializer(UnaryOperator)}.
     *
     * @return the deserializer
     */
    public static Deserializer<Object> deserializer() {
        return DESERIALIZER;
    }

    /**
     * Returns the deserializer of one value. It reads every well-formed encoding: indefinite lengths, any length of
     * integers and floats.
     * <ul>
     * <li>Emits: the value, after the message has ended. A top-level null or undefined is an empty {@code Mono}.</li>
     * <li>Requests: one buffer at a time. Bytes are decoded as they arrive; a long byte string is copied once, into
     * the array that is its result, which is not allocated before a sixteenth of it has arrived.</li>
     * <li>Fails: {@link CorruptStreamException}, with the byte offset, for a message that is empty, truncated,
     * followed by more bytes or not well-formed, for invalid UTF-8, duplicate map keys, map keys that are not
     * scalars or were made to collide (more than 64 of several types with one hash code), and for tags and simple
     * values that have no Java type here; {@link LimitExceededException} for a limit of {@link CborLimits}.</li>
     * <li>Cancels: the source, and drops what was read.</li>
     * </ul>
     *
     * @param options changes the default options, for example {@code o -> o.limits(l -> l.maxDepth(20))}
     * @return the deserializer
     */
    public static Deserializer<Object> deserializer(UnaryOperator<CborOptions> options) {
        CborOptions chosen = CborOptions.of(options);
        // fromDirect: the decoder gives one value at most, and only after the end
        return message -> Mono.fromDirect(Transcoders.transcode(message, () -> new CborDecoder(chosen)));
    }

    /**
     * Returns the serializer of values of a type: a record, or what {@link #deserializer(Type)} can read or
     * {@link #serializer()} go through. It writes what that one writes; the type is what it checks beforehand.
     *
     * @param <T> the type
     * @param type the type
     * @return the serializer
     * @throws IllegalArgumentException for a type that has no CBOR mapping, with the component
     */
    public static <T> Serializer<T> serializer(Class<T> type) {
        return serializer(type, options -> options);
    }

    /**
     * Returns the serializer of values of a type with options; see {@link #serializer(Class)}.
     *
     * @param <T> the type
     * @param type the type
     * @param options changes the default options
     * @return the serializer
     * @throws IllegalArgumentException for a type that has no CBOR mapping, with the component
     */
    public static <T> Serializer<T> serializer(Class<T> type, UnaryOperator<CborOptions> options) {
        CborTypes.checkWriting(requireNonNull(type, "type"));
        Serializer<Object> serializer = serializer(options);
        return serializer::serialize;
    }

    /**
     * Returns the deserializer of values of a type with the default options; see
     * {@link #deserializer(Type, UnaryOperator)}.
     *
     * @param <T> the type
     * @param type the type
     * @return the deserializer
     * @throws IllegalArgumentException for a type that has no CBOR mapping, with the component
     */
    public static <T> Deserializer<T> deserializer(Class<T> type) {
        return deserializer((Type) type);
    }

    /**
     * Returns the deserializer of values of a type; see {@link #deserializer(Type, UnaryOperator)}.
     *
     * @param <T> the type
     * @param type the type
     * @param options changes the default options
     * @return the deserializer
     * @throws IllegalArgumentException for a type that has no CBOR mapping, with the component
     */
    public static <T> Deserializer<T> deserializer(Class<T> type, UnaryOperator<CborOptions> options) {
        return deserializer((Type) type, options);
    }

    /**
     * Returns the deserializer of values of a type with the default options; see
     * {@link #deserializer(Type, UnaryOperator)}.
     *
     * @param <T> the type
     * @param type the type
     * @return the deserializer
     * @throws IllegalArgumentException for a type that has no CBOR mapping, with the component
     */
    public static <T> Deserializer<T> deserializer(Type type) {
        return deserializer(type, options -> options);
    }

    /**
     * Returns the deserializer of values of a type: a record, a sealed interface with a {@link CborUnion}, an enum, a
     * scalar, an array, {@code List}, {@code Collection}, {@code Iterable}, {@code Set}, {@code Map},
     * {@code Optional} or {@code Object} (any value), and types made of them, for example {@code Page<Order>} as a
     * {@code ParameterizedType}. A record is created with its constructor as the last of its components has come; no
     * tree of its values is built before.
     *
     * <p>A component that is {@code Optional}, or {@code @Nullable} (JSpecify), may be null or missing; nothing else
     * may, nor may an element of a collection. Components that the record does not have are skipped, or refused by
     * {@link CborOptions#refuseUnknownComponents}.
     *
     * <p>It emits, requests, fails and cancels as {@link #deserializer(UnaryOperator)} does. It also fails with
     * {@link CorruptStreamException}, with the byte offset and the place, such as {@code $.lines[3].price}, for a
     * value of another type than expected, a number beyond its type's range, a missing component, an unknown
     * constant or name, an element that a set has twice, and for what the constructor of a record throws, which is the
     * cause then.
     *
     * @param <T> the type
     * @param type the type
     * @param options changes the default options
     * @return the deserializer
     * @throws IllegalArgumentException for a type that has no CBOR mapping, with the component
     */
    @SuppressWarnings("unchecked") // it is what the type says
    public static <T> Deserializer<T> deserializer(Type type, UnaryOperator<CborOptions> options) {
        CborOptions chosen = CborOptions.of(options);
        CborType root =
                CborTypes.of(requireNonNull(type, "type"), chosen.strict).orNull();
        return message ->
                (Mono<T>) Mono.fromDirect(Transcoders.transcode(message, () -> new CborDecoder(chosen, root)));
    }

    private static Object orNull(@Nullable Object value) {
        return value == null ? NULL : value;
    }
}
