/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static io.fpipe.reactor.compress.Samples.NONE;
import static io.fpipe.reactor.compress.Samples.ONE;
import static io.fpipe.reactor.compress.Samples.TEXT;
import static io.fpipe.reactor.compress.Samples.concat;
import static io.fpipe.reactor.compress.Samples.noise;
import static io.fpipe.reactor.compress.Samples.prose;
import static io.fpipe.reactor.compress.Samples.run;
import static io.fpipe.reactor.compress.Samples.runByteByByte;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.test.StageCheck;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.xxhash.XXHashFactory;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream.BlockSize;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream.Parameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

class Lz4Test {

    /** The sizes are on both sides of a block. The command fails for 65535 bytes in lz4 1.9.4. */
    private static final List<byte[]> MESSAGES = List.of(
            NONE,
            ONE,
            TEXT,
            prose(65_530),
            noise(65_536),
            prose(65_537),
            prose(131_072),
            concat(noise(70_000), prose(150_000)));

    private static byte[] commonsCompress(byte[] bytes, boolean checksums, boolean linked) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (FramedLZ4CompressorOutputStream lz4 =
                new FramedLZ4CompressorOutputStream(out, new Parameters(BlockSize.K64, checksums, checksums, linked))) {
            lz4.write(bytes);
        }
        return out.toByteArray();
    }

    /** A frame with the given flags and fields of the header, and a correct checksum of them. */
    private static byte[] frame(int flags, int size, byte[] fields, byte[]... rest) {
        byte[] descriptor = concat(new byte[] {(byte) flags, (byte) size}, fields);
        int check = XXHashFactory.safeInstance().hash32().hash(descriptor, 0, descriptor.length, 0) >> 8;
        return concat(littleEndian(0x184D2204), descriptor, new byte[] {(byte) check}, concat(rest));
    }

    private static byte[] littleEndian(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }

    private static void assertFails(byte[] bytes, String message) {
        assertThatThrownBy(() -> run(Lz4.decompress(), bytes))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageContaining(message);
        assertThatThrownBy(() -> runByteByByte(Lz4.decompress(), bytes))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageContaining(message);
    }

    @Test
    void isReadByLz4JavaAndCommonsCompress() throws IOException {
        for (byte[] bytes : MESSAGES) {
            for (int level : new int[] {1, 3, 9, 12}) {
                byte[] frame = run(
                        Lz4.compress(
                                o -> o.level(level).blockChecksum(level == 9).contentChecksum(level != 3)),
                        bytes);
                assertThat(new LZ4FrameInputStream(new ByteArrayInputStream(frame)).readAllBytes())
                        .isEqualTo(bytes);
                assertThat(new FramedLZ4CompressorInputStream(new ByteArrayInputStream(frame)).readAllBytes())
                        .isEqualTo(bytes);
            }
            for (int size : new int[] {256 << 10, 1 << 20, 4 << 20}) {
                byte[] frame = run(Lz4.compress(o -> o.blockSize(size).contentSize(bytes.length)), bytes);
                assertThat(new LZ4FrameInputStream(new ByteArrayInputStream(frame)).readAllBytes())
                        .isEqualTo(bytes);
                assertThat(run(Lz4.decompress(), frame)).isEqualTo(bytes);
            }
        }
    }

    @Test
    void readsWhatLz4JavaAndCommonsCompressWrite() throws IOException {
        for (byte[] bytes : MESSAGES) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (LZ4FrameOutputStream lz4 = new LZ4FrameOutputStream(out)) {
                lz4.write(bytes);
            }
            assertThat(run(Lz4.decompress(), out.toByteArray())).isEqualTo(bytes);
        }
        for (byte[] bytes : List.of(NONE, ONE, TEXT, concat(noise(66_000), prose(8000)))) { // its compressor is slow
            for (boolean linked : new boolean[] {true, false}) {
                byte[] frame = commonsCompress(bytes, !linked, linked);
                assertThat(run(Lz4.decompress(), frame)).isEqualTo(bytes);
                assertThat(run(Chunks.rechunk(1000).then(Lz4.decompress()), frame))
                        .isEqualTo(bytes);
            }
        }
    }

    @Test
    void isReadAndWrittenByTheCommand(@TempDir Path folder) throws Exception {
        Command lz4 = new Command(folder, "lz4");
        for (byte[] bytes : MESSAGES) {
            assertThat(lz4.run(run(Lz4.compress(), bytes), "-dc")).isEqualTo(bytes);
            assertThat(lz4.run(run(Lz4.compress(o -> o.blockChecksum(true).contentSize(bytes.length)), bytes), "-dc"))
                    .isEqualTo(bytes);
            for (String options : List.of("-B4", "-B4 -BD", "-B5 -BD -BX", "-9 -B7", "-B4 -BD -BX --no-frame-crc")) {
                List<String> words = List.of((options + " -c").split(" ", -1));
                assertThat(run(Lz4.decompress(), lz4.run(bytes, words.toArray(String[]::new))))
                        .as(options)
                        .isEqualTo(bytes);
            }
        }
    }

    @Test
    void readsTheContentSizeThatTheCommandWrites(@TempDir Path folder) throws Exception {
        Command lz4 = new Command(folder, "lz4");
        byte[] bytes = prose(100_000);
        Files.write(folder.resolve("message"), bytes);
        byte[] frame =
                lz4.run(NONE, "--content-size", "-c", folder.resolve("message").toString());
        assertThat(frame[4] & 0x08).as("has the content size").isEqualTo(0x08);
        assertThat(run(Lz4.decompress(), frame)).isEqualTo(bytes);
    }

    @Test
    void readsLinkedBlocksWhateverTheCut() throws IOException {
        byte[] bytes = concat(prose(60_000), noise(3000), prose(10_000));
        byte[] frame = commonsCompress(bytes, true, true);
        StageCheck.stage(Lz4.decompress()).sample(frame, bytes).verify();
    }

    @Test
    void readsLinkedBlocksThatAreStoredAsTheyAre() {
        byte[] match = {0x10, 'x', 30, 0, 0x50, '1', '2', '3', '4', '5'}; // x, four bytes from 30 back, five literals
        byte[] frame = frame(
                0x40,
                0x40,
                NONE,
                littleEndian(0x80000000 | TEXT.length),
                TEXT,
                littleEndian(match.length),
                match,
                littleEndian(0));
        String text = new String(TEXT, StandardCharsets.US_ASCII);
        String expected = text + "x" + (text + "x").substring(text.length() - 29, text.length() - 25) + "12345";
        assertThat(run(Lz4.decompress(), frame)).asString().isEqualTo(expected);
    }

    @Test
    void aDamagedLinkedFrameGivesNothingButTheDocumentedErrors() {
        byte[] first = {0x50, 'a', 'b', 'c', 'd', 'e'};
        byte[] second = {
            0x1f,
            'x',
            5,
            0,
            100,
            (byte) 0xf0,
            1,
            '1',
            '2',
            '3',
            '4',
            '5',
            '6',
            '7',
            '8',
            '9',
            '0',
            'a',
            'b',
            'c',
            'd',
            'e',
            'f'
        };
        byte[] frame = frame(
                0x40,
                0x40,
                NONE,
                littleEndian(first.length),
                first,
                littleEndian(second.length),
                second,
                littleEndian(0));
        assertThat(run(Lz4.decompress(), frame)).hasSize(5 + 1 + 119 + 16);
        for (int position = 7; position < frame.length; position++) {
            for (int value = 0; value < 256; value++) {
                byte[] damaged = frame.clone();
                damaged[position] = (byte) value;
                try {
                    assertThat(run(Lz4.decompress(o -> o.maxOutputBytes(1000)), damaged).length)
                            .isLessThanOrEqualTo(1000);
                } catch (CorruptStreamException | LimitExceededException ex) {
                    assertThat(ex).hasMessageMatching(".*\\d.*");
                }
            }
            byte[] truncated = Arrays.copyOf(frame, position);
            assertThatThrownBy(() -> run(Lz4.decompress(), truncated)).isInstanceOf(CorruptStreamException.class);
        }
    }

    @Test
    void theCodecsKeepTheirContract() throws IOException {
        CodecSettings settings = CodecSettings.of(1, 64 << 10).maxOutputBytes(1000);
        byte[] linked = commonsCompress(prose(1000), true, true);
        StageCheck.transcoder(() -> new Lz4Decoder(LZ4Factory.fastestInstance().safeDecompressor(), settings))
                .sample(linked, prose(1000))
                .sample(run(Lz4.compress(), noise(500)), noise(500))
                .invalid(run(Lz4.compress(), new byte[1001]), LimitExceededException.class)
                .invalid(Arrays.copyOf(linked, linked.length - 1), CorruptStreamException.class)
                .verify();
        byte[] bytes = prose(66_000);
        StageCheck.transcoder(() -> new Lz4Encoder(
                        LZ4Factory.fastestInstance().fastCompressor(),
                        new Lz4Header(64 << 10, false, true, true, bytes.length),
                        FlushMode.WHEN_IDLE))
                .sample(bytes, bytes)
                .equality((frame, expected) -> Arrays.equals(run(Lz4.decompress(), frame), expected))
                .completesWithLast()
                .verify();
    }

    @Test
    void skipsSkippableFramesAndReadsConcatenatedOnes() {
        byte[] frame = run(Lz4.compress(), TEXT);
        byte[] skippable = concat(littleEndian(0x184D2A5F, 5), new byte[5]);
        byte[] emptySkippable = littleEndian(0x184D2A50, 0);
        StageCheck.stage(Lz4.decompress())
                .sample(concat(skippable, frame, emptySkippable, frame, skippable), concat(TEXT, TEXT))
                .sample(skippable, NONE)
                .invalid(Arrays.copyOf(skippable, 12), CorruptStreamException.class)
                .verify();
    }

    @Test
    void refusesWhatTheHeaderMustNotSay() {
        assertFails(TEXT, "not an LZ4 frame: it begins with 0x746f2062 instead of 0x04224d18");
        assertFails(littleEndian(0x184C2102, 0), "an LZ4 frame of the legacy format, which is not supported");
        assertFails(frame(0x61, 0x40, littleEndian(0xabcd)), "the LZ4 frame needs dictionary 0xabcd, there is none");
        assertFails(frame(0xA0, 0x40, NONE), "LZ4 frame flags 0xa0 0x40 are not of version 1 or have reserved bits");
        assertFails(frame(0x62, 0x40, NONE), "LZ4 frame flags 0x62 0x40 are not of version 1 or have reserved bits");
        assertFails(frame(0x60, 0x41, NONE), "LZ4 frame flags 0x60 0x41 are not of version 1 or have reserved bits");
        assertFails(frame(0x60, 0x30, NONE), "LZ4 block size code 3 is not from 4 to 7");
        byte[] wrong = frame(0x60, 0x40, NONE);
        wrong[6]++;
        assertFails(wrong, "the checksum of the LZ4 frame header is 0x82, where 0x83 is given");
    }

    @Test
    void refusesWhatTheBlocksMustNotBe() {
        assertFails(
                frame(0x60, 0x40, NONE, littleEndian(65_537)),
                "LZ4 frame 0 has a block 0 of 65537 bytes, where 65536 are the most");
        assertFails(
                frame(0x60, 0x40, NONE, littleEndian(3), new byte[] {0, 0, 0}),
                "LZ4 frame 0 has a damaged block 0 before byte 14");
        assertFails(
                frame(0x40, 0x40, NONE, littleEndian(1), new byte[] {(byte) 0xf0}),
                "LZ4 frame 0 has a damaged block 0 before byte 12: it ends in a length");
        assertFails(
                frame(0x70, 0x40, NONE, littleEndian(0x80000001, 0, 0)),
                "LZ4 frame 0 has a block 0 of checksum 0xcf65b03e, where 0x0 is given");
        assertFails(
                frame(0x64, 0x40, NONE, littleEndian(0, 7)),
                "LZ4 frame 0 has a content of checksum 0x2cc5d05, where 0x7 is given");
        assertFails(
                frame(0x68, 0x40, littleEndian(5, 0), littleEndian(0x80000004, 0, 0)),
                "LZ4 frame 0 has a content of 4 bytes, where 5 are given");
        assertFails(
                frame(0x68, 0x40, littleEndian(3, 0), littleEndian(0x80000004, 0, 0)),
                "LZ4 frame 0 has a content of at least 4 bytes, where 3 are given");
    }

    @Test
    void emptyBlocksGiveNoBuffers() {
        byte[] frame = frame(0x60, 0x40, NONE, littleEndian(0x80000000, 1), new byte[1], littleEndian(0x80000000, 0));
        assertThat(Lz4.decompress().apply(Chunks.of(frame)).collectList().block())
                .isEmpty();
    }

    @Test
    void theContentSizeMustBeTrue() {
        assertThatThrownBy(() -> run(Lz4.compress(o -> o.contentSize(39)), TEXT))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("the message has at least 40 bytes, where contentSize is 39");
        assertThatThrownBy(() -> run(Lz4.compress(o -> o.contentSize(41)), TEXT))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("the message has 40 bytes, where contentSize is 41");
    }

    @Test
    void aBlockIsOneBuffer() {
        List<ByteBuffer> frame =
                Lz4.compress().apply(Chunks.of(noise(200_000))).collectList().block();
        assertThat(frame).hasSize(4);
        assertThat(frame.get(1).remaining()).isEqualTo(4 + 65_536);
        List<ByteBuffer> plain =
                Lz4.decompress().apply(Flux.fromIterable(frame)).collectList().block();
        assertThat(plain).extracting(ByteBuffer::remaining).containsExactly(65_536, 65_536, 65_536, 3392);
        assertThat(plain.get(1).array())
                .as("a stored block is a slice of its input")
                .isSameAs(frame.get(1).array());
    }

    @Test
    void aSmallMessageTakesSmallBuffers() {
        ByteBuffer frame = Lz4.compress().apply(Chunks.of(ONE)).single().block();
        assertThat(frame.capacity()).isLessThanOrEqualTo(64);
        byte[] large = run(Lz4.compress(o -> o.blockSize(4 << 20)), TEXT);
        assertThat(Lz4.decompress().apply(Chunks.of(large)).single().block().capacity())
                .isLessThanOrEqualTo(255 * large.length);
    }

    @Test
    void smallBlocksFindMoreInNumbers() {
        ByteBuffer numbers = ByteBuffer.allocate(500_000);
        for (int i = 0; numbers.hasRemaining(); i++) {
            numbers.put((byte) 0x1a).putInt(i);
        }
        int small = run(Lz4.compress(), numbers.array()).length;
        assertThat(small).isLessThan(420_000);
        assertThat(run(Lz4.compress(o -> o.level(9)), numbers.array()).length).isLessThan(small);
    }

    @Test
    void refusesOptionsThatMakeNoSense() {
        assertThatThrownBy(() -> Lz4.compress(o -> o.level(13))).hasMessage("level must be from 0 to 12, was 13");
        assertThatThrownBy(() -> Lz4.compress(o -> o.blockSize(65_537)))
                .hasMessage("blockSize must be 65536, 262144, 1048576 or 4194304 bytes, was 65537");
        assertThatThrownBy(() -> Lz4.compress(o -> o.contentSize(-1)))
                .hasMessage("contentSize must be at least 0, was -1");
    }
}
