/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.codec.Cbor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** The data of the benchmarks: the same in each run. */
final class Samples {

    private static final int BYTES = 8 << 20;

    private static final List<String> WORDS = List.of(("the of and to in a is that it was for on are as with his they"
                    + " at be this from have or by one had not but what all were when we there can an your which their"
                    + " said if do will each about how up out them then she many some so these would other into has"
                    + " more her two like him see time could no make than first been its who now people my made over"
                    + " did down only way find use may water long little very after words called just where most know"
                    + " stream buffer message request network pressure")
            .split(" "));

    private Samples() {}

    /** The bytes of a data set. */
    static byte[] of(String data) {
        return switch (data) {
            case "integers" -> integers();
            case "text" -> text();
            case "random" -> random();
            default -> throw new IllegalArgumentException("there is no data set " + data);
        };
    }

    /** Cuts bytes into buffers, each with an array of its own, as a source would give them. */
    static ByteBuffer[] cut(byte[] bytes, int bufferBytes) {
        ByteBuffer[] buffers = new ByteBuffer[(bytes.length + bufferBytes - 1) / bufferBytes];
        for (int i = 0; i < buffers.length; i++) {
            int offset = i * bufferBytes;
            byte[] part = new byte[Math.min(bufferBytes, bytes.length - offset)];
            System.arraycopy(bytes, offset, part, 0, part.length);
            buffers[i] = ByteBuffer.wrap(part);
        }
        return buffers;
    }

    private static byte[] integers() {
        List<Integer> numbers = IntStream.range(0, 1_000_000).boxed().toList();
        return Objects.requireNonNull(
                Chunks.join(Cbor.serializer().serialize(numbers), BYTES).block());
    }

    /** Lines of about 80 characters; words that come first in the list are frequent, as in English. */
    static byte[] text() {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder(BYTES + 128);
        int lineEnd = 80;
        while (text.length() < BYTES) {
            double skewed = Math.pow(random.nextDouble(), 2.5);
            text.append(WORDS.get((int) (skewed * WORDS.size())));
            if (random.nextInt(40) == 0) {
                text.append(random.nextInt(10_000));
            }
            if (text.length() > lineEnd) {
                text.append(".\n");
                lineEnd = text.length() + 80;
            } else {
                text.append(' ');
            }
        }
        text.append('\n');
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] random() {
        byte[] bytes = new byte[BYTES];
        new Random(1).nextBytes(bytes);
        return bytes;
    }
}
