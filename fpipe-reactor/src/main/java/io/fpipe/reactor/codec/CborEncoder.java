/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.Transcoder;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes values as CBOR, a chunk for each {@link #poll()}. The place in the value is an explicit stack, so it can stop
 * wherever a chunk is full: between two elements or within a string.
 */
final class CborEncoder implements Transcoder<Object, ByteBuffer> {

    /** The largest chunk, and the size of the slices of a long byte string. */
    static final int CHUNK = 64 << 10;

    static final int FALSE = 0xf4;
    static final int TRUE = 0xf5;

    private static final int NULL = 0xf6;
    private static final int BIGNUM = 0xc2;
    private static final int MAX_DEPTH = 1000;

    private final int chunkSize;
    private final CborChunk chunk;

    private CborFrame[] frames = new CborFrame[4];
    private int depth;

    /** The text or byte string that is being written. */
    private @Nullable CborText text;

    private @Nullable ByteBuffer body;

    /** Whether the body is long enough to leave as slices of itself. */
    private boolean sliced;

    CborEncoder() {
        this(CHUNK);
    }

    CborEncoder(int chunkSize) {
        this.chunkSize = chunkSize;
        this.chunk = new CborChunk(chunkSize);
    }

    @Override
    public void feed(Object value) {
        chunk.room(CborChunk.HEAD);
        write(value == Cbor.NULL ? null : value);
    }

    @Override
    public void end() {}

    @Override
    public @Nullable ByteBuffer poll() {
        for (; ; ) {
            if (text != null && !writeText(text)) {
                return chunk.take(true);
            } else if (body != null && sliced) {
                return chunk.isEmpty() ? nextSlice(body) : chunk.take(false);
            } else if (body != null && !writeBody(body)) {
                return chunk.take(true);
            } else if (depth == 0) {
                return chunk.isEmpty() ? null : chunk.take(false);
            } else if (!chunk.hasRoom()) {
                return chunk.take(true);
            }
            frames[depth - 1].fill(this);
        }
    }

    @Override
    public boolean isFinished() {
        return depth == 0 && text == null && body == null && chunk.isEmpty();
    }

    CborChunk chunk() {
        return chunk;
    }

    /** Takes the frame that has written its last element off the stack. */
    void closeFrame() {
        depth--;
    }

    /**
     * Writes a value; the chunk has room for a head.
     *
     * @return false if the value is not complete: it opened a frame or a string that does not fit
     */
    boolean write(@Nullable Object value) {
        if (value == null || isScalar(value)) {
            return writeScalar(value);
        } else if (value instanceof Optional<?> optional) {
            return write(optional.orElse(null));
        } else if (value instanceof OptionalInt optional) {
            return write(optional.isPresent() ? optional.getAsInt() : null);
        } else if (value instanceof OptionalLong optional) {
            return write(optional.isPresent() ? optional.getAsLong() : null);
        } else if (value instanceof OptionalDouble optional) {
            return write(optional.isPresent() ? optional.getAsDouble() : null);
        } else if (value instanceof byte[] bytes) {
            return startBody(ByteBuffer.wrap(bytes));
        } else if (value instanceof ByteBuffer bytes) {
            return startBody(bytes.slice());
        }
        CborFrame frame = CborFrame.open(value, chunk);
        if (frame == null) {
            throw new IllegalArgumentException(
                    "no CBOR mapping for " + value.getClass().getName() + place());
        }
        push(frame);
        return false;
    }

    /** Writes the key of a map; see {@link #write}. */
    boolean writeKey(@Nullable Object key) {
        if (key != null && !isScalar(key)) {
            throw new IllegalArgumentException(
                    "a map key must be a scalar, not " + key.getClass().getName() + place());
        }
        return writeScalar(key);
    }

    /** Checks that a container holds what its head said. */
    void checkCount(int announced, long written, boolean more) {
        if (written != announced || more) {
            throw new IllegalArgumentException("a container of size " + announced + " gave "
                    + (more ? "more" : String.valueOf(written)) + " elements" + place());
        }
    }

    private static boolean isScalar(Object value) {
        return value instanceof String
                || value instanceof Integer
                || value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof Float
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger
                || value instanceof Character
                || value instanceof Enum;
    }

    private boolean writeScalar(@Nullable Object value) {
        if (value == null) {
            chunk.put(NULL);
        } else if (value instanceof String string) {
            return startText(string);
        } else if (value instanceof Boolean bool) {
            chunk.put(bool ? TRUE : FALSE);
        } else if (value instanceof Character) {
            return startText(value.toString());
        } else if (value instanceof Enum<?> constant) {
            return startText(CborEnum.nameOf(constant));
        } else if (value instanceof BigInteger integer) {
            return writeBigInteger(integer);
        } else if (value instanceof Double || value instanceof Float) {
            chunk.putDouble(((Number) value).doubleValue());
        } else {
            chunk.putLong(((Number) value).longValue());
        }
        return true;
    }

    private boolean writeBigInteger(BigInteger value) {
        boolean negative = value.signum() < 0;
        BigInteger magnitude = negative ? value.not() : value;
        if (magnitude.bitLength() <= 64) { // preferred serialization: RFC 8949, section 3.4.3
            chunk.putHead(negative ? CborMajor.NEGATIVE : CborMajor.UNSIGNED, magnitude.longValue());
            return true;
        }
        byte[] bytes = magnitude.toByteArray();
        int zero = bytes[0] == 0 ? 1 : 0; // the sign
        chunk.put(negative ? BIGNUM + 1 : BIGNUM); // one byte, and five at most for the head of an array's length
        return startBody(ByteBuffer.wrap(bytes, zero, bytes.length - zero));
    }

    private boolean startText(String string) {
        if (chunk.putShortAscii(string)) {
            return true;
        }
        long bytes = CborText.utf8Length(string);
        if (bytes < 0) {
            throw new IllegalArgumentException("unpaired surrogate at index " + (-1 - bytes) + " of a text" + place());
        }
        chunk.putHead(CborMajor.TEXT, bytes);
        return bytes == 0 || writeText(new CborText(string, bytes == string.length()));
    }

    private boolean writeText(CborText part) {
        boolean written = part.fill(chunk);
        text = written ? null : part;
        return written;
    }

    private boolean startBody(ByteBuffer bytes) {
        chunk.putHead(CborMajor.BYTES, bytes.remaining());
        body = bytes;
        sliced = bytes.remaining() >= Math.max(1, chunkSize / 2);
        return !sliced && writeBody(bytes);
    }

    private boolean writeBody(ByteBuffer bytes) {
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

    private void push(CborFrame frame) {
        if (depth == MAX_DEPTH) {
            throw new IllegalArgumentException(
                    "more than " + MAX_DEPTH + " levels, or a collection that holds itself, in a CBOR value");
        } else if (depth == frames.length) {
            frames = Arrays.copyOf(frames, depth * 2);
        }
        frames[depth++] = frame;
    }

    private String place() {
        CborPath path = new CborPath(depth > CborPath.LONGEST);
        for (int i = Math.max(0, depth - CborPath.LONGEST); i < depth; i++) {
            frames[i].appendPlace(path);
        }
        return " at " + path;
    }
}
