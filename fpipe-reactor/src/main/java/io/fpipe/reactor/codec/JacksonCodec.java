/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Transcoder;
import io.fpipe.reactor.Transcoders;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.cbor.CBORMapper;

/**
 * Any class that Jackson 3 can map, as CBOR (RFC 8949) or JSON (RFC 8259): {@link Cbor} is for values and records and
 * needs no library, this is for what else there is.
 *
 * <p>Jackson reads and writes whole values only. So a single value is held as bytes and as an object, up to
 * {@link #maxMessageBytes}. A sequence, or the elements of an array, may be longer than the heap: it is written and read
 * element by element under demand, and one element is held, up to {@link #maxElementBytes}.
 *
 * <p>The library is optional; add it yourself: {@code tools.jackson.core:jackson-databind}, and
 * {@code tools.jackson.dataformat:jackson-dataformat-cbor} for CBOR. This class is not loaded by any other of fpipe.
 *
 * <pre>{@code
 * JacksonCodec json = JacksonCodec.json().maxElementBytes(64 << 10);
 * Flux<Order> orders = json.sequenceDeserializer(Order.class).deserialize(lines);
 * }</pre>
 *
 * <p>JSON is read and written as UTF-8 without a byte order mark. Comments, and bytes that are nowhere in JSON, are
 * refused whatever the mapper allows.
 *
 * <p>Errors while reading have the offset of the byte in the message, or the number of the element, from 0, with the
 * offset of its first byte; what Jackson cannot read is a {@link CorruptStreamException} with Jackson's message, the path
 * of the property and the cause. An {@link InvalidDefinitionException} says that the class itself cannot be mapped.
 *
 * <p>Immutable and safe for use by many: each option returns a changed copy.
 */
public final class JacksonCodec {

    private static final int DEFAULT_MAX_ELEMENT_BYTES = 1 << 20;
    private static final int DEFAULT_MAX_MESSAGE_BYTES = 64 << 20;

    /** The longest array that every JVM can allocate. */
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final JacksonFormat format;
    private final int maxElementBytes;
    private final int maxMessageBytes;

    /** Loaded only if it is asked for: JSON needs no library for CBOR. */
    private static final class CborMapper {
        static final ObjectMapper SHARED = CBORMapper.shared();
    }

    private JacksonCodec(JacksonFormat format, int maxElementBytes, int maxMessageBytes) {
        this.format = format;
        this.maxElementBytes = maxElementBytes;
        this.maxMessageBytes = maxMessageBytes;
    }

    /**
     * Returns the codec of CBOR with Jackson's default mapper.
     *
     * @return the codec
     */
    public static JacksonCodec cbor() {
        return of(CborMapper.SHARED);
    }

    /**
     * Returns the codec of JSON with Jackson's default mapper.
     *
     * @return the codec
     */
    public static JacksonCodec json() {
        return of(JsonMapper.shared());
    }

    /**
     * Returns the codec with a mapper of your own. What may be in a message is for the mapper to say, its
     * {@code StreamReadConstraints} included: do not let it take class names from messages ("default typing").
     *
     * @param mapper a mapper of CBOR or JSON
     * @return the codec
     * @throws IllegalArgumentException if the mapper is of another format
     */
    public static JacksonCodec of(ObjectMapper mapper) {
        return new JacksonCodec(JacksonFormat.of(mapper), DEFAULT_MAX_ELEMENT_BYTES, DEFAULT_MAX_MESSAGE_BYTES);
    }

    /**
     * Limits the bytes of one element of a sequence or array, read or written; more fails with
     * {@link LimitExceededException}. Default: 1 MiB (1,048,576).
     *
     * @param bytes the limit, from 1 to 2,147,483,639
     * @return the changed copy
     */
    public JacksonCodec maxElementBytes(int bytes) {
        return new JacksonCodec(format, checked("maxElementBytes", bytes), maxMessageBytes);
    }

