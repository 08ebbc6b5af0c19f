/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The text or byte string that is being written, of which there is one at a time, and which may be cut anywhere. */
final class CborContent {

    private final CborChunk chunk;
    private final int chunkSize;
    private @Nullable CborText text;
    private @Nullable ByteBuffer body;

    /** Whether the body is long enough to leave as slices of itself. */
    private boolean sliced;

    CborContent(CborChunk chunk, int chunkSize) {
        this.chunk = chunk;
        this.chunkSize = chunkSize;
    }

    boolean isOpen() {
        return text != null || body != null;
    }

    /** Goes on writing; returns a buffer that has to leave first, or null when everything is written. */
    @Nullable
    ByteBuffer poll() {
        while (isOpen()) {
            if (body != null && sliced) {
                return chunk.isEmpty() ? nextSlice(body) : chunk.take(false);
            } else if (text != null ? !write(text) : body != null && !write(body)) {
                return chunk.take(true);
            }
        }
        return null;
    }

    /**
     * Begins a text whose length in UTF-8 is known.
     *
     * @return whether it is written already; so with the other methods
     */
    boolean putText(String string, long bytes) {
        chunk.putHead(CborMajor.TEXT, bytes);
        return bytes == 0 || write(new CborText(string, bytes == string.length()));
    }

    boolean putBytes(ByteBuffer bytes) {
        chunk.putHead(CborMajor.BYTES, bytes.remaining());
        sliced = bytes.remaining() >= Math.max(1, chunkSize / 2);
        body = bytes;
        return !sliced && write(bytes);
    }

    /** Writes bytes that are encoded already. */
    boolean putEncoded(ByteBuffer bytes) {
        sliced = false;
        return write(bytes);
    }

    private boolean write(CborText part) {
        boolean written = part.fill(chunk);
        text = written ? null : part;
        return written;
    }

    private boolean write(ByteBuffer bytes) {
        chunk.putSome(bytes);
        boolean written = !bytes.hasRemaining();
        body = written ? null : bytes;
        return written;
    }

    private ByteBuffer nextSlice(ByteBuffer bytes) {
        int n = Math.min(bytes.remaining(), chunkSize);
        ByteBuffer slice = bytes.slice(bytes.position(), n);
        bytes.position(bytes.position() + n);
        body = bytes.hasRemaining() ? bytes : null;
        return slice;
    }
}
