/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class StageTest {

    private static final Stage DOUBLED = Stage.of(bytes -> bytes.concatMap(b -> Flux.just(b, b)));
    private static final Deserializer<Long> COUNTED = message -> message.count();
    private static final Serializer<String> ONE_BYTE_A_CHAR =
            text -> Flux.fromStream(text.chars().mapToObj(c -> ByteBuffer.wrap(new byte[] {(byte) c})));

    @Test
    void identityPassesTheSameBuffersThrough() {
        ByteBuffer buffer = ByteBuffer.allocate(1);
        assertThat(Stage.identity().apply(Flux.just(buffer)).blockFirst()).isSameAs(buffer);
    }

    @Test
    void composesInOrder() {
        StepVerifier.create(DOUBLED.then(DOUBLED).apply(Flux.just(ByteBuffer.allocate(1))))
                .expectNextCount(4)
                .verifyComplete();
    }

    @Test
    void aPipelineIsAFunction() {
        assertThat(ONE_BYTE_A_CHAR.then(DOUBLED).into(COUNTED).apply("abc").block())
                .isEqualTo(6);
        assertThat(ONE_BYTE_A_CHAR
                        .contramap(Object::toString)
                        .into(DOUBLED.into(COUNTED))
                        .apply(42)
                        .block())
                .isEqualTo(4);
    }

    @Test
    void aPipelineCanGiveManyValues() {
        FluxDeserializer<Byte> bytes = message -> message.map(b -> b.get(b.position()));
        StepVerifier.create(ONE_BYTE_A_CHAR.intoMany(DOUBLED.intoMany(bytes)).apply("ab"))
                .expectNext((byte) 'a', (byte) 'a', (byte) 'b', (byte) 'b')
                .verifyComplete();
    }

    @Test
    void anExceptionOfContramapIsTheMessagesError() {
        Serializer<String> failing = ONE_BYTE_A_CHAR.contramap(text -> {
            throw new IllegalStateException("no " + text);
        });
        StepVerifier.create(failing.serialize("x")).expectErrorMessage("no x").verify();
    }

    @Test
    void theNameOfAStageShowsInTheTraceOfAnError() {
        Stage failing = Stage.of(bytes -> Mono.error(new IllegalStateException("broken")));
        StepVerifier.create(failing.named("my-stage").apply(Flux.empty()))
                .expectErrorSatisfies(ex -> assertThat(ex.getSuppressed()[0]).hasMessageContaining("my-stage"))
                .verify();
    }
}