    /**
     * Limits the bytes of a single value in the same way. Default: 64 MiB (67,108,864).
     *
     * @param bytes the limit, from 1 to 2,147,483,639
     * @return the changed copy
     */
    public JacksonCodec maxMessageBytes(int bytes) {
        return new JacksonCodec(format, maxElementBytes, checked("maxMessageBytes", bytes));
    }

    private static int checked(String name, int bytes) {
        if (bytes < 1 || bytes > LONGEST_ARRAY) {
            throw new IllegalArgumentException(name + " must be from 1 to " + LONGEST_ARRAY + ", was " + bytes);
        }
        return bytes;
    }

    /**
     * Returns the serializer of single values, {@code null} included.
     * <ul>
     * <li>Emits: chunks of at most 64 KiB. The value is written whole when the first is asked for.</li>
     * <li>Completes: with the last chunk.</li>
     * <li>Fails: {@link IllegalArgumentException} with Jackson's message for what it cannot write;
     * {@link LimitExceededException} above {@link #maxMessageBytes}.</li>
     * <li>Cancels: by dropping what was written.</li>
     * </ul>
     *
     * @param <T> the type of the values
     * @param type their class; {@code Object.class} writes each as what it is
     * @return the serializer
     */
    public <T> Serializer<T> serializer(Class<T> type) {
        return serializer((Type) type);
    }

    /**
     * Returns the serializer of single values of a generic type; see {@link #serializer(Class)}.
     *
     * @param <T> the type of the values, which the compiler cannot check
     * @param type the same type, for example {@code new TypeReference<List<Order>>() {}.getType()}
     * @return the serializer
     */
    public <T> Serializer<T> serializer(Type type) {
        Supplier<Transcoder<Object, ByteBuffer>> writing = format.writing(type, JacksonLayout.SINGLE, maxMessageBytes);
        return value -> Transcoders.transcode(Flux.just(value == null ? Cbor.NULL : value), writing);
    }

    /**
     * Returns the deserializer of single values.
     * <ul>
     * <li>Emits: the value, after the message has ended. A top-level null is an empty {@code Mono}.</li>
     * <li>Requests: one buffer at a time; the bytes are gathered.</li>
     * <li>Fails: {@link CorruptStreamException} for a message that is empty, truncated, followed by more than white
     * space, or not what Jackson can read; {@link LimitExceededException} above {@link #maxMessageBytes}, or where more
     * arrays and maps are inside each other than the mapper's {@code maxNestingDepth} (Jackson's default: 500).</li>
     * <li>Cancels: the source, and drops what was read.</li>
     * </ul>
     *
     * @param <T> the type of the values
     * @param type their class
     * @return the deserializer
     */
    public <T> Deserializer<T> deserializer(Class<T> type) {
        return deserializer((Type) type);
    }

    /**
     * Returns the deserializer of single values of a generic type; see {@link #deserializer(Class)}.
     *
     * @param <T> the type of the values, which the compiler cannot check
     * @param type the same type
     * @return the deserializer
     */
    public <T> Deserializer<T> deserializer(Type type) {
        FluxDeserializer<T> reading = format.reading(type, JacksonLayout.SINGLE, maxMessageBytes);
        return message -> reading.deserialize(message).singleOrEmpty();
    }

    /**
     * Returns the serializer of sequences: CBOR data items one after another (RFC 8742), or JSON texts with a line end
     * after each. A sequence without elements is an empty message.
     * <ul>
     * <li>Emits: chunks of at most 64 KiB. Each holds as many elements as fit; one that is not full leaves when the
     * source has nothing at hand, and at the end.</li>
     * <li>Requests: one element at a time; each is written whole.</li>
     * <li>Completes: when the source does, with the last chunk.</li>
     * <li>Fails: {@link IllegalArgumentException} with the number of the element and Jackson's message for what it
     * cannot write; {@link LimitExceededException} for an element above {@link #maxElementBytes}.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param <T> the type of the elements
     * @param type their class; {@code Object.class} writes each as what it is
     * @return the serializer
     */
    public <T> Serializer<Flux<T>> sequenceSerializer(Class<T> type) {
        return sequenceSerializer((Type) type);
    }

