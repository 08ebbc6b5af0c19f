/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The buffers that a message is made of: their size, their number, and the message as a whole. */
public final class Chunks {

    private static final int BLOCK = 64 << 10;

    private static final List<OpenOption> CREATE_OR_REPLACE =
            List.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);

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

    /**
     * Reads a file, in buffers of 64 KiB; see {@link #fromFile(Path, int)}.
     *
     * @param path the file
     * @return the bytes
     */
    public static Flux<ByteBuffer> fromFile(Path path) {
        return fromFile(path, BLOCK);
    }

    /**
     * Reads a file. It is opened, read and closed on Reactor's {@code boundedElastic}; a cancel in a thread that may
     * block closes it in that thread.
     * <ul>
     * <li>Emits: a buffer for each read, from {@code boundedElastic}. The file is opened and read under demand only,
     * anew for each subscription.</li>
     * <li>Completes: when a read, which needs demand, finds the end.</li>
     * <li>Fails: with the {@link java.io.IOException}.</li>
     * <li>Cancels: lets a read that is running finish; the file is closed on any outcome, once.</li>
     * </ul>
     *
     * @param path the file
     * @param bufferBytes the size of the buffers, at least 1
     * @return the bytes
     */
    public static Flux<ByteBuffer> fromFile(Path path, int bufferBytes) {
        requireNonNull(path, "path");
        if (bufferBytes < 1) {
            throw new IllegalArgumentException("bufferBytes must be at least 1, was " + bufferBytes);
        }
        return Reading.of(() -> Files.newByteChannel(path), bufferBytes);
    }

    /**
     * Writes a message to a file. The message is subscribed to, and the file opened, written and closed, on Reactor's
     * {@code boundedElastic}.
     * <ul>
     * <li>Emits: the number of bytes, when the message has completed and the file is closed.</li>
     * <li>Requests: one buffer at a time, the next when it is written. The file is not touched before the first buffer
     * or the end.</li>
     * <li>Fails: with the message's error, or an {@link java.io.IOException} that says after how many bytes. The file
     * is closed and left with the bytes that were written.</li>
     * <li>Cancels: the message; a write that is running finishes, and the file is closed and left as it is.</li>
     * </ul>
     *
     * @param message the bytes
     * @param path the file
     * @param options how to open it; by default it is created, or what it had is dropped
     * @return the number of bytes
     */
    public static Mono<Long> toFile(Flux<ByteBuffer> message, Path path, OpenOption... options) {
        return toFile(path, options).deserialize(message);
    }

    /**
     * Writes messages to a file, as {@link #toFile(Flux, Path, OpenOption...)} does: the end of a pipeline.
     *
     * @param path the file
     * @param options how to open it; by default it is created, or what it had is dropped
     * @return what gives the number of bytes of a message
     */
    public static Deserializer<Long> toFile(Path path, OpenOption... options) {
        requireNonNull(path, "path");
        Set<OpenOption> all = new HashSet<>(options.length > 0 ? List.of(options) : CREATE_OR_REPLACE);
        all.add(StandardOpenOption.WRITE);
        return message -> Writing.of(message, path.toString(), () -> Files.newByteChannel(path, all), null);
    }

    /**
     * Reads a stream, on Reactor's {@code boundedElastic}.
     * <ul>
     * <li>Emits: a buffer of at most 64 KiB for each read. The stream is opened and read under demand only.</li>
     * <li>Completes: when a read, which needs demand, finds the end.</li>
     * <li>Fails: with what the stream or its opener throws.</li>
     * <li>Cancels: lets a read that is running finish, however long it blocks, and keeps its thread for so long. The
     * stream is closed on any outcome, once.</li>
     * </ul>
     *
     * @param opener gives the stream, anew for each subscription
     * @return the bytes
     */
    public static Flux<ByteBuffer> fromInputStream(Callable<? extends InputStream> opener) {
        requireNonNull(opener, "opener");
        return Reading.of(() -> Channels.newChannel(opener.call()), BLOCK);
    }

    /**
     * Gives a message to code that reads streams and blocks, in a thread of its own.
     * <ul>
     * <li>Reads: the message is subscribed to by the first read. A read blocks until there are bytes, and throws an
     * {@link IllegalStateException} inside an {@link java.io.IOException} in a thread that must not block.</li>
     * <li>Requests: one buffer at a time, so one at most is held besides that which is read.</li>
     * <li>Fails: an {@link java.io.IOException} with the message's error as its cause, ahead of what was not read.</li>
     * <li>Closes: cancels the message.</li>
     * </ul>
     *
     * @param message the bytes
     * @return the stream, for one thread at a time
     */
    public static InputStream toInputStream(Flux<ByteBuffer> message) {
        return new MessageInputStream(requireNonNull(message, "message"));
    }

    /**
     * Writes a message to a stream, on Reactor's {@code boundedElastic}. The stream is flushed at the end, and never
     * closed: it belongs to the caller.
     * <ul>
     * <li>Emits: the number of bytes, when the message has completed and the stream is flushed.</li>
     * <li>Requests: one buffer at a time, the next when it is written.</li>
     * <li>Fails: with the message's error, or an {@link java.io.IOException} that says after how many bytes.</li>
     * <li>Cancels: the message; a write that is running finishes.</li>
     * </ul>
     *
     * @param message the bytes
     * @param stream where to write them
     * @return the number of bytes
     */
    public static Mono<Long> toOutputStream(Flux<ByteBuffer> message, OutputStream stream) {
        requireNonNull(message, "message");
        requireNonNull(stream, "stream");
        return Writing.of(message, "the stream", () -> Channels.newChannel(stream), stream);
    }

    /**
     * Makes a message of what code writes to a stream. The code runs on Reactor's {@code boundedElastic}, once for each
     * subscription.
     * <ul>
     * <li>Emits: buffers of at most 8 KiB, when they are full or flushed. Without demand, the writer blocks as soon as
     * it has filled one.</li>
     * <li>Completes: when the code returns; what it left in the buffer is emitted before.</li>
     * <li>Fails: with what the code throws.</li>
     * <li>Cancels: the next write of a buffer throws an {@link java.io.IOException}, one that blocks too.</li>
     * </ul>
     *
     * @param writer writes the message
     * @return the bytes
     */
    public static Flux<ByteBuffer> fromOutputStream(StreamWriter writer) {
        return DemandedOutputStream.of(requireNonNull(writer, "writer"));
    }

    private static void checkMaxBytes(long maxBytes) {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes must be at least 0, was " + maxBytes);
        }
    }
}
