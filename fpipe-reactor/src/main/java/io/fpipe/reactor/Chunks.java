/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The buffers that a message is made of: their size, their number, and the message as a whole. */
public final class Chunks {

    private Chunks() {}

    /**
     * Changes the size of a message's buffers.
     * <ul>
     * <li>Emits: buffers of exactly {@code size} bytes, and the rest in the last. Where an input holds a whole one, it
     * is a slice of it or the input itself; elsewhere it is a copy.</li>
     * <li>Requests: one buffer at a time, when there are fewer than {@code size} bytes left.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * <li>Fails: with the source's error; what was gathered is dropped.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param size the size in bytes, at least 1
     * @return the stage
     */
    public static Stage rechunk(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size must be at least 1, was " + size);
        }
        return Stage.transcode(() -> new Rechunking(size, size));
    }

    /**
     * Gathers buffers that are too small, so that what follows is not called for each of them.
     * <ul>
     * <li>Emits: buffers of {@code min} to {@code max} bytes, only the last may be smaller. A buffer that is large
     * enough passes as it is or in slices; small ones are copied together until there are {@code min} bytes.</li>
     * <li>Requests: one buffer at a time, when there are fewer than {@code min} bytes left.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * <li>Fails: with the source's error; what was gathered is dropped.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param min the smallest size in bytes, at least 1
     * @param max the largest size in bytes, at least {@code min}
     * @return the stage
     */
    public static Stage coalesce(int min, int max) {
        if (min < 1 || max < min) {
            throw new IllegalArgumentException("min must be from 1 to max, was " + min + " of " + max);
        }
        return Stage.transcode(() -> new Rechunking(min, max));
    }

    /**
     * Tells how much of a message has passed.
     * <ul>
     * <li>Emits: the message's buffers, as the same objects, after the listener has heard of them.</li>
     * <li>Requests: what is requested of it.</li>
     * <li>Fails: with the source's error or what the listener throws.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param listener gets the number of bytes so far, with each buffer, in the thread that emits it
     * @return the stage
     */
    public static Stage progress(LongConsumer listener) {
        requireNonNull(listener, "listener");
        return bytes -> Flux.defer(() -> {
            ByteLimit count = new ByteLimit("progress", Long.MAX_VALUE);
            return bytes.doOnNext(buffer -> {
                        count.add(buffer.remaining());
                        listener.accept(count.count());
                    })
                    .onErrorStop();
        });
    }

    /**
     * Limits the length of a message.
     * <ul>
     * <li>Emits: the message's buffers, as the same objects.</li>
     * <li>Requests: what is requested of it.</li>
     * <li>Fails: {@link LimitExceededException} instead of the buffer with which the message exceeds the limit.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param maxBytes the limit, at least 0
     * @return the stage
     */
    public static Stage limit(long maxBytes) {
        checkMaxBytes(maxBytes);
        return bytes -> Flux.defer(() -> {
            ByteLimit limit = new ByteLimit("maxBytes", maxBytes);
            return bytes.doOnNext(buffer -> limit.add(buffer.remaining())).onErrorStop(); // never skip a buffer
        });
    }

    /**
     * Makes a message of arrays, without copying: their content must not change afterwards.
     *
     * @param arrays the bytes; empty arrays are left out
     * @return the message, a buffer for each array, new buffers for each subscription
     */
    public static Flux<ByteBuffer> of(byte[]... arrays) {
        for (byte[] array : arrays) {
            requireNonNull(array, "array");
        }
        return Flux.fromArray(arrays.clone()).filter(array -> array.length > 0).map(ByteBuffer::wrap);
    }

    /**
     * Joins a message into one array.
     * <ul>
     * <li>Emits: the array when the source completes, an empty one for an empty message.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Fails: {@link LimitExceededException} as soon as there are more than {@code maxBytes} bytes; it never holds
     * more. No message can be larger than an array (2 GiB).</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @param message the bytes
     * @param maxBytes the limit, at least 0
     * @return the array
     */
    public static Mono<byte[]> join(Flux<ByteBuffer> message, long maxBytes) {
        checkMaxBytes(maxBytes);
        return Mono.fromDirect(Transcoders.transcode(message, () -> new Joining(maxBytes)));
    }

    private static void checkMaxBytes(long maxBytes) {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes must be at least 0, was " + maxBytes);
        }
    }
}
