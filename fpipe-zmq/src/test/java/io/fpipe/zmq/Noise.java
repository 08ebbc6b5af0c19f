/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Messages of any length without a copy, whose every byte can be checked, in other processes too. */
final class Noise {

    /** A prime number, so that no frame, buffer or window repeats it. */
    private static final int PERIOD = 1_000_003;

    /** The period twice, so that a buffer may begin anywhere in it. */
    private static final byte[] BYTES = twice(Bytes.random(PERIOD, 11));

    private Noise() {}

    private static byte[] twice(byte[] bytes) {
        byte[] both = Arrays.copyOf(bytes, 2 * bytes.length);
        System.arraycopy(bytes, 0, both, bytes.length, bytes.length);
        return both;
    }

    /** A message that differs from those with another seed, in buffers of at most some length. */
    static Flux<ByteBuffer> message(int seed, long length, int buffer) {
        return Flux.generate(() -> 0L, (at, sink) -> {
            if (at == length) {
                sink.complete();
                return at;
            }
            int n = (int) Math.min(Math.min(buffer, PERIOD), length - at);
            sink.next(ByteBuffer.wrap(BYTES, start(seed, at), n));
            return at + n;
        });
    }

    private static int start(int seed, long at) {
        return (int) ((seed + at) % PERIOD);
    }

    /** Fails a message that is not the one of a seed as far as it goes; leaves its length to who reads it. */
    static Flux<ByteBuffer> check(int seed, Flux<ByteBuffer> message) {
        return Flux.defer(() -> {
            AtomicLong at = new AtomicLong();
            return message.doOnNext(buffer -> check(seed, at.getAndAdd(buffer.remaining()), buffer));
        });
    }

    /** Fails bytes that do not stand there in the message of a seed. */
    static void check(int seed, long from, ByteBuffer buffer) {
        for (long at = from; at < from + buffer.remaining(); ) {
            int n = (int) Math.min(PERIOD, from + buffer.remaining() - at);
            ByteBuffer expected = ByteBuffer.wrap(BYTES, start(seed, at), n).slice();
            int differs = buffer.slice(buffer.position() + (int) (at - from), n).mismatch(expected);
            if (differs >= 0) {
                throw new AssertionError("wrong byte at offset " + (at + differs) + " of the message " + seed);
            }
            at += n;
        }
    }

    /** How long a message is that must be the one of a seed. */
    static Mono<Long> length(int seed, Flux<ByteBuffer> message) {
        return check(seed, message).reduce(0L, (sum, buffer) -> sum + buffer.remaining());
    }
}
