/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Stage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Bytes to compress, and how to run them through a stage. */
final class Samples {

    static final byte[] NONE = {};
    static final byte[] ONE = {42};
    static final byte[] TEXT = "to be or not to be, that is the question".getBytes(StandardCharsets.US_ASCII);

    private Samples() {}

    /** Bytes that do not compress, the same for the same length. */
    static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** Words in random order, the same for the same length: about a third or a quarter when compressed. */
    static byte[] prose(int length) {
        List<String> words = List.of("to", "be", "or", "not", "that", "is", "the", "question");
        Random random = new Random(length);
        StringBuilder text = new StringBuilder(length + 16);
        while (text.length() < length) {
            text.append(words.get(random.nextInt(words.size())))
                    .append(random.nextInt(1000))
                    .append(' ');
        }
        return Arrays.copyOf(text.toString().getBytes(StandardCharsets.US_ASCII), length);
    }

    static byte[] concat(byte[]... parts) {
        byte[] joined = NONE;
        for (byte[] part : parts) {
            int length = joined.length;
            joined = Arrays.copyOf(joined, length + part.length);
            System.arraycopy(part, 0, joined, length, part.length);
        }
        return joined;
    }

    static byte[] run(Stage stage, byte[]... bytes) {
        return Chunks.join(stage.apply(Chunks.of(bytes)), Long.MAX_VALUE).block();
    }

    /** Runs with buffers of one byte each. */
    static byte[] runByteByByte(Stage stage, byte[] bytes) {
        return Chunks.join(stage.apply(Chunks.rechunk(1).apply(Chunks.of(bytes))), Long.MAX_VALUE)
                .block();
    }
}
