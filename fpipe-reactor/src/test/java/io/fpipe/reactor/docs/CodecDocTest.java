/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.codec.CborTag;
import io.fpipe.reactor.compress.Lz4;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/codec.md. */
class CodecDocTest {

    @Test
    void oneValue() {
        Flux<ByteBuffer> bytes = Cbor.serializer().serialize(Map.of("id", 7, "tags", List.of("a", "b")));
        Mono<Object> value = Cbor.deserializer().deserialize(bytes);

        assertThat(value.block()).isEqualTo(Map.of("id", 7, "tags", List.of("a", "b")));
    }

    @Test
    void manyValues() {
        Serializer<Flux<Long>> outbound = Cbor.sequenceSerializer(Long.class).then(Lz4.compress());
        FluxDeserializer<Long> inbound =
                Lz4.decompress(o -> o.unlimited()).intoMany(Cbor.sequenceDeserializer(Long.class));

        Flux<Long> numbers = Flux.range(0, 100_000).map(i -> i * 1_000_000L);
        assertThat(outbound.intoMany(inbound).apply(numbers).count().block()).isEqualTo(100_000);
    }

    @Test
    void aPublisherWithinAValue() {
        Flux<List<Integer>> rows = Flux.range(0, 3).map(i -> List.of(i, i * i));
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("title", "orders");
        report.put("rows", rows); // a Flux: an array that is written as the rows come
        Flux<ByteBuffer> message = Cbor.serializer().serialize(report);

        assertThat(Cbor.deserializer().deserialize(message).block())
                .isEqualTo(Map.of("title", "orders", "rows", List.of(List.of(0, 0), List.of(1, 1), List.of(2, 4))));
    }

    @Test
    void aLongByteString() {
        Stage wrap = Cbor.wrapBytes(); // a piece for each buffer
        Stage unwrap = Cbor.unwrapBytes(); // slices of what arrives

        assertThat(Chunks.join(wrap.then(unwrap).apply(Chunks.of(new byte[100_000])), 1 << 20)
                        .block())
                .isEqualTo(new byte[100_000]);
    }

    @Test
    void options() {
        Serializer<Object> signed = Cbor.serializer(o -> o.deterministic(true));
        Deserializer<Object> open =
                Cbor.deserializer(o -> o.keepTags(true).keepSimpleValues(true).limits(limits -> limits.maxDepth(20)));

        assertThat(signed.into(open)
                        .apply(new CborTag(200, Map.of("b", 1, "a", 2)))
                        .block())
                .isEqualTo(new CborTag(200, Map.of("a", 2, "b", 1)));
    }
}
