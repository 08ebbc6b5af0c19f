/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.LimitExceededException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** What Jackson writes to: chunks, of which the last is being filled. */
final class JacksonOutput extends OutputStream {

    private final JacksonLayout layout;
    private final int maxBytes;
    private final CborChunk chunk;
    private final Queue<ByteBuffer> full = new ArrayDeque<>();

    private long element;
    private long written;
    private @Nullable LimitExceededException exceeded;

    JacksonOutput(JacksonLayout layout, int maxBytes, int chunkSize) {
        this.layout = layout;
        this.maxBytes = maxBytes;
        this.chunk = new CborChunk(chunkSize);
    }

    /** Says which element is written from here on. */
    void begin(long number) {
        element = number;
        written = 0;
    }

    @Override
    public void write(int oneByte) {
        write(new byte[] {(byte) oneByte}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        if (length > maxBytes - written) {
            exceeded = new LimitExceededException(
                    layout.limitName(),
                    maxBytes,
                    layout.element(element) + " has at least " + (written + length) + " bytes");
            throw exceeded;
        }
        written += length;
        put(ByteBuffer.wrap(bytes, from, length));
    }

    /** Returns the exception that stopped Jackson, which may have wrapped it. */
    @Nullable
    LimitExceededException exceeded() {
        return exceeded;
    }

    /** Adds bytes that are not an element's. */
    void put(int oneByte) {
        put(ByteBuffer.wrap(new byte[] {(byte) oneByte}));
    }

    private void put(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (chunk.room(bytes.remaining()) == 0) {
                full.add(chunk.take(true));
            }
            chunk.putSome(bytes);
        }
    }

    /** Returns the next full chunk. */
    @Nullable
    ByteBuffer poll() {
        return full.poll();
    }

    /** Returns what is in the last chunk. */
    @Nullable
    ByteBuffer rest() {
        return chunk.isEmpty() ? null : chunk.take(false);
    }

    boolean isEmpty() {
        return full.isEmpty() && chunk.isEmpty();
    }
}
