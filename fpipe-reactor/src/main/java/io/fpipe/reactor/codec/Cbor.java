/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.Transcoders;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
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
 * <tr><td>{@code null}, an empty {@code Optional}</td><td>null; undefined is read, too</td>
 * <td>{@code null}</td></tr>
 * <tr><td>{@code Boolean}</td><td>false, true</td><td>{@code Boolean}</td></tr>
 * <tr><td>{@code Byte}, {@code Short}, {@code Integer}, {@code Long}, {@code BigInteger}</td>
 * <td>integer, or bignum (tags 2 and 3) beyond 64 bits</td>
 * <td>{@code Integer} if it fits, else {@code Long} if it fits, else {@code BigInteger}</td></tr>
 * <tr><td>{@code Float}, {@code Double}</td><td>the shortest of half, single and double that is exact</td>
 * <td>{@code Double}</td></tr>
 * <tr><td>{@code BigDecimal}</td><td>decimal fraction (tag 4); bigfloats (tag 5) are read, too</td>
 * <td>{@code BigDecimal}</td></tr>
 * <tr><td>{@code String}, {@code char}, {@code char[]}, an enum's name</td><td>text string</td>
 * <td>{@code String}</td></tr>
 * <tr><td>{@code byte[]}, {@code ByteBuffer} (its remaining bytes)</td><td>byte string</td>
 * <td>{@code byte[]}</td></tr>
 * <tr><td>{@code Instant}</td><td>tag 1 with an integer, or a float that is exact; else tag 0 (RFC 3339)</td>
 * <td>{@code Instant}</td></tr>
 * <tr><td>{@code OffsetDateTime}, {@code ZonedDateTime}, whose zone is not written</td><td>tag 0 (RFC 3339)</td>
 * <td>{@code Instant}</td></tr>
 * <tr><td>{@code LocalDate}</td><td>tag 100 (RFC 8943); tag 1004 is read, too</td><td>{@code LocalDate}</td></tr>
 * <tr><td>{@code UUID}</td><td>tag 37 with 16 bytes</td><td>{@code UUID}</td></tr>
 * <tr><td>{@code URI}</td><td>tag 32, in ASCII</td><td>{@code URI}</td></tr>
 * <tr><td>{@code Collection}, {@code Object[]}, {@code int[]}, {@code long[]}, {@code short[]}, {@code double[]},
 * {@code float[]}, {@code boolean[]}</td><td>array of known length</td><td>{@code ArrayList}</td></tr>
 * <tr><td>any other {@code Iterable}, an {@code Iterator}, a {@code Stream}, a {@code Publisher}</td>
 * <td>array of indefinite length</td><td>{@code ArrayList}</td></tr>
 * <tr><td>numeric arrays with {@link CborOptions#typedArrays}</td><td>typed array (RFC 8746)</td>
 * <td>{@code short[]} for 8 bits and signed 16, {@code int[]} for 16 and signed 32, {@code long[]} for 32 and signed
 * 64, {@code BigInteger[]} for 64; {@code float[]} for half and single, {@code double[]}</td></tr>
 * <tr><td>{@code Map} with scalar keys</td><td>map of known length, in the order of iteration</td>
 * <td>{@code LinkedHashMap}</td></tr>
 * <tr><td>{@link CborTag}, {@link CborSimple}</td><td>any tag, undefined, other simple values</td>
 * <td>the same, if an option says so</td></tr>
 * </table>
 *
 * <p>The scalar types that can be a key of a map are all of these above the arrays, but for byte strings. The tag
 * 55799, which marks CBOR as such, is skipped wherever it stands. No class names are written or read.
 *
 * <p>An {@code Iterator} or {@code Stream} can be read once, so by one subscription. A {@code Stream} is closed when it
 * has been written, and when the message fails or is cancelled.
 *
 * <p>A {@code Publisher} may stand at any place in a value, but not within an element of another or of a sequence. It
 * is subscribed to when the value has been written up to it and asked for one element at a time, each when the message
 * has room for it; the message waits while it is silent and fails if it does. Its elements are gathered as those of
 * {@link #sequenceSerializer(Class)} are.
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
        CborOptions chosen = CborOptions.of(options);
        return value -> CborSegments.of(orNull(value), chosen);
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
                CborTypes.of(requireNonNull(type, "type"), chosen.refuseUnknown).orNull();
        return message ->
                (Mono<T>) Mono.fromDirect(Transcoders.transcode(message, () -> new CborDecoder(chosen, root)));
    }

    /**
     * Returns the serializer of a sequence with the default options; see
     * {@link #sequenceSerializer(Class, UnaryOperator)}.
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @return the serializer
     */
    public static <T> Serializer<Flux<T>> sequenceSerializer(Class<T> type) {
        return sequenceSerializer(type, options -> options);
    }

    /**
     * Returns the serializer of a CBOR sequence (RFC 8742): one data item after the other, nothing around them, no
     * bytes for no elements. It can be longer than the heap.
     * <ul>
     * <li>Emits: chunks of at most 64 KiB. Elements are gathered: a chunk leaves when it is full, when the source has
     * no further element at hand, and at the end. Only a source that answers before the request returns is known to
     * have one at hand; after {@code publishOn}, for example, each element leaves as it comes. Long byte strings leave
     * as slices.</li>
     * <li>Requests: one element at a time, when there is demand and the chunk has room.</li>
     * <li>Completes: when the source has, with the last chunk.</li>
     * <li>Fails: with the source's error; as {@link #serializer()} does, also for an empty {@code Optional}: a sequence
     * has no nulls.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @param options changes the default options
     * @return the serializer
     */
    public static <T> Serializer<Flux<T>> sequenceSerializer(Class<T> type, UnaryOperator<CborOptions> options) {
        CborTypes.checkWriting(requireNonNull(type, "type"));
        CborOptions chosen = CborOptions.of(options);
        return elements ->
                Transcoders.<T, ByteBuffer>transcode(elements, () -> CborEncoder.ofSequence(chosen, CborEncoder.CHUNK));
    }

    /**
     * Returns the deserializer of a sequence with the default options; see
     * {@link #sequenceDeserializer(Class, UnaryOperator)}.
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @return the deserializer
     */
    public static <T> FluxDeserializer<T> sequenceDeserializer(Class<T> type) {
        return sequenceDeserializer(type, options -> options);
    }

    /**
     * Returns the deserializer of a CBOR sequence (RFC 8742): gives each data item as soon as its last byte has
     * arrived. The sequence can be longer than the heap; the limits of {@link CborLimits} hold for each element.
     * <ul>
     * <li>Emits: the elements, each read when it is asked for.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Completes: when the message ends after an element, or is empty.</li>
     * <li>Fails: as {@link #deserializer(UnaryOperator)} does, and with {@link CorruptStreamException} for an element
     * that is null or not of the type; the elements before were emitted.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param <T> the type of the elements
     * @param type the type of the elements: one that the table above says is read, a supertype of some, or
     *     {@code Long}
     * @param options changes the default options
     * @return the deserializer
     */
    public static <T> FluxDeserializer<T> sequenceDeserializer(Class<T> type, UnaryOperator<CborOptions> options) {
        return elements(type, options, false);
    }

    /**
     * Returns the serializer of an array with the default options; see {@link #arraySerializer(Class, UnaryOperator)}.
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @return the serializer
     */
    public static <T> Serializer<Flux<T>> arraySerializer(Class<T> type) {
        return arraySerializer(type, options -> options);
    }

    /**
     * Returns the serializer of an array of indefinite length, of elements as they come. It does as
     * {@link #sequenceSerializer(Class, UnaryOperator)} does, but for the byte before and the byte after the elements.
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @param options changes the default options; the {@linkplain CborOptions#deterministic deterministic} encoding
     *     has no such array and fails
     * @return the serializer
     */
    public static <T> Serializer<Flux<T>> arraySerializer(Class<T> type, UnaryOperator<CborOptions> options) {
        CborTypes.checkWriting(requireNonNull(type, "type"));
        CborOptions chosen = CborOptions.of(options);
        return elements -> CborSegments.of(requireNonNull(elements, "elements"), chosen);
    }

    /**
     * Returns the deserializer of an array with the default options; see
     * {@link #arrayDeserializer(Class, UnaryOperator)}.
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @return the deserializer
     */
    public static <T> FluxDeserializer<T> arrayDeserializer(Class<T> type) {
        return arrayDeserializer(type, options -> options);
    }

    /**
     * Returns the deserializer of the elements of one array, of known or indefinite length, that is the whole message.
     * It does as {@link #sequenceDeserializer(Class, UnaryOperator)} does; neither the array's size nor its level
     * counts against a limit.
     *
     * @param <T> the type of the elements
     * @param type the type of the elements
     * @param options changes the default options
     * @return the deserializer, which fails with {@link CorruptStreamException} if the message is no array, or no more
     *     than that
     */
    public static <T> FluxDeserializer<T> arrayDeserializer(Class<T> type, UnaryOperator<CborOptions> options) {
        return elements(type, options, true);
    }

    private static <T> FluxDeserializer<T> elements(
            Class<T> type, UnaryOperator<CborOptions> options, boolean isArray) {
        CborOptions chosen = CborOptions.of(options);
        CborType bound = CborTypes.of(requireNonNull(type, "type"), chosen.refuseUnknown);
        return message -> Transcoders.transcode(message, () -> new CborElements<>(chosen, bound, isArray));
    }

    /**
     * Returns the stage that puts a message into a byte string of indefinite length, each buffer as a piece.
     * <ul>
     * <li>Emits: buffers of 4 KiB or more as they are, each after a buffer with its head; smaller ones copied with
     * theirs.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Completes: when the source has, after the byte that ends the string.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @return the stage
     */
    public static Stage wrapBytes() {
        return Stage.transcode(() -> new CborBytesWriter(CborBytesWriter.UNKNOWN));
    }

    /**
     * Returns the stage that puts a message of known length into a byte string. It does as {@link #wrapBytes()} does,
     * with a head for the first buffer only, and fails with {@link CorruptStreamException} if the message has another
     * length.
     *
     * @param length the bytes of the message
     * @return the stage
     */
    public static Stage wrapBytes(long length) {
        if (length < 0) {
            throw new IllegalArgumentException("length must be at least 0, was " + length);
        }
        return Stage.transcode(() -> new CborBytesWriter(length));
    }

    /**
     * Returns the stage that takes the content out of a byte string with the default options; see
     * {@link #unwrapBytes(UnaryOperator)}.
     *
     * @return the stage
     */
    public static Stage unwrapBytes() {
        return unwrapBytes(options -> options);
    }

    /**
     * Returns the stage that takes the content out of a byte string, of known or indefinite length, that is the whole
     * message. Nothing is gathered.
     * <ul>
     * <li>Emits: slices of what arrives.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Completes: when the source has, after the end of the string.</li>
     * <li>Fails: {@link CorruptStreamException}, with the byte offset, for a message that is no byte string, truncated
     * or followed by more bytes; {@link LimitExceededException} for {@link CborLimits#maxBytes}, the one limit that
     * is used.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param options changes the default options
     * @return the stage
     */
    public static Stage unwrapBytes(UnaryOperator<CborOptions> options) {
        CborLimits limits = CborOptions.of(options).limits;
        return Stage.transcode(() -> new CborBytesReader(limits));
    }

    private static Object orNull(@Nullable Object value) {
        return value == null ? NULL : value;
    }
}
