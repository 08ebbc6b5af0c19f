/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.spring;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;

/**
 * Messages from and to Spring's buffers, which may be pooled.
 *
 * <p>A message's buffers are frozen for as long as anybody holds them, a pooled buffer is not: so what comes from
 * Spring is copied, and what goes to Spring is wrapped.
 *
 * <pre>{@code
 * RouterFunctions.route().POST("/", request -> ServerResponse.ok().body(
 *         (response, context) -> response.writeWith(DataBuffers.to(
 *                 stage.apply(DataBuffers.from(request.body(BodyExtractors.toDataBuffers()))),
 *                 response.bufferFactory())))).build();
 * }</pre>
 */
public final class DataBuffers {

    private DataBuffers() {}

    /**
     * Copies buffers, which are handed over as everywhere in Spring, and releases each at once.
     * <ul>
     * <li>Emits: a heap buffer for each that is not empty.</li>
     * <li>Requests: as many as are requested of it, and one more for each that is empty.</li>
     * <li>Completes, fails, cancels: as the source. Buffers that its operators discard are released, too.</li>
     * </ul>
     *
     * @param buffers the buffers
     * @return the message
     */
    public static Flux<ByteBuffer> from(Publisher<? extends DataBuffer> buffers) {
        requireNonNull(buffers, "buffers");
        return Flux.from(buffers)
                .<ByteBuffer>handle((buffer, sink) -> {
                    ByteBuffer copy;
                    try {
                        copy = copy(buffer);
                    } finally {
                        DataBufferUtils.release(buffer);
                    }
                    if (copy.hasRemaining()) {
                        sink.next(copy);
                    }
                })
                .onErrorStop()
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
    }

    /**
     * Wraps the buffers of a message, for {@code ReactiveHttpOutputMessage.writeWith}.
     * <ul>
     * <li>Emits: a buffer for each, on the same memory, which cannot be written. Nothing is pooled: to release it frees
     * nothing, and not to release it leaks nothing.</li>
     * <li>Requests: as many as are requested of it.</li>
     * <li>Completes, fails, cancels: as the message.</li>
     * </ul>
     *
     * @param message the message
     * @param factory wraps, for example a response's {@code bufferFactory()}
     * @return its bytes in Spring's buffers
     */
    public static Flux<DataBuffer> to(Publisher<ByteBuffer> message, DataBufferFactory factory) {
        requireNonNull(message, "message");
        requireNonNull(factory, "factory");
        // a slice: some factories take the limit for the length
        return Flux.from(message)
                .<DataBuffer>map(
                        buffer -> factory.wrap(buffer.asReadOnlyBuffer().slice()))
                .onErrorStop();
    }

    private static ByteBuffer copy(DataBuffer buffer) {
        ByteBuffer copy = ByteBuffer.allocate(buffer.readableByteCount());
        buffer.toByteBuffer(copy);
        return copy.clear(); // whether the cursor moves is the buffer's to say
    }
}
