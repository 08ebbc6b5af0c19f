/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static io.fpipe.reactor.compress.Samples.NONE;
import static io.fpipe.reactor.compress.Samples.ONE;
import static io.fpipe.reactor.compress.Samples.noise;
import static io.fpipe.reactor.compress.Samples.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class ShuffleTest {

    /** The definition, byte by byte. */
    private static byte[] shuffled(byte[] bytes, int size, int mostBlockSize) {
        byte[] result = bytes.clone();
        int block = mostBlockSize / size * size;
        for (int start = 0; start < bytes.length; start += block) {
            int count = Math.min(block, bytes.length - start) / size;
            for (int i = 0; i < count * size; i++) {
                result[start + i % size * count + i / size] = bytes[start + i];
            }
        }
        return result;
    }

    @Test
    void isWhatTheDefinitionSays() {
        for (int size : new int[] {1, 2, 3, 4, 5, 7, 8, 12, 16, 255}) {
            for (int length : new int[] {0, 1, size - 1, size, size + 1, 100, 16 * size + 3, 2047, 65_536, 200_003}) {
                byte[] bytes = noise(length);
                byte[] expected = shuffled(bytes, size, 65_536);
                assertThat(run(Shuffle.shuffle(size), bytes))
                        .as("%d bytes of elements of %d", length, size)
                        .isEqualTo(expected);
                assertThat(run(Shuffle.unshuffle(size), expected))
                        .as("%d bytes of elements of %d, back", length, size)
                        .isEqualTo(bytes);
            }
        }
    }

    @Test
    void doesTheSameWhateverTheCut() {
        for (int size : new int[] {2, 3, 4, 8}) {
            byte[] bytes = noise(400 + size);
            byte[] shuffled = shuffled(bytes, size, 128);
            StageCheck.transcoder(() -> new Shuffling(size, 128, Transposition::shuffle))
                    .sample(bytes, shuffled)
                    .sample(NONE, NONE)
                    .sample(ONE, ONE)
                    .completesWithLast()
                    .verify();
            StageCheck.transcoder(() -> new Shuffling(size, 128, Transposition::unshuffle))
                    .sample(shuffled, bytes)
                    .completesWithLast()
                    .verify();
        }
    }

    @Test
    void roundTripsWhatIsLargerThanABlock() {
        StageCheck.roundTrip(Shuffle.shuffle(4), Shuffle.unshuffle(4), noise(70_001))
                .verify();
    }

    @Test
    void makesNumbersCompress() {
        ByteBuffer numbers = ByteBuffer.allocate(4 << 16).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; numbers.hasRemaining(); i++) {
            numbers.putInt(i);
        }
        assertThat(run(Lz4.compress(), numbers.array()).length).isGreaterThan(200_000);
        byte[] compressed = run(Shuffle.shuffle(4).then(Lz4.compress()), numbers.array());
        assertThat(compressed.length).isLessThan(4000);
        assertThat(run(Lz4.decompress().then(Shuffle.unshuffle(4)), compressed)).isEqualTo(numbers.array());
    }

    @Test
    void emitsNothingOfAMessageThatFails() {
        IllegalStateException error = new IllegalStateException("source");
        StepVerifier.create(Shuffle.shuffle(2).apply(Chunks.of(ONE).concatWith(Flux.error(error))))
                .expectErrorMatches(ex -> ex == error)
                .verify();
    }

    @Test
    void refusesElementSizesThatMakeNoSense() {
        assertThatThrownBy(() -> Shuffle.shuffle(0)).hasMessage("elementSize must be from 1 to 255, was 0");
        assertThatThrownBy(() -> Shuffle.unshuffle(256)).hasMessage("elementSize must be from 1 to 255, was 256");
    }
}