    /**
     * Returns the serializer of sequences of a generic type; see {@link #sequenceSerializer(Class)}.
     *
     * @param <T> the type of the elements, which the compiler cannot check
     * @param type the same type
     * @return the serializer
     */
    public <T> Serializer<Flux<T>> sequenceSerializer(Type type) {
        return elements(type, JacksonLayout.SEQUENCE);
    }

    /**
     * Returns the serializer of the elements of one array, which has no declared length; as
     * {@link #sequenceSerializer(Class)} otherwise.
     *
     * @param <T> the type of the elements
     * @param type their class; {@code Object.class} writes each as what it is
     * @return the serializer
     */
    public <T> Serializer<Flux<T>> arraySerializer(Class<T> type) {
        return arraySerializer((Type) type);
    }

    /**
     * Returns the serializer of the elements of one array, of a generic type; see {@link #arraySerializer(Class)}.
     *
     * @param <T> the type of the elements, which the compiler cannot check
     * @param type the same type
     * @return the serializer
     */
    public <T> Serializer<Flux<T>> arraySerializer(Type type) {
        return elements(type, JacksonLayout.ARRAY);
    }

    private <T> Serializer<Flux<T>> elements(Type type, JacksonLayout layout) {
        Supplier<Transcoder<Object, ByteBuffer>> writing = format.writing(type, layout, maxElementBytes);
        return elements -> Transcoders.transcode(elements.cast(Object.class), writing);
    }

    /**
     * Returns the deserializer of sequences: CBOR data items one after another (RFC 8742), or JSON values with any white
     * space between them, as in lines. An empty message is an empty {@code Flux}.
     * <ul>
     * <li>Emits: each element when its last byte has arrived; a JSON number when the byte after it has, or the end.</li>
     * <li>Requests: one buffer at a time, when the elements in the one before are taken.</li>
     * <li>Completes: when the message does.</li>
     * <li>Fails: {@link CorruptStreamException} for an element that is null, truncated or not what Jackson can read;
     * {@link LimitExceededException} for one above {@link #maxElementBytes}, or where more arrays and maps are inside
     * each other than the mapper's {@code maxNestingDepth} (Jackson's default: 500).</li>
     * <li>Cancels: the source, and drops what was read.</li>
     * </ul>
     *
     * @param <T> the type of the elements
     * @param type their class
     * @return the deserializer
     */
    public <T> FluxDeserializer<T> sequenceDeserializer(Class<T> type) {
        return sequenceDeserializer((Type) type);
    }

    /**
     * Returns the deserializer of sequences of a generic type; see {@link #sequenceDeserializer(Class)}.
     *
     * @param <T> the type of the elements, which the compiler cannot check
     * @param type the same type
     * @return the deserializer
     */
    public <T> FluxDeserializer<T> sequenceDeserializer(Type type) {
        return format.reading(type, JacksonLayout.SEQUENCE, maxElementBytes);
    }

    /**
     * Returns the deserializer of the elements of one array, of any length, declared or not. The message holds nothing
     * else, and is not empty; as {@link #sequenceDeserializer(Class)} otherwise.
     *
     * @param <T> the type of the elements
     * @param type their class
     * @return the deserializer
     */
    public <T> FluxDeserializer<T> arrayDeserializer(Class<T> type) {
        return arrayDeserializer((Type) type);
    }

    /**
     * Returns the deserializer of the elements of one array, of a generic type; see {@link #arrayDeserializer(Class)}.
     *
     * @param <T> the type of the elements, which the compiler cannot check
     * @param type the same type
     * @return the deserializer
     */
    public <T> FluxDeserializer<T> arrayDeserializer(Type type) {
        return format.reading(type, JacksonLayout.ARRAY, maxElementBytes);
    }
}
