/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/** Runs the two codecs without Reactor, as {@link io.fpipe.reactor.Transcoder} asks for it. */
final class CborBytes {

    private CborBytes() {}

    static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    static List<ByteBuffer> chunks(Object value, int chunkSize) {
        CborEncoder encoder = new CborEncoder(CborOptions.DEFAULTS, chunkSize);
        List<ByteBuffer> chunks = new ArrayList<>();
        encoder.feed(value == null ? Cbor.NULL : value);
        for (ByteBuffer chunk = encoder.poll(); chunk != null; chunk = encoder.poll()) {
            chunks.add(chunk);
        }
        encoder.end();
        return chunks;
    }

    static byte[] encode(Object value, int chunkSize) {
        return join(chunks(value, chunkSize));
    }

    static byte[] encode(Object value) {
        return encode(value, CborEncoder.CHUNK);
    }

    static byte[] join(List<ByteBuffer> chunks) {
        ByteBuffer all = ByteBuffer.allocate(
                chunks.stream().mapToInt(ByteBuffer::remaining).sum());
        chunks.forEach(chunk -> all.put(chunk.duplicate()));
        return all.array();
    }

    static Object decode(CborLimits limits, List<ByteBuffer> buffers) {
        return decode(CborOptions.DEFAULTS.limits(defaults -> limits), buffers);
    }

    static Object decode(CborOptions options, List<ByteBuffer> buffers) {
        CborDecoder decoder = new CborDecoder(options);
        buffers.forEach(decoder::feed);
        decoder.end();
        return decoder.poll();
    }

    static Object decode(CborLimits limits, byte[] bytes) {
        return decode(limits, List.of(ByteBuffer.wrap(bytes)));
    }

    static Object decode(byte[] bytes) {
        return decode(CborLimits.DEFAULTS, bytes);
    }

    /** Cuts bytes in two. */
    static List<ByteBuffer> cut(byte[] bytes, int at) {
        return List.of(ByteBuffer.wrap(bytes, 0, at), ByteBuffer.wrap(bytes, at, bytes.length - at));
    }

    /** Cuts bytes into pieces of a size. */
    static List<ByteBuffer> pieces(byte[] bytes, int size) {
        List<ByteBuffer> pieces = new ArrayList<>();
        for (int i = 0; i < bytes.length; i += size) {
            pieces.add(ByteBuffer.wrap(bytes, i, Math.min(size, bytes.length - i)));
        }
        return pieces;
    }

    /** Puts bytes in the middle of a direct buffer. */
    static ByteBuffer direct(ByteBuffer bytes) {
        return ByteBuffer.allocateDirect(bytes.remaining() + 5)
                .position(3)
                .put(bytes.duplicate())
                .flip()
                .position(3);
    }

    /** Makes decoded values comparable: with their types, and arrays by what they hold. */
    static Object comparable(Object value) {
        if (value instanceof byte[] bytes) {
            return "bytes " + hex(bytes);
        } else if (value instanceof CborTag tag) {
            return "tag " + tag.number() + "(" + comparable(tag.content()) + ")";
        } else if (value != null && value.getClass().isArray()) {
            return value.getClass().getSimpleName()
                    + IntStream.range(0, Array.getLength(value))
                            .mapToObj(i -> Array.get(value, i))
                            .toList();
        } else if (value instanceof List<?> list) {
            return list.stream().map(CborBytes::comparable).toList().toString();
        } else if (value instanceof java.util.Map<?, ?> map) {
            StringBuilder text = new StringBuilder("map");
            map.forEach((k, v) -> text.append(k == null ? null : k.getClass())
                    .append(k)
                    .append('=')
                    .append(comparable(v))
                    .append(','));
            return text.toString();
        }
        return value == null ? "null" : value.getClass().getName() + value;
    }
}
