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
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.UnroutedMessageException;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.reactor.frame.Texts;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/cond.md; HeaderFlagsDocTest has the rest of it. */
class CondDocTest {

    private static final byte[] NONE = {};

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static byte[] packed(byte[] plain) {
        return Chunks.join(Zlib.compress().apply(Chunks.of(plain)), 1000).block();
    }

    @Test
    void bytesChoosesAStageByTheFirstBytes() {
        Stage inbound = FpipeCond.bytes()
                .whenPrefix(1, Prefixes.skip(1).then(Zlib.decompress()))
                .whenPrefix(0, Prefixes.skip(1))
                .when(2, head -> head.remaining() == 2 && head.getShort() == 0x7801, Zlib.decompress());

        Stage outbound = Zlib.compress().then(Prefixes.prepend(1));
        StageCheck.roundTrip(outbound, inbound, bytes(5, 6), NONE).verify();
        StageCheck.stage(inbound)
                .sample(bytes(0, 5, 6), bytes(5, 6))
                .sample(packed(bytes(5, 6)), bytes(5, 6))
                .invalid(bytes(0x78), UnroutedMessageException.class)
                .invalid(NONE, UnroutedMessageException.class)
                .verify();
    }

    @Test
    void decodeChoosesADeserializer() {
        Deserializer<String> text = Chunks.limit(1 << 20)
                .into(m -> Texts.deserializer().deserialize(m).collect(Collectors.joining()));

        Deserializer<Object> inbound = FpipeCond.<Object>decode()
                .whenPrefix('t', Prefixes.skip(1).into(text))
                .whenPrefix('c', Prefixes.skip(1).into(Cbor.deserializer()));

        StageCheck.deserializer(inbound)
                .prefetch(Long.MAX_VALUE) // collect asks for all at once
                .sample(bytes('t', 'h', 'i'), "hi")
                .sample(bytes('c', 0x07), 7)
                .sample(bytes('c', 0xf6), null)
                .verify();
    }

    private record Request(Object body, boolean compress) {}

    @Test
    void objectsChoosesASerializerByPredicate() {
        Serializer<Request> outbound = FpipeCond.<Request>objects()
                .when(
                        Request::compress,
                        Request::body,
                        Cbor.serializer().then(Zlib.compress()).then(Prefixes.prepend(1)))
                .otherwise(Request::body, Cbor.serializer().then(Prefixes.prepend(0)));

        assertThat(Chunks.join(outbound.serialize(new Request(7, false)), 100).block())
                .isEqualTo(bytes(0, 7));
        assertThat(Chunks.join(outbound.serialize(new Request(7, true)), 100).block())
                .startsWith(1, 0x78, 0x01);
    }

    @Test
    void chooseComputesTheSerializer() {
        Serializer<Object> outbound = FpipeCond.choose(value -> value instanceof List<?> list && list.size() > 100
                ? Cbor.serializer().then(Zlib.compress()).then(Prefixes.prepend(1))
                : Cbor.serializer().then(Prefixes.prepend(0)));

        assertThat(Chunks.join(outbound.serialize(List.of(7)), 100).block()).isEqualTo(bytes(0, 0x81, 7));
        assertThat(Chunks.join(outbound.serialize(Collections.nCopies(101, 7)), 100)
                        .block())
                .startsWith(1, 0x78, 0x01);
    }

    @Test
    void headerComputesTheStage() {
        Stage inbound = FpipeCond.header(
                1,
                head -> (head.get() & 1) == 0
                        ? Stage.identity()
                        : Digests.crc32c().verify());

        StageCheck.roundTrip(Digests.crc32c().append().then(Prefixes.prepend(1)), inbound, bytes(5, 6), NONE)
                .verify();
        StageCheck.stage(inbound)
                .sample(bytes(0, 5, 6), bytes(5, 6))
                .sample(bytes(0), NONE)
                .invalid(NONE, CorruptStreamException.class)
                .verify();
        assertThatThrownBy(() -> inbound.apply(Flux.empty()).blockLast())
                .hasMessage("the message ended after 0 of the 1 bytes of its header");
    }

