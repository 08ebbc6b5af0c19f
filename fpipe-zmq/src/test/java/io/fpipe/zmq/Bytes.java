/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Messages for tests. */
final class Bytes {

    private Bytes() {}

    static ByteBuffer utf8(String text) {
        return StandardCharsets.UTF_8.encode(text);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static String text(ByteBuffer buffer) {
        return StandardCharsets.UTF_8.decode(buffer.duplicate()).toString();
    }

    static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static byte[] of(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    /** The bytes of a message; of a message without bytes an empty array. */
    static Mono<byte[]> join(Flux<ByteBuffer> message) {
        return message.collectList().map(Bytes::join);
    }

    static Mono<String> joinText(Flux<ByteBuffer> message) {
        return join(message).map(Bytes::text);
    }

    static byte[] join(List<ByteBuffer> buffers) {
        ByteBuffer all = ByteBuffer.allocate(
                buffers.stream().mapToInt(ByteBuffer::remaining).sum());
        buffers.forEach(buffer -> all.put(buffer.duplicate()));
        return all.array();
    }

    /** Cuts bytes into buffers of a length. */
    static List<ByteBuffer> cut(byte[] bytes, int length) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < bytes.length; i += length) {
            buffers.add(ByteBuffer.wrap(bytes, i, Math.min(length, bytes.length - i)));
        }
        return buffers;
    }

    /** Cuts bytes into buffers of all kinds, with empty ones between. */
    static List<ByteBuffer> mixed(byte[] bytes) {
        List<ByteBuffer> buffers = new ArrayList<>();
        Random random = new Random(7);
        for (int i = 0; i < bytes.length; ) {
            int n = Math.min(1 + random.nextInt(9000), bytes.length - i);
            buffers.add(
                    switch (buffers.size() % 5) {
                        case 0 -> ByteBuffer.wrap(bytes, i, n).slice();
                        case 1 ->
                            ByteBuffer.allocateDirect(n + 7)
                                    .position(3)
                                    .put(bytes, i, n)
                                    .flip()
                                    .position(3);
                        case 2 -> ByteBuffer.wrap(bytes, i, n).asReadOnlyBuffer();
                        case 3 -> ByteBuffer.wrap(bytes, i, n);
                        default -> {
                            i -= n;
                            yield ByteBuffer.allocate(0);
                        }
                    });
            i += n;
        }
        return buffers;
    }

    /** A message without end, in buffers of a length. */
    static Flux<ByteBuffer> endless(int length) {
        byte[] block = new byte[length];
        return Flux.generate(sink -> sink.next(ByteBuffer.wrap(block)));
    }
}
