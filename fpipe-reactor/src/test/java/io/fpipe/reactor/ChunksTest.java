/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class ChunksTest {

    private static final byte[] NONE = {};

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static List<Integer> sizes(Flux<ByteBuffer> message) {
        return message.map(ByteBuffer::remaining).collectList().block();
    }

    @Test
    void rechunksWithoutChangingTheBytes() {
        for (int size : new int[] {1, 3, 300}) {
            StageCheck<byte[], byte[]> check = StageCheck.transcoder(() -> new Rechunking(size, size));
            for (int length : new int[] {0, 1, size - 1, size, size + 1, 3 * size}) {
                check = check.sample(bytes(length), bytes(length));
            }
            check.completesWithLast().verify();
        }
    }

    @Test
    void allBuffersButTheLastHaveTheSizeExactly() {
        for (int step : new int[] {1, 2, 5, 300, 999, 1000, 1001}) {
            byte[][] arrays = new byte[2500 / step + 1][];
            for (int i = 0; i < arrays.length; i++) {
                arrays[i] = new byte[Math.min(step, 2500 - i * step)];
            }
            assertThat(sizes(Chunks.rechunk(1000).apply(Chunks.of(arrays)))).containsExactly(1000, 1000, 500);
        }
        assertThat(sizes(Chunks.rechunk(2).apply(Chunks.of(new byte[4])))).containsExactly(2, 2);
        assertThat(sizes(Chunks.rechunk(2).apply(Flux.empty()))).isEmpty();
    }

    @Test
    void coalescesWithoutChangingTheBytes() {
        StageCheck<byte[], byte[]> check = StageCheck.transcoder(() -> new Rechunking(3, 7));
        for (int length : new int[] {0, 1, 2, 3, 7, 8, 20}) {
            check = check.sample(bytes(length), bytes(length));
        }
        check.completesWithLast().verify();
    }

    @Test
    void coalescedBuffersAreNeitherTooSmallNorTooLarge() {
        Stage stage = Chunks.coalesce(10, 40);
        assertThat(sizes(stage.apply(Chunks.of(new byte[9], new byte[9], new byte[1]))))
                .containsExactly(10, 9);
        assertThat(sizes(stage.apply(Chunks.of(new byte[100], new byte[9])))).containsExactly(40, 40, 20, 9);
        ByteBuffer fits = ByteBuffer.allocate(40);
        assertThat(stage.apply(Flux.just(fits)).blockFirst()).isSameAs(fits);
    }

    @Test
    void tellsOfProgress() {
        List<Long> told = new ArrayList<>();
        ByteBuffer first = ByteBuffer.allocate(2);
        Flux<ByteBuffer> watched = Chunks.progress(told::add).apply(Flux.just(first, ByteBuffer.allocate(3)));
        assertThat(watched.blockFirst()).isSameAs(first);
        assertThat(sizes(watched)).containsExactly(2, 3);
        assertThat(told).as("each subscription counts anew").containsExactly(2L, 2L, 5L);
        StageCheck.stage(Chunks.progress(count -> {}))
                .sample(bytes(5), bytes(5))
                .sample(NONE, NONE)
                .completesWithLast()
                .verify();
    }

    @Test
    void aListenerThatThrowsFailsTheMessage() {
        Stage stage = Chunks.progress(count -> {
            throw new IllegalStateException("listener at " + count);
        });
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(stage.apply(source.flux()).onErrorContinue((ex, buffer) -> {}))
                .then(() -> source.next(ByteBuffer.allocate(4)))
                .expectErrorMessage("listener at 4")
                .verify();
        source.assertCancelled();
    }

    @Test
    void doesNotCopyWholeChunks() {
        ByteBuffer exact = ByteBuffer.allocate(8);
        ByteBuffer large = ByteBuffer.allocateDirect(20);
        List<ByteBuffer> chunks =
                Chunks.rechunk(8).apply(Flux.just(exact, large)).collectList().block();
        assertThat(chunks.get(0)).isSameAs(exact);
        assertThat(chunks.get(1).isDirect()).isTrue();
        assertThat(chunks.get(2).isDirect()).isTrue();
        assertThat(chunks.get(3).remaining()).isEqualTo(4);
    }

    @Test
    void aSmallMessageTakesLittleMemory() {
        ByteBuffer chunk = Chunks.rechunk(1 << 20)
                .apply(Chunks.of(new byte[2], new byte[1]))
                .blockFirst();
        assertThat(chunk.capacity()).isLessThanOrEqualTo(256);
    }

    @Test
    void limitsTheLengthOfAMessage() {
        StageCheck.stage(Chunks.limit(5))
                .sample(bytes(5), bytes(5))
                .sample(NONE, NONE)
                .invalid(bytes(6), LimitExceededException.class)
                .completesWithLast()
                .verify();
        StageCheck.stage(Chunks.limit(0))
                .sample(NONE, NONE)
                .invalid(bytes(1), LimitExceededException.class)
                .verify();
    }

    @Test
    void theLimitTellsItsFactsAndEmitsNothingAboveIt() {
        ByteBuffer first = ByteBuffer.allocate(3);
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(Chunks.limit(5).apply(source.flux()).onErrorContinue((ex, buffer) -> {}))
                .then(() -> source.next(first))
                .assertNext(buffer -> assertThat(buffer).isSameAs(first))
                .then(() -> source.next(ByteBuffer.allocate(4)))
                .expectErrorSatisfies(ex -> {
                    assertThat(ex)
                            .isInstanceOf(LimitExceededException.class)
                            .hasMessage("the message has at least 7 bytes (maxBytes is 5)");
                    assertThat(((LimitExceededException) ex).maximum()).isEqualTo(5);
                })
                .verify();
        source.assertCancelled();
    }

    @Test
    void makesAMessageOfArrays() {
        Flux<ByteBuffer> message = Chunks.of(bytes(2), NONE, bytes(3));
        assertThat(sizes(message)).containsExactly(2, 3);
        ByteBuffer once = message.blockFirst();
        once.position(2);
        assertThat(sizes(message)).as("a subscription has its own buffers").containsExactly(2, 3);
        StageCheck.<byte[]>serializer(Chunks::of)
                .sample(bytes(5), bytes(5))
                .sample(NONE, NONE)
                .completesWithLast()
                .verify();
    }

    @Test
    void joinsAMessage() {
        StageCheck<byte[], byte[]> check = StageCheck.deserializer(message -> Chunks.join(message, 2000));
        for (int length : new int[] {0, 1, 2, 300, 2000}) {
            check = check.sample(bytes(length), bytes(length));
        }
        check.invalid(bytes(2001), LimitExceededException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void joinFailsAtOnceAboveItsLimit() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(Chunks.join(source.flux(), 4))
                .then(() -> source.next(ByteBuffer.allocate(5)))
                .expectErrorMessage("the message has at least 5 bytes (maxBytes is 4)")
                .verify();
        source.assertCancelled();
        assertThat(Chunks.join(Chunks.of(bytes(9)), Long.MAX_VALUE).block()).isEqualTo(bytes(9));
    }

    @Test
    void refusesSizesAndLimitsThatMakeNoSense() {
        assertThatThrownBy(() -> Chunks.rechunk(0)).hasMessage("size must be at least 1, was 0");
        assertThatThrownBy(() -> Chunks.coalesce(0, 1)).hasMessage("min must be from 1 to max, was 0 of 1");
        assertThatThrownBy(() -> Chunks.coalesce(3, 2)).hasMessage("min must be from 1 to max, was 3 of 2");
        assertThatThrownBy(() -> Chunks.limit(-1)).hasMessage("maxBytes must be at least 0, was -1");
        assertThatThrownBy(() -> Chunks.join(Flux.empty(), -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Chunks.of(NONE, null)).isInstanceOf(NullPointerException.class);
    }
}
