/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.codec.JacksonCodec;
import io.fpipe.reactor.compress.Zlib;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;

/** What docs/codec.md shows of Jackson. */
class JacksonDocTest {

    /** A class with setters, as Jackson likes them. */
    public static final class Order {

        private int id;
        private double price;

        public int getId() {
            return id;
        }

        public void setId(int id) {
            this.id = id;
        }

        public double getPrice() {
            return price;
        }

        public void setPrice(double price) {
            this.price = price;
        }
    }

    private static Order order(int id) {
        Order order = new Order();
        order.setId(id);
        return order;
    }

    @Test
    void singleValues() {
        Order order = order(7);
        JacksonCodec codec = JacksonCodec.cbor(); // or json(), or of(mapper)
        Mono<Order> copy = codec.serializer(Order.class)
                .then(Zlib.compress())
                .then(Zlib.decompress())
                .into(codec.deserializer(Order.class))
                .apply(order);

        assertThat(copy.map(Order::getId).block()).isEqualTo(7);
    }

    @Test
    void sequences() {
        JacksonCodec json = JacksonCodec.json().maxElementBytes(64 << 10);
        Serializer<Flux<Order>> lines = json.sequenceSerializer(Order.class);
        FluxDeserializer<Order> orders = json.sequenceDeserializer(Order.class);

        assertThat(orders.deserialize(lines.serialize(Flux.range(0, 100).map(JacksonDocTest::order)))
                        .count()
                        .block())
                .isEqualTo(100);
    }

    @Test
    void genericTypes() {
        JacksonCodec json = JacksonCodec.json();
        Type type = new TypeReference<Map<String, List<Order>>>() {}.getType();
        Deserializer<Map<String, List<Order>>> deserializer = json.deserializer(type);

        assertThat(deserializer
                        .deserialize(Chunks.of("{\"a\":[{\"id\":1}]}".getBytes(StandardCharsets.UTF_8)))
                        .map(map -> map.get("a").get(0).getId())
                        .block())
                .isEqualTo(1);
    }

    @Test
    void errors() {
        byte[] lines = "{\"id\":1,\"price\":2}\n{\"id\":2,\"price\":true}\n".getBytes(StandardCharsets.UTF_8);
        String message = """
                element 1 at byte 19 cannot be read: Cannot deserialize value of type `double` from Boolean value (token `JsonToken.VALUE_TRUE`) (at price)
                """;

        assertThatThrownBy(() -> JacksonCodec.json()
                        .sequenceDeserializer(Order.class)
                        .deserialize(Chunks.of(lines))
                        .blockLast())
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage(message.strip());
    }
}
