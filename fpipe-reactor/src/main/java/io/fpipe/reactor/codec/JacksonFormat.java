/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Transcoder;
import io.fpipe.reactor.Transcoders;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/**
 * CBOR or JSON, as a mapper has it.
 *
 * @param mapper the mapper
 * @param json whether it is of JSON
 */
record JacksonFormat(ObjectMapper mapper, boolean json) {

    static JacksonFormat of(ObjectMapper mapper) {
        String name = requireNonNull(mapper, "mapper").tokenStreamFactory().getFormatName();
        return switch (name) {
            case "JSON" -> new JacksonFormat(mapper, true);
            case "CBOR" -> new JacksonFormat(mapper, false);
            default -> throw new IllegalArgumentException("the mapper must be of CBOR or JSON, was of " + name);
        };
    }

    Supplier<Transcoder<Object, ByteBuffer>> writing(Type type, JacksonLayout layout, int maxBytes) {
        // Indented, an element would be many lines.
        ObjectWriter writer = mapper.writerFor(mapper.constructType(requireNonNull(type, "type")))
                .without(SerializationFeature.INDENT_OUTPUT);
        return () -> new JacksonWriting(writer, layout, json, maxBytes, JacksonWriting.CHUNK);
    }

    <T> FluxDeserializer<T> reading(Type type, JacksonLayout layout, int maxBytes) {
        // Trailing tokens: Jackson and the scanner must agree on where an element ends.
        ObjectReader reader = mapper.readerFor(mapper.constructType(requireNonNull(type, "type")))
                .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        return message -> Transcoders.transcode(
                message, () -> new JacksonReading<T>(reader, scanner(layout, maxBytes), maxBytes));
    }

    private ElementScanner scanner(JacksonLayout layout, int maxBytes) {
        int maxDepth = mapper.tokenStreamFactory().streamReadConstraints().getMaxNestingDepth();
        return json ? new JsonScanner(layout, maxDepth) : new CborScanner(layout, maxDepth, maxBytes);
    }

    /** Says what Jackson has to say, and where in the value, but not what the bytes are. */
    static String describe(RuntimeException ex) {
        if (!(ex instanceof JacksonException failure)) {
            return ex.toString();
        }
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference reference : failure.getPath()) {
            if (reference.getPropertyName() == null) {
                path.append('[').append(reference.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(reference.getPropertyName());
            }
        }
        return failure.getOriginalMessage() + (path.isEmpty() ? "" : " (at " + path + ")");
    }
}
