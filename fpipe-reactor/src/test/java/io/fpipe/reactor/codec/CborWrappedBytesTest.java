/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;

/** Byte strings that are written and read as they come. */
@SuppressWarnings("ByteBufferBackingArray") // which array it is is the question
class CborWrappedBytesTest {

    private static final byte[] SAMPLE = sample(5000);

    private static byte[] sample(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    @Test
    void whatIsWrappedComesOutAgain() {
        StageCheck.roundTrip(Cbor.wrapBytes(), Cbor.unwrapBytes(), new byte[0], new byte[] {1}, SAMPLE)
                .verify();
        StageCheck.roundTrip(Cbor.wrapBytes(5000), Cbor.unwrapBytes(), SAMPLE).verify();
    }

    @Test
    void wrappingKeepsItsContract() {
        StageCheck.stage(Cbor.wrapBytes(3))
                .sample(new byte[] {1, 2, 3}, hex("43010203"))
                .invalid(new byte[] {1, 2}, CorruptStreamException.class)
                .invalid(new byte[] {1, 2, 3, 4}, CorruptStreamException.class)
                .verify();
        StageCheck.stage(Cbor.wrapBytes(0))
                .sample(new byte[0], hex("40"))
                .invalid(new byte[1], CorruptStreamException.class)
                .verify();
        StageCheck.stage(Cbor.wrapBytes(SAMPLE.length))
                .sample(SAMPLE, encode(SAMPLE))
                .verify();
        assertThat(Chunks.join(Cbor.wrapBytes().apply(Flux.fromIterable(pieces(new byte[] {1, 2, 3}, 2))), 100)
                        .block())
                .isEqualTo(hex("5f4201024103ff"));
    }

    @Test
    void unwrappingKeepsItsContract() {
        StageCheck.stage(Cbor.unwrapBytes())
                .sample(hex("40"), new byte[0])
                .sample(hex("5fff"), new byte[0])
                .sample(hex("d9d9f7d9d9f743010203"), new byte[] {1, 2, 3})
                .sample(hex("5f4041014302030440ff"), new byte[] {1, 2, 3, 4})
                .sample(encode(SAMPLE), SAMPLE)
                .invalid(new byte[0], CorruptStreamException.class)
                .invalid(hex("4301"), CorruptStreamException.class)
                .invalid(hex("410100"), CorruptStreamException.class)
                .invalid(hex("5f41"), CorruptStreamException.class)
                .verify();
    }

    @ParameterizedTest
    @CsvSource({
        "'', the message is empty",
        "01, no CBOR byte string but an item of major type 0 at byte 0",
        "6161, no CBOR byte string but an item of major type 3 at byte 0",
        "ff, no CBOR byte string but an item of major type 7 at byte 0",
        "c240, no CBOR byte string but an item of major type 6 at byte 0",
        "5f6161ff, no CBOR byte string but an item of major type 3 at byte 1",
        "5f5fffff, no CBOR byte string but an item of major type 2 at byte 1",
        "5fd9d9f740ff, no CBOR byte string but an item of major type 6 at byte 1",
        "5c, reserved CBOR additional information 28 at byte 0",
        "59, truncated at byte 1",
        "4401, truncated at byte 2",
        "5f4101, truncated at byte 3",
        "4000, 'trailing bytes after the CBOR value, from byte 1'",
        "5fff00, 'trailing bytes after the CBOR value, from byte 2'",
    })
    void saysWhatIsWrong(String hex, String message) {
        for (int size : new int[] {1, 100}) {
            assertThatThrownBy(() -> Cbor.unwrapBytes()
                            .apply(Flux.fromIterable(pieces(hex(hex), size)))
                            .blockLast())
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void theMessageHasALimit() {
        assertThat(Cbor.unwrapBytes(o -> o.limits(l -> l.maxBytes(3)))
                        .apply(Chunks.of(hex("420102")))
                        .blockLast())
                .isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
        for (String hex : List.of("43010203", "5bffffffffffffffff")) {
            assertThatThrownBy(() -> Cbor.unwrapBytes(o -> o.limits(l -> l.maxBytes(3)))
                            .apply(Chunks.of(hex(hex)))
                            .blockLast())
                    .isInstanceOf(LimitExceededException.class)
                    .hasMessageContaining("maxBytes is 3");
        }
        assertThatThrownBy(() -> Cbor.wrapBytes(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void longBuffersAreNotCopied() {
        for (var stage : List.of(Cbor.wrapBytes(), Cbor.wrapBytes(5000))) {
            assertThat(stage.apply(Chunks.of(SAMPLE)).collectList().block())
                    .anySatisfy(buffer -> assertThat(buffer.array()).isSameAs(SAMPLE));
        }
        byte[] message = encode(SAMPLE);
        assertThat(Cbor.unwrapBytes().apply(Chunks.of(message)).collectList().block())
                .singleElement()
                .satisfies(buffer -> assertThat(buffer.array()).isSameAs(message));
    }
}
