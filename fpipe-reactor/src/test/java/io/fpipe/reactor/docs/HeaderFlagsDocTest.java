/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.frame.Texts;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** The header of docs/cond.md: one byte, two bits of which choose the format and the compression. */
class HeaderFlagsDocTest {

    static final int TEXT = 1;
    static final int COMPRESSED = 2;

    record Outgoing(Object body, int flags) {}

    static final Serializer<Object> TEXT_SERIALIZER = Texts.serializer().contramap(body -> Flux.just(body.toString()));

    static final Deserializer<String> TEXT_DESERIALIZER = Chunks.limit(1 << 20)
            .into(message -> Texts.deserializer().deserialize(message).collect(Collectors.joining()));

    static Serializer<Object> serializer(int flags) {
        Serializer<Object> format = (flags & TEXT) != 0 ? TEXT_SERIALIZER : Cbor.serializer();
        return (flags & COMPRESSED) != 0 ? format.then(Zlib.compress()) : format;
    }

    static Deserializer<?> deserializer(ByteBuffer header) {
        int flags = header.get();
        if ((flags & ~(TEXT | COMPRESSED)) != 0) {
            throw new CorruptStreamException("the header has unknown flags: 0x" + Integer.toHexString(flags & 0xff));
        }
        Stage stage = (flags & COMPRESSED) != 0 ? Zlib.decompress() : Stage.identity();
        return (flags & TEXT) != 0 ? stage.into(TEXT_DESERIALIZER) : stage.into(Cbor.deserializer());
    }

    static final Serializer<Outgoing> OUTBOUND = FpipeCond.choose(outgoing -> serializer(outgoing.flags())
            .then(Prefixes.prepend(outgoing.flags()))
            .contramap(Outgoing::body));

    static final Deserializer<Object> INBOUND = FpipeCond.decodeHeader(1, header -> deserializer(header));

    @Test
    void eachBitChoosesOnItsOwn() {
        for (int flags = 0; flags < 4; flags++) {
            assertThat(OUTBOUND.into(INBOUND).apply(new Outgoing("abc", flags)).block())
                    .as("flags %d", flags)
                    .isEqualTo("abc");
        }
        assertThat(OUTBOUND.into(INBOUND).apply(new Outgoing(List.of(1), 0)).block())
                .isEqualTo(List.of(1));
        assertThat(OUTBOUND.into(INBOUND).apply(new Outgoing(List.of(1), TEXT)).block())
                .isEqualTo("[1]");
    }

    @Test
    void aHeaderThatIsUnknownOrMissingFails() {
        StageCheck.deserializer(INBOUND)
                .prefetch(Long.MAX_VALUE)
                .sample(new byte[] {TEXT, 'o', 'k'}, "ok")
                .invalid(new byte[] {4, 'o', 'k'}, CorruptStreamException.class)
                .invalid(new byte[0], CorruptStreamException.class)
                .verify();
    }
}
