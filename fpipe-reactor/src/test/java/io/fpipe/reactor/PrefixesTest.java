/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class PrefixesTest {

    private static final byte[] NONE = {};
    private static final byte[] BODY = {10, 20, 30, 40, 50};

    private static List<ByteBuffer> run(Stage stage, ByteBuffer... buffers) {
        return stage.apply(Flux.just(buffers)).collectList().block();
    }

    @SuppressWarnings("ByteBufferBackingArray") // only compared
    private static boolean shareArray(ByteBuffer a, ByteBuffer b) {
        return a.array() == b.array();
    }

    @Test
    void prependsOncePerMessage() {
        StageCheck.stage(Prefixes.prepend(1, 255, -2))
                .sample(BODY, new byte[] {1, -1, -2, 10, 20, 30, 40, 50})
                .sample(NONE, new byte[] {1, -1, -2})
                .completesWithLast()
                .verify();
        StageCheck.stage(Prefixes.prepend(new byte[] {7}))
                .sample(BODY, new byte[] {7, 10, 20, 30, 40, 50})
                .verify();
    }

    @Test
    void aPrefixOfNothingChangesNothing() {
        for (Stage stage :
                List.of(Prefixes.prepend(), Prefixes.prepend(NONE), Prefixes.skip(0), Prefixes.strip(NONE))) {
            StageCheck.stage(stage).sample(BODY, BODY).sample(NONE, NONE).verify();
        }
    }

    @Test
    void refusesWhatIsNoByte() {
        assertThatThrownBy(() -> Prefixes.prepend(1, 256)).hasMessage("a byte is from -128 to 255, was 256");
        assertThatThrownBy(() -> Prefixes.prepend(-129)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Prefixes.skip(-1)).hasMessage("bytes must be at least 0, was -1");
    }

    @Test
    void aChangeOfTheArrayChangesNoStage() {
        byte[] prefix = {1};
        Stage prepend = Prefixes.prepend(prefix);
        Stage strip = Prefixes.strip(prefix);
        prefix[0] = 9;
        assertThat(Chunks.join(prepend.then(strip).apply(Chunks.of(BODY)), 10).block())
                .isEqualTo(BODY);
    }

    @Test
    void subscribesToTheSourceBeforeThePrefixIsEmitted() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(Prefixes.prepend(1).apply(source.flux()), 0)
                .then(source::assertSubscribers)
                .thenCancel()
                .verify();
        source.assertCancelled();
    }

    @Test
    void skipsTheFirstBytes() {
        StageCheck.stage(Prefixes.skip(2))
                .sample(BODY, new byte[] {30, 40, 50})
                .sample(new byte[] {1, 2}, NONE)
                .invalid(new byte[] {1}, CorruptStreamException.class)
                .invalid(NONE, CorruptStreamException.class)
                .completesWithLast()
                .verify();
        StepVerifier.create(Prefixes.skip(4).apply(Chunks.of(new byte[1], new byte[2])))
                .expectErrorMessage("the message ended after 3 of the 4 bytes that are to be skipped")
                .verify();
    }

    @Test
    void stripsWhatItExpects() {
        StageCheck.stage(Prefixes.strip(new byte[] {10, 20}))
                .sample(BODY, new byte[] {30, 40, 50})
                .sample(new byte[] {10, 20}, NONE)
                .invalid(new byte[] {10, 21, 30}, CorruptStreamException.class)
                .invalid(new byte[] {10}, CorruptStreamException.class)
                .invalid(NONE, CorruptStreamException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void showsWhatItGotInsteadOfThePrefix() {
        Stage strip = Prefixes.strip(new byte[] {1, 2, 3, -1});
        StepVerifier.create(strip.apply(Chunks.of(new byte[] {1}, new byte[] {2, 4, 5, 6})))
                .expectErrorMessage("the message begins with 0x01020405 instead of 0x010203ff")
                .verify();
        StepVerifier.create(strip.apply(Chunks.of(new byte[] {1, 2})))
                .expectErrorMessage(
                        "the message ended after 2 of the 4 bytes of its prefix, with 0x0102 instead of 0x010203ff")
                .verify();
    }

    @Test
    void passesTheBodyAsTheSameBuffers() {
        ByteBuffer head = ByteBuffer.wrap(new byte[] {1, 2, 3});
        ByteBuffer body = ByteBuffer.wrap(BODY);
        assertThat(run(Prefixes.prepend(1), head, body))
                .satisfiesExactly(
                        prefix -> assertThat(prefix).isEqualTo(ByteBuffer.wrap(new byte[] {1})),
                        first -> assertThat(first).isSameAs(head),
                        second -> assertThat(second).isSameAs(body));
        assertThat(run(Prefixes.skip(2), head, body))
                .satisfiesExactly(
                        rest -> assertThat(shareArray(rest, head)).as("no copy").isTrue(),
                        second -> assertThat(second).isSameAs(body));
        assertThat(run(Prefixes.skip(3), head, body)).singleElement().isSameAs(body);
    }
}
