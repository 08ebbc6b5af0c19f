/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.cbor.CBORMapper;

/** Integers with Jackson's CBOR and a stream of the JDK, or of lz4-java, with the level and block that fpipe uses. */
final class JacksonByHand {

    private static final CBORMapper MAPPER = new CBORMapper();
    private static final TypeReference<List<Integer>> INTEGERS = new TypeReference<>() {};
    private static final int BUFFER = 64 << 10;

    private JacksonByHand() {}

    static byte[] encode(Task task, Object value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = compressing(task, bytes)) {
            MAPPER.writeValue(out, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static Object decode(Task task, byte[] bytes) {
        try (InputStream in = decompressing(task, new ByteArrayInputStream(bytes))) {
            return MAPPER.readValue(in, INTEGERS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static OutputStream compressing(Task task, OutputStream out) throws IOException {
        if (task == Task.LZ4) {
            return new LZ4FrameOutputStream(out, LZ4FrameOutputStream.BLOCKSIZE.SIZE_64KB);
        }
        return new Zlib1(out);
    }

    /** Frees its deflater, which the one of the JDK leaves to whoever made it. */
    private static final class Zlib1 extends DeflaterOutputStream {
        Zlib1(OutputStream out) {
            super(out, new Deflater(1), BUFFER);
        }

        @Override
        public void close() throws IOException {
            super.close();
            def.end();
        }
    }

    private static InputStream decompressing(Task task, InputStream in) throws IOException {
        return task == Task.LZ4 ? new LZ4FrameInputStream(in) : new InflaterInputStream(in);
    }
}
