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
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.test.StageCheck;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GzipTest {

    private static final int TEXT_FLAG = 1;
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    /** A member with the parts of the header that the flags say. */
    private static byte[] member(int flags, byte[] extra, byte[] content) throws IOException {
        byte[] header = {0x1f, (byte) 0x8b, 8, (byte) flags, 1, 2, 3, 4, 0, 3};
        if ((flags & EXTRA) != 0) {
            header = concat(header, new byte[] {(byte) extra.length, (byte) (extra.length >> 8)}, extra);
        }
        if ((flags & NAME) != 0) {
            header = concat(header, "name.txt\0".getBytes(StandardCharsets.ISO_8859_1));
        }
        if ((flags & COMMENT) != 0) {
            header = concat(header, "no comment\0".getBytes(StandardCharsets.ISO_8859_1));
        }
        if ((flags & HEADER_CRC) != 0) {
            CRC32 crc = new CRC32();
            crc.update(header);
            header = concat(header, new byte[] {(byte) crc.getValue(), (byte) (crc.getValue() >> 8)});
        }
        byte[] plain = gzip(content);
        return concat(header, Arrays.copyOfRange(plain, 10, plain.length));
    }

    @Test
    void readsEveryHeaderWhateverTheCut() throws IOException {
        for (int flags = 0; flags < 32; flags++) {
            for (byte[] extra : List.of(NONE, ONE, noise(300))) {
                byte[] member = member(flags, extra, TEXT);
                assertThat(run(Gzip.decompress(), member)).as("flags %d", flags).isEqualTo(TEXT);
                assertThat(Samples.runByteByByte(Gzip.decompress(), member))
                        .as("flags %d, byte by byte", flags)
                        .isEqualTo(TEXT);
            }
        }
        byte[] all = member(TEXT_FLAG | HEADER_CRC | EXTRA | NAME | COMMENT, TEXT, TEXT);
        StageCheck.stage(Gzip.decompress())
                .sample(concat(all, all, gzip(TEXT)), concat(TEXT, TEXT, TEXT))
                .invalid(Arrays.copyOf(all, all.length - 1), CorruptStreamException.class)
                .verify();
    }

    @Test
    void refusesATruncatedHeaderOfEveryLength() throws IOException {
        byte[] all = member(HEADER_CRC | EXTRA | NAME | COMMENT, TEXT, TEXT);
        for (int length = 0; length < all.length; length++) {
            assertFails(
                    Arrays.copyOf(all, length), "the gzip stream is truncated: it ended after " + length + " bytes");
        }
    }

    @Test
    void checksWhatTheHeaderSays() throws IOException {
        assertFails(new byte[] {0x1f, 0x8c - 256, 8}, "not a gzip stream: byte 1 is 0x8c instead of 0x8b");
        assertFails(TEXT, "not a gzip stream: byte 0 is 0x74 instead of 0x1f");
        assertFails(damaged(gzip(TEXT), 2), "gzip compression method 9 is unknown, only 8 is defined");
        byte[] reserved = gzip(TEXT);
        reserved[3] = 0x20;
        assertFails(reserved, "gzip header flags 0x20 have reserved bits");
        assertFails(damaged(member(HEADER_CRC, NONE, TEXT), 5), "the CRC-16 of the gzip header is 0x");
    }

    @Test
    void checksTheTrailer() throws IOException {
        byte[] gzip = gzip(TEXT);
        assertFails(damaged(gzip, gzip.length - 8), "the CRC-32 of the gzip content is 0x");
        assertFails(
                damaged(gzip, gzip.length - 4),
                "the length modulo 2^32 of the gzip content is 0x28, where 0x29 is given");
    }

    private static byte[] damaged(byte[] bytes, int position) {
        byte[] damaged = bytes.clone();
        damaged[position] ^= 1;
        return damaged;
    }

    private static void assertFails(byte[] bytes, String message) {
        assertThatThrownBy(() -> run(Gzip.decompress(), bytes))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith(message);
        assertThatThrownBy(() -> Samples.runByteByByte(Gzip.decompress(), bytes))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void theCodecsKeepTheirContract() throws IOException {
        byte[] gzip = gzip(TEXT);
        CodecSettings settings = CodecSettings.of(6, 64).maxOutputBytes(100);
        StageCheck.transcoder(() -> new DeflateDecoder(new Inflater(true), new GzipFormat(6), settings))
                .sample(gzip, TEXT)
                .sample(concat(gzip(NONE), gzip), TEXT)
                .invalid(gzip(new byte[101]), LimitExceededException.class)
                .verify();
        Stage compress = Stage.transcode(() -> new DeflateEncoder(new Deflater(6, true), new GzipFormat(6), settings));
        for (int length = 30; length < 130; length++) { // the trailer falls on the edge of a chunk at some of them
            assertThat(run(Gzip.decompress(), run(compress, noise(length)))).isEqualTo(noise(length));
        }
        StageCheck.transcoder(() -> new DeflateEncoder(new Deflater(6, true), new GzipFormat(6), settings))
                .sample(noise(40), run(compress, noise(40)))
                .sample(noise(45), run(compress, noise(45)))
                .completesWithLast()
                .verify();
    }

    @Test
    void isReadAndWrittenByTheStandardLibraryAndCommonsCompress() throws IOException {
        for (byte[] bytes : List.of(NONE, ONE, TEXT, noise(100_000), prose(300_000))) {
            for (int level : new int[] {0, 1, 6, 9}) {
                byte[] compressed = run(Gzip.compress(o -> o.level(level)), bytes);
                assertThat(new GZIPInputStream(new ByteArrayInputStream(compressed)).readAllBytes())
                        .isEqualTo(bytes);
                assertThat(new GzipCompressorInputStream(new ByteArrayInputStream(compressed)).readAllBytes())
                        .isEqualTo(bytes);
            }
            assertThat(run(Gzip.decompress(), gzip(bytes))).isEqualTo(bytes);
            assertThat(run(Gzip.decompress(), commonsCompress(bytes))).isEqualTo(bytes);
        }
    }

    private static byte[] commonsCompress(byte[] bytes) throws IOException {
        GzipParameters parameters = new GzipParameters();
        parameters.setFileName("name");
        parameters.setComment("comment");
        parameters.setHeaderCRC(true);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GzipCompressorOutputStream gzip = new GzipCompressorOutputStream(out, parameters)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    void isReadAndWrittenByTheCommand(@TempDir Path folder) throws Exception {
        Command gzip = new Command(folder, "gzip");
        for (byte[] bytes : List.of(NONE, TEXT, prose(300_000))) {
            assertThat(gzip.run(run(Gzip.compress(), bytes), "-dc")).isEqualTo(bytes);
            assertThat(run(Gzip.decompress(), gzip.run(bytes, "-c"))).isEqualTo(bytes);
        }
    }
}
