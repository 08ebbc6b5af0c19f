/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;

/** Reads a message by blocking; {@link Chunks#toInputStream} is its contract. */
final class MessageInputStream extends InputStream {

    private final Flux<ByteBuffer> message;

    private @Nullable Stream<ByteBuffer> buffers;
    private @Nullable Iterator<ByteBuffer> iterator;
    private @Nullable ByteBuffer current;
    private boolean closed;

    MessageInputStream(Flux<ByteBuffer> message) {
        this.message = message;
    }

    /** Returns the buffer to read on with; null at the end. */
    private @Nullable ByteBuffer buffer() throws IOException {
        if (closed) {
            throw new IOException("the stream is closed");
        }
        try {
            if (iterator == null) {
                buffers = message.toStream(1); // subscribes
                iterator = buffers.iterator();
            }
            while (current == null || !current.hasRemaining()) {
                if (!iterator.hasNext()) {
                    return null;
                }
                current = iterator.next().duplicate();
            }
            return current;
        } catch (RuntimeException ex) {
            Throwable cause = Exceptions.unwrap(ex);
            throw new IOException("the message failed: " + cause.getMessage(), cause);
        }
    }

    @Override
    public int read() throws IOException {
        ByteBuffer buffer = buffer();
        return buffer == null ? -1 : buffer.get() & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        ByteBuffer buffer = buffer();
        if (buffer == null) {
            return -1;
        }
        int read = Math.min(length, buffer.remaining());
        buffer.get(bytes, offset, read);
        return read;
    }

    @Override
    public int available() {
        return current == null ? 0 : current.remaining();
    }

    @Override
    public void close() {
        closed = true;
        current = null;
        if (buffers != null) {
            buffers.close();
        }
    }
}
