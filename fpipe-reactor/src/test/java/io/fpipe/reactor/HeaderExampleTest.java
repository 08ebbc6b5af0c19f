/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.frame.Texts;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The bits of a header choose a serializer and a compression, each on its own, in both directions. */
class HeaderExampleTest {

    /** How an object is written; bit 0 of the header is its number. */
    record Format(int number, Serializer<Object> serializer, Deserializer<Object> deserializer) {

        static final Format CBOR = new Format(0, Cbor.serializer(), Cbor.deserializer());
        static final Format TEXT = new Format(
                1,
                Texts.serializer().contramap(value -> Flux.just(value.toString())),
                message -> Texts.deserializer()
                        .deserialize(message)
                        .reduce("", String::concat)
                        .cast(Object.class));

        static final List<Format> ALL = List.of(CBOR, TEXT);

        static Format of(ByteBuffer head) {
            return ALL.get(head.get(0) & 1);
        }
    }

    /** How its bytes are compressed; bits 1 and 2 of the header are its number. One more is one more line. */
    record Compression(int number, Stage compress, Stage decompress) {

        static final Compression NONE = new Compression(0, Stage.identity(), Stage.identity());
        static final Compression FAST = new Compression(1, Zlib.compress(), Zlib.decompress());
        static final Compression SMALL =
                new Compression(2, Zlib.compress(options -> options.level(9)), Zlib.decompress());

        static final List<Compression> ALL = List.of(NONE, FAST, SMALL);

        static Compression of(ByteBuffer head) {
            int number = head.get(0) >> 1 & 3;
            if (number >= ALL.size()) {
                throw new CorruptStreamException("the header names compression " + number + " of " + ALL.size());
            }
            return ALL.get(number);
        }
    }

    /** An object, and how it is to be sent. */
    record Outgoing(Object value, Format format, Compression compression) {

        int header() {
            return format.number | compression.number << 1;
        }
    }

    private static final Serializer<Outgoing> OUTBOUND = FpipeCond.choose(outgoing -> outgoing.format
            .serializer
            .then(outgoing.compression.compress)
            .then(Prefixes.prepend(outgoing.header()))
            .contramap(Outgoing::value));

    private static final Deserializer<Object> INBOUND =
            FpipeCond.decodeHeader(1, head -> Compression.of(head).decompress.into(Format.of(head).deserializer));

    /** For whoever wants the bytes only, whatever they stand for. */
    private static final Stage UNPACKED = FpipeCond.header(1, head -> Compression.of(head).decompress);

    private static byte[] join(Flux<ByteBuffer> message) {
        return Chunks.join(message, 1 << 20).block();
    }

    @Test
    void everyFormatGoesWithEveryCompression() {
        Map<Format, Object> values =
                Map.of(Format.CBOR, List.of(1, 2, Map.of("three", 4)), Format.TEXT, "to be or not to be");
        for (Format format : Format.ALL) {
            byte[] plain = join(format.serializer.serialize(values.get(format)));
            for (Compression compression : Compression.ALL) {
                Outgoing outgoing = new Outgoing(values.get(format), format, compression);
                byte[] sent = join(OUTBOUND.serialize(outgoing));
                assertThat(sent[0]).isEqualTo((byte) (format.number() + 2 * compression.number()));
                StageCheck.serializer(OUTBOUND).sample(outgoing, sent).verify();
                StageCheck.deserializer(INBOUND)
                        .sample(sent, values.get(format))
                        .verify();
                StageCheck.stage(UNPACKED).sample(sent, plain).verify();
            }
        }
    }

    @Test
    void theSenderPaysForWhatItChose() {
        String text = "to be or not to be, that is the question. ".repeat(1000);
        assertThat(size(text, Compression.SMALL))
                .isLessThan(size(text, Compression.FAST))
                .isLessThan(size(text, Compression.NONE) / 10);
    }

    private static int size(String text, Compression compression) {
        return join(OUTBOUND.serialize(new Outgoing(text, Format.TEXT, compression))).length;
    }

    @Test
    void refusesWhatNobodyKnows() {
        Mono<Object> unknown = INBOUND.deserialize(Chunks.of(new byte[] {6, 1}));
        StepVerifier.create(unknown)
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(CorruptStreamException.class)
                        .hasMessage("the header names compression 3 of 3"))
                .verify();
        StepVerifier.create(INBOUND.deserialize(Flux.empty())).verifyError(CorruptStreamException.class);
    }
}
