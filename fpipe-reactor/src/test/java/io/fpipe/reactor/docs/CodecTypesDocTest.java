/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.codec.CborName;
import io.fpipe.reactor.codec.CborUnion;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The code of docs/codec.md about types. */
class CodecTypesDocTest {

    record Line(String sku, double price, int count) {}

    record Order(long id, String customer, List<Line> lines, Optional<LocalDate> due) {}

    @CborUnion("kind")
    sealed interface Payment permits Card, Transfer {}

    @CborName("card")
    record Card(String number, @CborName("exp") String expires) implements Payment {}

    @CborName("transfer")
    record Transfer(String iban) implements Payment {}

    @Test
    void records() {
        Serializer<Order> outbound = Cbor.serializer(Order.class);
        Deserializer<Order> inbound = Cbor.deserializer(Order.class);

        Order order = new Order(1, "c", List.of(new Line("s", 1.5, 2)), Optional.of(LocalDate.EPOCH));
        assertThat(outbound.into(inbound).apply(order).block()).isEqualTo(order);
    }

    @Test
    void unions() {
        assertThat(Cbor.deserializer()
                        .deserialize(Cbor.serializer().serialize(new Card("1", "12/30")))
                        .block())
                .isEqualTo(Map.of("kind", "card", "number", "1", "exp", "12/30"));
        assertThat(Cbor.deserializer(Payment.class)
                        .deserialize(Cbor.serializer().serialize(Map.of("iban", "i", "kind", "transfer")))
                        .block())
                .isEqualTo(new Transfer("i"));
    }

    private static final String MESSAGE = """
            expected an int from -2147483648 to 2147483647, found 1099511627776 at byte 47, at $.lines[0].count
            """;

    record SentLine(String sku, double price, long count) {}

    record Sent(long id, String customer, List<SentLine> lines) {}

    @Test
    void errors() {
        Sent sent = new Sent(1, "Zoe", List.of(new SentLine("s", 1.5, 1L << 40)));
        assertThatThrownBy(() -> Cbor.deserializer(Order.class)
                        .deserialize(Cbor.serializer().serialize(sent))
                        .block())
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage(MESSAGE.strip());
    }
}
