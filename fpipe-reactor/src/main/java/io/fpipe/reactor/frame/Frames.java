/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Transcoder;
import io.fpipe.reactor.Transcoders;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongFunction;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * A way to put many messages, as frames, into one stream of bytes and to find them again. Immutable.
 *
 * <p>{@link #decode} and {@link #encode} stream: a frame is a {@code Flux} of its own, of any length, and is never
 * held whole. {@link #decodeWhole} and {@link #encodeWhole} are for small frames, each of which is one buffer. All
 * four are method references that fit a {@code Flux}'s {@code transform}; the decoders are
 * {@link io.fpipe.reactor.FluxDeserializer}s too.
 *
 * <pre>{@code
 * Frames frames = Frames.lengthPrefix(4).maxFrameBytes(1 << 20);
 * Flux<Order> orders = frames.decode(bytes).concatMap(orderDeserializer::deserialize);
 * }</pre>
 */
public final class Frames {

    private static final long DEFAULT_MAX_FRAME_BYTES = 16 << 20;

    private final LongFunction<Transcoder<ByteBuffer, FramePart>> decoders;
    private final LongFunction<Transcoder<ByteBuffer, ByteBuffer>> encoders;
    private final long maxFrameBytes;

    private Frames(
            LongFunction<Transcoder<ByteBuffer, FramePart>> decoders,
            LongFunction<Transcoder<ByteBuffer, ByteBuffer>> encoders,
            long maxFrameBytes) {
        this.decoders = decoders;
        this.encoders = encoders;
        this.maxFrameBytes = maxFrameBytes;
    }

    /**
     * Frames that begin with their length, big-endian.
     *
     * @param bytes the number of bytes of the length: 1, 2, 4 or 8
     * @return the frames
     */
    public static Frames lengthPrefix(int bytes) {
        return lengthPrefix(bytes, ByteOrder.BIG_ENDIAN);
    }

    /**
     * Frames that begin with their length, an unsigned number that does not count itself. The encoder must know the
     * length, so it gathers a message, up to {@link #maxFrameBytes} and what the length can say, before it emits it;
     * a message of one buffer is not copied.
     *
     * @param bytes the number of bytes of the length: 1, 2, 4 or 8
     * @param order the order of these bytes
     * @return the frames
     */
    public static Frames lengthPrefix(int bytes, ByteOrder order) {
        return ofLength(LengthHead.fixed(bytes, requireNonNull(order, "order")));
    }

    /**
     * Frames that begin with their length as unsigned LEB128 (the varint of Protocol Buffers and WebAssembly): seven
     * bits a byte, the lowest first, at most ten bytes. The encoder gathers as {@link #lengthPrefix(int, ByteOrder)}
     * does and writes the shortest form; the decoder takes any.
     *
     * @return the frames
     */
    public static Frames varintPrefix() {
        return ofLength(LengthHead.VARINT);
    }

    private static Frames ofLength(LengthHead head) {
        return new Frames(
                max -> new LengthDecoder(head, false, max),
                max -> new LengthEncoder(head, max),
                DEFAULT_MAX_FRAME_BYTES);
    }

    /**
     * Frames of unknown length: chunks, each after its length as unsigned LEB128, and a length of zero after the last.
     * The encoder writes each buffer as a chunk, at once.
     *
     * @return the frames
     */
    public static Frames chunked() {
        return ofChunks(LengthHead.VARINT);
    }

    /**
     * Frames of unknown length, as {@link #chunked()}, with lengths of a fixed width. The encoder cuts buffers that
     * are longer than a length can say.
     *
     * @param bytes the number of bytes of each length: 1, 2, 4 or 8
     * @param order the order of these bytes
     * @return the frames
     */
    public static Frames chunked(int bytes, ByteOrder order) {
        return ofChunks(LengthHead.fixed(bytes, requireNonNull(order, "order")));
    }

    private static Frames ofChunks(LengthHead head) {
        return new Frames(
                max -> new LengthDecoder(head, true, max), max -> new ChunkEncoder(head, max), DEFAULT_MAX_FRAME_BYTES);
    }

    /**
     * Frames that end with a delimiter, which none of them may contain. The encoder refuses one that does, or whose
     * end together with the delimiter would be cut too early, with an {@link IllegalArgumentException}. The last frame
     * must have its delimiter as well.
     *
     * @param delimiter the bytes, at least one
     * @return the frames
     */
    public static Frames delimiter(byte[] delimiter) {
        byte[] copy = delimiter.clone();
        if (copy.length == 0) {
            throw new IllegalArgumentException("a delimiter has at least 1 byte");
        }
        return new Frames(
                max -> new DelimiterDecoder(copy, max),
                max -> new DelimiterEncoder(copy, false, max),
                DEFAULT_MAX_FRAME_BYTES);
    }

    /**
     * Lines. The decoder takes LF or CR LF as the end of a line, and the end of the stream for the last; the encoder
     * writes LF, and refuses a message with an LF in it or a CR at its end with an {@link IllegalArgumentException}.
     *
     * @return the frames
     */
    public static Frames lines() {
        return new Frames(
                LineDecoder::new, max -> new DelimiterEncoder(new byte[] {'\n'}, true, max), DEFAULT_MAX_FRAME_BYTES);
    }

    /**
     * Limits the bytes of a frame, without its length or delimiter; more fails with
     * {@link io.fpipe.reactor.LimitExceededException}, when decoding and when encoding. Default: 16 MiB.
     *
     * @param bytes the limit, at least 0; {@code Long.MAX_VALUE} allows any length, of streamed frames only
     * @return these frames with the limit
     */
    public Frames maxFrameBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("maxFrameBytes must be at least 0, was " + bytes);
        }
        return new Frames(decoders, encoders, bytes);
    }

    /**
     * Finds the frames in a stream, each as a message that is read as it arrives.
     * <ul>
     * <li>Emits: frames one after the other, the next only when the one before has ended, was cancelled or was
     * skipped; in a frame, slices of the stream's buffers as they arrive, and at most one part of a delimiter that was
     * held back. An empty frame is an empty message.</li>
     * <li>Requests: one buffer at a time, for the demand of the open frame; to find the next frame, when one is
     * requested.</li>
     * <li>Skips: a frame that is cancelled, the rest of which is read and discarded when the next frame is requested;
     * and a frame that nobody has subscribed to when {@code onNext} has returned and another is requested already. Who
     * subscribes to that one later gets an {@link IllegalStateException}. So {@code concatMap}, {@code flatMap} and
     * {@code filter} just work; to hand frames to another thread, or to keep one while the next is requested, ask for
     * one at a time ({@code publishOn(scheduler, 1)}, {@code limitRate(1)}).</li>
     * <li>Completes: when the stream completes after a whole frame.</li>
     * <li>Fails: the open frame and the outer {@code Flux}, both, with the stream's error;
     * {@link io.fpipe.reactor.CorruptStreamException} with the offset if the stream ends within a frame;
     * {@link io.fpipe.reactor.LimitExceededException} above {@link #maxFrameBytes}.</li>
     * <li>Cancels: the stream when the outer {@code Flux} is cancelled; an open frame that has a subscriber can be read
     * to its end before.</li>
     * </ul>
     * A frame has one subscriber.
     *
     * @param bytes the stream
     * @return the frames
     */
    public Flux<Flux<ByteBuffer>> decode(Flux<ByteBuffer> bytes) {
        requireNonNull(bytes, "bytes");
        return FluxFrames.of(Transcoders.transcode(bytes, () -> decoders.apply(maxFrameBytes)));
    }

    /**
     * Finds the frames in a stream, each as one buffer.
     * <ul>
     * <li>Emits: one buffer for each frame, an empty one for an empty frame: a slice if the frame came in one buffer,
     * else a copy. It holds at most {@link #maxFrameBytes} bytes, never more than 2 GiB.</li>
     * <li>Requests: one buffer at a time, when there is no whole frame left.</li>
     * <li>Completes: when the stream completes after a whole frame.</li>
     * <li>Fails: with the stream's error; {@link io.fpipe.reactor.CorruptStreamException} with the offset if the stream
     * ends within a frame; {@link io.fpipe.reactor.LimitExceededException} above {@link #maxFrameBytes}.</li>
     * <li>Cancels: the stream.</li>
     * </ul>
     *
     * @param bytes the stream
     * @return the frames
     */
    public Flux<ByteBuffer> decodeWhole(Flux<ByteBuffer> bytes) {
        requireNonNull(bytes, "bytes");
        long max = Math.min(maxFrameBytes, Gathering.LARGEST);
        return Transcoders.transcode(bytes, () -> new WholeFrames(decoders.apply(max)))
                .map(FramePart::bytes)
                .onErrorStop();
    }

    /**
     * Puts messages into one stream, one after the other.
     * <ul>
     * <li>Emits: for each message the length or delimiter in a buffer of its own and the message's buffers as they are;
     * put {@link io.fpipe.reactor.Chunks#coalesce} behind it if they are small.</li>
     * <li>Requests: one message at a time, and of it one buffer at a time.</li>
     * <li>Completes: when the last message has completed.</li>
     * <li>Fails: with an error of the messages, which ends the stream;
     * {@link io.fpipe.reactor.LimitExceededException} above {@link #maxFrameBytes}.</li>
     * <li>Cancels: the open message, and the messages.</li>
     * </ul>
     *
     * @param messages the messages
     * @return the stream
     */
    public Flux<ByteBuffer> encode(Flux<? extends Publisher<ByteBuffer>> messages) {
        requireNonNull(messages, "messages");
        return messages.concatMap(
                message -> Transcoders.transcode(Flux.from(message), () -> encoders.apply(maxFrameBytes)));
    }

    /**
     * Puts messages of one buffer each into one stream; see {@link #encode}.
     *
     * @param messages the messages, each a buffer that may be empty
     * @return the stream
     */
    public Flux<ByteBuffer> encodeWhole(Flux<ByteBuffer> messages) {
        requireNonNull(messages, "messages");
        return Transcoders.transcode(messages, () -> new EachWhole(() -> encoders.apply(maxFrameBytes)));
    }
}