    @Test
    void theFirstClauseThatMatchesWins() {
        Stage cond = FpipeCond.bytes()
                .whenPrefix(new byte[] {1, 2}, Prefixes.prepend('a')) // before the shorter one, or it is never reached
                .whenPrefix(1, Prefixes.prepend('b'))
                .when(3, head -> !head.hasRemaining(), Prefixes.prepend('c')) // an empty message
                .otherwise(Prefixes.prepend('d'));

        StageCheck.stage(cond)
                .sample(bytes(1, 2), bytes('a', 1, 2))
                .sample(bytes(1, 3), bytes('b', 1, 3))
                .sample(bytes(1), bytes('b', 1))
                .sample(NONE, bytes('c'))
                .sample(bytes(9), bytes('d', 9))
                .verify();
    }

    @Test
    void aClauseThatIsNeverReachedIsRefused() {
        assertThatThrownBy(
                        () -> FpipeCond.bytes().whenPrefix(1, Stage.identity()).whenPrefix(bytes(1, 2), b -> b))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                clause 2 (prefix 0x0102) can never be reached: clause 1 (prefix 0x01) takes all of its messages""");
        assertThatThrownBy(() -> FpipeCond.bytes().otherwise(Stage.identity()).whenPrefix(1, Stage.identity()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                clause 2 can never be reached: it follows otherwise""");
    }

    @Test
    void aMessageOfNoClauseFails() {
        Stage cond = FpipeCond.bytes().whenPrefix(bytes(1, 2), Stage.identity());

        assertThatThrownBy(() -> cond.apply(Chunks.of(bytes(1, 171, 4))).blockLast())
                .isInstanceOf(UnroutedMessageException.class)
                .hasMessage("""
                no branch is for a message that begins with 0x01ab""");
        assertThatThrownBy(() -> cond.apply(Flux.empty()).blockLast()).hasMessage("""
                no branch is for an empty message""");
        assertThatThrownBy(() -> FpipeCond.objects().serialize(1L).blockLast()).hasMessage("""
                no branch is for this value, of java.lang.Long""");
    }

    @Test
    void printsItsDecisionTable() {
        Stage inbound = FpipeCond.bytes()
                .whenPrefix(1, Prefixes.skip(1).then(Zlib.decompress()).named("unzip"))
                .whenPrefix(0, Prefixes.skip(1).named("plain"));

        assertThat(inbound).hasToString("""
                FpipeCond.bytes
                  1. prefix 0x01 -> unzip
                  2. prefix 0x00 -> plain
                  otherwise -> UnroutedMessageException""");
    }

    @Test
    void condsNest() {
        Stage version2 = FpipeCond.bytes()
                .whenPrefix('z', Prefixes.skip(1).then(Zlib.decompress()))
                .otherwise(Prefixes.skip(1));
        Stage inbound =
                FpipeCond.bytes().whenPrefix(2, Prefixes.skip(1).then(version2)).whenPrefix(1, Prefixes.skip(1));

        StageCheck.roundTrip(Zlib.compress().then(Prefixes.prepend(2, 'z')), inbound, bytes(5, 6))
                .verify();
        StageCheck.stage(inbound)
                .sample(bytes(2, 'p', 5, 6), bytes(5, 6))
                .sample(bytes(1, 5, 6), bytes(5, 6))
                .verify();
    }

    @Test
    void retryBelongsAroundTheCond() {
        AtomicInteger subscriptions = new AtomicInteger();
        Flux<ByteBuffer> message = Flux.defer(() -> subscriptions.getAndIncrement() == 0
                ? Chunks.of(bytes(0, 0x82, 1)).concatWith(Flux.error(new IllegalStateException("connection lost")))
                : Chunks.of(bytes(0, 0x82, 1, 2)));

        Deserializer<Object> inbound =
                FpipeCond.bytes().whenPrefix(0, Prefixes.skip(1)).into(Cbor.deserializer());
        Mono<Object> value = inbound.deserialize(message).retry(1);

        assertThat(value.block()).isEqualTo(List.of(1, 2));
        assertThat(subscriptions).hasValue(2);
    }

    @Test
    void retryInsideOfABranchFails() {
        Stage failing = Stage.of(bytes -> bytes.concatWith(Flux.error(new IllegalStateException("the branch failed"))));
        Stage inside = FpipeCond.bytes()
                .otherwise(Stage.of(bytes -> failing.apply(bytes).retry(1)));

        assertThatThrownBy(() -> inside.apply(Chunks.of(bytes(1))).blockLast())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("""
                FluxSwitchOnFirst allows only one Subscriber""");
    }
}
