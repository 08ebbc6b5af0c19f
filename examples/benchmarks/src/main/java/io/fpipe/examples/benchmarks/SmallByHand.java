/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import reactor.core.publisher.Flux;

/** What one would write instead of the small stages: a loop, or for what only passes buffers on, Reactor's operators. */
final class SmallByHand {

    static final int CHUNK = 48 << 10;
    private static final int ELEMENT = 4;

    private SmallByHand() {}

    /** Shuffles block by block; here each buffer is one. */
    static void shuffle(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        for (ByteBuffer buffer : input) {
            byte[] from = buffer.array();
            int offset = buffer.arrayOffset() + buffer.position();
            byte[] to = new byte[buffer.remaining()];
            int count = to.length / ELEMENT;
            for (int i = 0, in = offset; i < count; i++, in += ELEMENT) {
                to[i] = from[in];
                to[count + i] = from[in + 1];
                to[2 * count + i] = from[in + 2];
                to[3 * count + i] = from[in + 3];
            }
            int whole = count * ELEMENT;
            System.arraycopy(from, offset + whole, to, whole, to.length - whole);
            output.accept(ByteBuffer.wrap(to));
        }
    }

    static void crc32c(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        CRC32C crc = new CRC32C();
        for (ByteBuffer buffer : input) {
            crc.update(buffer.duplicate());
            output.accept(buffer);
        }
        output.accept(ByteBuffer.allocate(4).putInt((int) crc.getValue()).flip());
    }

    static void sha256(ByteBuffer[] input, Consumer<ByteBuffer> output) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (ByteBuffer buffer : input) {
            digest.update(buffer.duplicate());
            output.accept(buffer);
        }
        output.accept(ByteBuffer.wrap(digest.digest()));
    }

    static void rechunk(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        ByteBuffer gathered = null;
        for (ByteBuffer source : input) {
            ByteBuffer buffer = source.duplicate();
            while (buffer.hasRemaining()) {
                if (gathered == null && buffer.remaining() >= CHUNK) {
                    output.accept(buffer.slice(buffer.position(), CHUNK));
                    buffer.position(buffer.position() + CHUNK);
                    continue;
                }
                if (gathered == null) {
                    gathered = ByteBuffer.allocate(CHUNK);
                }
                int count = Math.min(gathered.remaining(), buffer.remaining());
                gathered.put(buffer.slice(buffer.position(), count));
                buffer.position(buffer.position() + count);
                if (!gathered.hasRemaining()) {
                    output.accept(gathered.flip());
                    gathered = null;
                }
            }
        }
        if (gathered != null) {
            output.accept(gathered.flip());
        }
    }

    static void prepend(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        Flux.fromArray(input).startWith(ByteBuffer.wrap(new byte[] {1})).subscribe(output);
    }

    static void skip(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        Flux<ByteBuffer> source = Flux.fromArray(input);
        Flux.defer(() -> {
                    boolean[] later = new boolean[1];
                    return source.map(buffer -> {
                        ByteBuffer rest = later[0] ? buffer : buffer.slice(1, buffer.remaining() - 1);
                        later[0] = true;
                        return rest;
                    });
                })
                .subscribe(output);
    }

    static void prefixLengths(ByteBuffer[] input, Consumer<ByteBuffer> output) {
        Flux.fromArray(input)
                .concatMapIterable(frame ->
                        List.of(ByteBuffer.allocate(4).putInt(frame.remaining()).flip(), frame))
                .subscribe(output);
    }
}
