/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.netty;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * Messages from and to Netty's buffers, which are counted and mostly pooled.
 *
 * <p>A message's buffers are frozen for as long as anybody holds them, a pooled buffer is not: so what comes from Netty
 * is copied, and what goes to Netty is wrapped.
 *
 * <pre>{@code
 * TcpServer.create().handle((in, out) -> out.send(
 *         NettyBuffers.to(stage.apply(NettyBuffers.fromLent(in.receive())))));
 * }</pre>
 */
public final class NettyBuffers {

    private NettyBuffers() {}

    /**
     * Copies buffers that whoever publishes them releases: those of reactor-netty's {@code receive()} and
     * {@code responseContent()} as they are.
     * <ul>
     * <li>Emits: a heap buffer for each that is not empty. The buffers are neither changed nor released.</li>
     * <li>Requests: as many as are requested of it, and one more for each that is empty.</li>
     * <li>Completes, fails, cancels: as the source.</li>
     * </ul>
     *
     * @param buffers the buffers
     * @return the message
     */
    public static Flux<ByteBuffer> fromLent(Publisher<? extends ByteBuf> buffers) {
        requireNonNull(buffers, "buffers");
        return Flux.from(buffers)
                .<ByteBuffer>handle((buffer, sink) -> {
                    if (buffer.isReadable()) {
                        sink.next(copy(buffer));
                    }
                })
                .onErrorStop();
    }

    /**
     * Copies buffers that are handed over, for example by {@code receive().retain()}, and releases each at once.
     * <ul>
     * <li>Emits: a heap buffer for each that is not empty.</li>
     * <li>Requests: as many as are requested of it, and one more for each that is empty.</li>
     * <li>Completes, fails, cancels: as the source. Buffers that its operators discard are released, too.</li>
     * </ul>
     *
     * @param buffers the buffers
     * @return the message
     */
    public static Flux<ByteBuffer> fromOwned(Publisher<? extends ByteBuf> buffers) {
        requireNonNull(buffers, "buffers");
        return Flux.from(buffers)
                .<ByteBuffer>handle((buffer, sink) -> {
                    ByteBuffer copy;
                    try {
                        copy = copy(buffer);
                    } finally {
                        buffer.release();
                    }
                    if (copy.hasRemaining()) {
                        sink.next(copy);
                    }
                })
                .onErrorStop()
                .doOnDiscard(ByteBuf.class, NettyBuffers::discard);
    }

    /**
     * Wraps the buffers of a message, for {@code NettyOutbound.send}.
     * <ul>
     * <li>Emits: a read-only buffer for each, on the same memory. Nothing is pooled: to release it frees nothing, and
     * not to release it leaks nothing.</li>
     * <li>Requests: as many as are requested of it.</li>
     * <li>Completes, fails, cancels: as the message.</li>
     * </ul>
     *
     * @param message the message
     * @return its bytes in Netty's buffers
     */
    public static Flux<ByteBuf> to(Publisher<ByteBuffer> message) {
        requireNonNull(message, "message");
        return Flux.from(message).map(NettyBuffers::wrap).onErrorStop();
    }

    /** Reactor may discard an element twice, as publishOn does when it is cancelled on a source that is an Iterable. */
    private static void discard(ByteBuf buffer) {
        if (buffer.refCnt() > 0) {
            buffer.release();
        }
    }

    private static ByteBuffer copy(ByteBuf buffer) {
        ByteBuffer copy = ByteBuffer.allocate(buffer.readableBytes());
        buffer.getBytes(buffer.readerIndex(), copy);
        return copy.flip();
    }

    /** Read-only, as handlers write into buffers that they take for their own. */
    private static ByteBuf wrap(ByteBuffer buffer) {
        // duplicate() is big endian, as Netty expects
        return Unpooled.wrappedBuffer(buffer.duplicate()).asReadOnly();
    }
}
