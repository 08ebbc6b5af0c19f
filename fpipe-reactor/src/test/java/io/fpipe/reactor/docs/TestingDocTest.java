/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.Transcoders;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.frame.Texts;
import io.fpipe.reactor.test.StageCheck;
import io.fpipe.reactor.test.TranscoderProbe;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** The code of docs/testing.md. */
class TestingDocTest {

    @Test
    void skipsOneByte() {
        StageCheck.stage(Prefixes.skip(1))
                .sample(new byte[] {1, 2, 3}, new byte[] {2, 3})
                .sample(new byte[] {1}, new byte[0])
                .invalid(new byte[0], CorruptStreamException.class)
                .verify();
    }

    @Test
    void expandsRuns() {
        StageCheck.transcoder(RunLengths::new)
                .sample(new byte[] {3, 'a', 1, 'b'}, "aaab".getBytes(UTF_8))
                .sample(new byte[0], new byte[0])
                .invalid(new byte[] {3, 'a', 1}, CorruptStreamException.class)
                .invalid(new byte[] {0, 'a'}, CorruptStreamException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void undoesWhatItDid() {
        byte[] large = new byte[10_000];
        StageCheck.roundTrip(Zlib.compress(), Zlib.decompress(), new byte[0], new byte[] {1}, large)
                .verify();
        StageCheck.roundTrip(Cbor.serializer(), Cbor.deserializer(), "abc", List.of(1, 2), Map.of("a", 1.5))
                .verify();
    }

    @Test
    void writesAndReadsCbor() {
        StageCheck.serializer(Cbor.serializer())
                .sample(List.of(1, 2), new byte[] {(byte) 0x82, 1, 2})
                .invalid(Thread.currentThread(), IllegalArgumentException.class)
                .verify();
        StageCheck.deserializer(Cbor.deserializer())
                .sample(new byte[] {(byte) 0x82, 1, 2}, List.of(1, 2))
                .sample(new byte[] {(byte) 0xf6}, null)
                .invalid(new byte[] {(byte) 0x82, 1}, CorruptStreamException.class)
                .verify();
        StageCheck.deserializerOfMany(Texts.lineDeserializer())
                .sample("one\r\ntwo".getBytes(UTF_8), List.of("one", "two"))
                .invalid(new byte[] {(byte) 0xff}, CorruptStreamException.class)
                .verify();
    }

    @Test
    void truncationIsFoundAtEveryLength() {
        byte[] packed = Chunks.join(Zlib.compress().apply(Chunks.of("abcabc".getBytes(UTF_8))), 1000)
                .block();

        StageCheck<byte[], byte[]> check = StageCheck.stage(Zlib.decompress());
        for (int length = 0; length < packed.length; length++) {
            check = check.invalid(Arrays.copyOf(packed, length), CorruptStreamException.class);
        }
        check.verify();
    }

    @Test
    void aProbeWatchesAnyDriver() {
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(RunLengths::new);
        Flux<ByteBuffer> runs = Transcoders.transcode(Chunks.of(new byte[] {3, 'a', 1, 'b'}), probe);

        assertThat(runs.take(1).collectList().block()).hasSize(1);
        assertThat(probe.opened()).isEqualTo(1);
        assertThat(probe.closed()).isEqualTo(1);
        probe.verify();
    }

    @Test
    void printsTheSmallestCaseThatFails() {
        Stage broken = Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining)
                .map(buffer -> buffer.slice(buffer.position() + 1, buffer.remaining() - 1)) // of each buffer
                .filter(ByteBuffer::hasRemaining));

        assertThatThrownBy(() -> StageCheck.stage(broken)
                        .sample(new byte[] {1, 2, 3}, new byte[] {2, 3})
                        .verify())
                .isInstanceOf(AssertionError.class)
                .hasMessage("""
                gave 1 bytes 0x03 where 2 bytes 0x0203 is expected; the first difference is at byte 0
                  sample: 3 bytes 0x010203
                  the source gives 2 heap buffers of [1, 2] bytes, in the subscriber's thread; the subscriber asks for all at once
                  seed 1""");
    }

    static final class CheckSkip {
        public static void main(String[] args) {
            StageCheck.stage(Prefixes.skip(1))
                    .sample(new byte[] {1, 2, 3}, new byte[] {2, 3})
                    .verify();
            System.out.println("ok");
        }
    }

    @Test
    void needsNoFramework() {
        CheckSkip.main(new String[0]);
    }
}
