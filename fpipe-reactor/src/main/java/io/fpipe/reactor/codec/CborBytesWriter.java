/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Puts a message into a byte string: of a known length, or of indefinite length with a piece for each buffer. The
 * buffers are handed on as they are; only small ones are copied behind their heads.
 */
final class CborBytesWriter implements Transcoder<ByteBuffer, ByteBuffer> {

    static final int UNKNOWN = -1;

    /** Buffers of this size are not copied: one buffer more costs less. */
    private static final int LARGE = 4 << 10;

    private static final int MAJOR = CborMajor.BYTES << 5;

    private final long length;
    private final Queue<ByteBuffer> ready = new ArrayDeque<>(3);
    private long written;
    private boolean begun;
    private boolean ended;

    CborBytesWriter(long length) {
        this.length = length;
    }

    @Override
    public void feed(ByteBuffer input) {
        int n = input.remaining();
        if (length != UNKNOWN && n > length - written) {
            throw wrongLength((written + n) + " or more");
        } else if (n > 0) {
            written += n;
            boolean isCopied = n < LARGE;
            ByteBuffer heads = heads(isCopied ? n : 0);
            if (length == UNKNOWN) {
                putHead(heads, n);
            }
            if (isCopied && heads.position() > 0) {
                ready.add(heads.put(input.duplicate()).flip());
                return;
            } else if (heads.position() > 0) {
                ready.add(heads.flip());
            }
            ready.add(input.duplicate());
        }
    }

    @Override
    public void end() {
        ended = true;
        ByteBuffer heads = heads(1);
        if (length == UNKNOWN) {
            heads.put((byte) CborMajor.BREAK);
        }
        if (heads.position() > 0) {
            ready.add(heads.flip());
        }
    }

    @Override
    public @Nullable ByteBuffer poll() {
        ByteBuffer next = ready.poll();
        if (next == null && ended && length != UNKNOWN && written != length) {
            throw wrongLength(String.valueOf(written));
        }
        return next;
    }

    @Override
    public boolean isFinished() {
        return ready.isEmpty() && (length == UNKNOWN || written == length);
    }

    private CorruptStreamException wrongLength(String bytes) {
        return new CorruptStreamException("the content of a CBOR byte string of " + length + " bytes has " + bytes);
    }

    /** Returns a buffer with room for some bytes, and with the head of the string if that was not written. */
    private ByteBuffer heads(int room) {
        ByteBuffer heads = ByteBuffer.allocate(2 * CborChunk.HEAD + room);
        if (!begun) {
            begun = true;
            if (length == UNKNOWN) {
                heads.put((byte) (MAJOR | CborMajor.INDEFINITE));
            } else {
                putHead(heads, length);
            }
        }
        return heads;
    }

    private static void putHead(ByteBuffer heads, long argument) {
        byte[] head = new byte[CborChunk.HEAD];
        heads.put(head, 0, CborChunk.putHead(head, 0, MAJOR, argument));
    }
}
