/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.Transcoder;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * Writes values as CBOR, a chunk for each {@link #poll()}. The place in the value is an explicit stack, so it can stop
 * wherever a chunk is full: between two elements or within a string.
 *
 * <p>Elements that come one by one, of a sequence or of a publisher within the value, are gathered until the chunk is
 * full, their source is idle or there are no more.
 */
final class CborEncoder implements Transcoder<Object, ByteBuffer> {

    /** The largest chunk, and the size of the slices of a long byte string. */
    static final int CHUNK = 64 << 10;

    private static final int MAX_DEPTH = 1000;
    private static final int NOWHERE = -1;

    /** Containers within each other that are written by recursion, those further inside one after the other. */
    private static final int NESTED = 16;

    private final CborOptions options;
    private final CborChunk chunk;
    private final CborContent content;

    /** The frames that are open; those after them, if they have a type, may be used again. */
    private CborFrame[] frames = new CborFrame[4];

    private int depth;

    /** The depth at which an input is one of many elements; nowhere means that it is the value. */
    private int elementsAt = NOWHERE;

    /** What the value goes on with; the encoder waits until that is the source. */
    private @Nullable Publisher<?> publisher;

    private boolean ended;
    private boolean flushing;

    CborEncoder(CborOptions options, int chunkSize) {
        this.options = options;
        this.chunk = new CborChunk(chunkSize);
        this.content = new CborContent(chunk, chunkSize);
    }

    /** Returns the encoder of a sequence, whose elements are the inputs. */
    static CborEncoder ofSequence(CborOptions options, int chunkSize) {
        CborEncoder encoder = new CborEncoder(options, chunkSize);
        encoder.elementsAt = 0;
        return encoder;
    }

    @Override
    public void feed(Object value) {
        flushing = false;
        chunk.room(CborChunk.HEAD);
        if (elementsAt > 0) {
            ((CborPublished) frames[depth - 1]).count();
        }
        write(value == Cbor.NULL ? null : value);
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public boolean flush() {
        flushing = !chunk.isEmpty();
        return flushing;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        for (; ; ) {
            ByteBuffer first = content.poll();
            if (first != null) {
                return first;
            } else if (publisher != null) {
                return null; // what is in the chunk leaves with the elements
            } else if (depth == 0 && (ended || elementsAt == NOWHERE)) {
                return chunk.isEmpty() ? null : chunk.take(false);
            } else if (!chunk.hasRoom()) {
                return chunk.take(true);
            } else if (depth != elementsAt) {
                frames[depth - 1].fill(this);
            } else if (!ended) {
                return flushing && !chunk.isEmpty() ? chunk.take(false) : null;
            } else {
                chunk.put(CborMajor.BREAK);
                closeFrame();
                elementsAt = NOWHERE;
            }
        }
    }

    @Override
    public boolean isFinished() {
        return publisher != null || (depth == 0 && !content.isOpen() && chunk.isEmpty());
    }

    /** Lets go of what the value reads from. */
    @Override
    public void close() {
        try {
            while (depth > 0) {
                frames[--depth].close();
            }
        } finally { // the others, if one has thrown
            if (depth > 0) {
                close();
            }
        }
    }

    boolean awaitsPublisher() {
        return publisher != null;
    }

    /** Returns the publisher that the encoder waits for; its elements are the inputs from now on. */
    @Nullable
    Publisher<?> takePublisher() {
        Publisher<?> taken = publisher;
        if (taken != null) {
            publisher = null;
            ended = false;
            elementsAt = depth;
        }
        return taken;
    }

    CborChunk chunk() {
        return chunk;
    }

    CborOptions options() {
        return options;
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
        if (value == null) {
            return writePlain(null);
        }
        CborFrame spare = depth < frames.length ? frames[depth] : null;
        if (spare != null && spare.type == value.getClass()) {
            spare.begin(value, this);
            return fillNow(spare);
        } else if (isPlain(value)) {
            return writePlain(value);
        } else if (value instanceof byte[] bytes) {
            return content.putBytes(ByteBuffer.wrap(bytes));
        } else if (value instanceof ByteBuffer bytes) {
            return content.putBytes(bytes.slice());
        }
        CborFrame frame = CborFrame.open(value, this);
        return frame == null ? writeOther(value) : fillNow(frame);
    }

    /** Writes what fits of a container at once, which for many small ones saves most of their cost. */
    private boolean fillNow(CborFrame frame) {
        push(frame);
        int outside = depth - 1;
        if (outside < NESTED) {
            frame.fill(this);
        }
        return depth == outside;
    }

    /** Writes the key of a map; see {@link #write}. */
    boolean writeKey(@Nullable Object key) {
        if (key == null || isPlain(key)) {
            return writePlain(key);
        }
        Object form = key instanceof CborSimple ? key : CborTagged.write(key);
        if (form == null) {
            throw refused("a map key must be a scalar, not " + key.getClass().getName());
        }
        return write(form);
    }

    /** Writes bytes that are encoded already; see {@link #write}. */
    boolean writeEncoded(byte[] bytes) {
        return content.putEncoded(ByteBuffer.wrap(bytes));
    }

    /** Checks that a container holds what its head said. */
    void checkCount(int announced, long written, boolean more) {
        if (written != announced || more) {
            throw refused("a container of size " + announced + " gave " + (more ? "more" : String.valueOf(written))
                    + " elements");
        }
    }

    IllegalArgumentException refused(String reason) {
        CborPath path = new CborPath(depth > CborPath.LONGEST);
        for (int i = Math.max(0, depth - CborPath.LONGEST); i < depth; i++) {
            frames[i].appendPlace(path);
        }
        return new IllegalArgumentException(reason + " at " + path);
    }

    private static boolean isPlain(Object value) {
        return value instanceof String
                || value instanceof Integer
                || value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof Float
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger;
    }

    private boolean writePlain(@Nullable Object value) {
        if (value == null) {
            if (depth == 0 && elementsAt == 0) {
                throw refused("a sequence has no null elements; one is empty");
            }
            chunk.put(CborMajor.NULL);
        } else if (value instanceof String string) {
            return writeText(string);
        } else if (value instanceof Boolean bool) {
            chunk.put(bool ? CborMajor.TRUE : CborMajor.FALSE);
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
        return write(CborTagged.bignum(magnitude, negative));
    }

    private boolean writeText(String string) {
        if (chunk.putShortAscii(string)) {
            return true;
        }
        long bytes = CborText.utf8Length(string);
        if (bytes < 0) {
            throw refused("unpaired surrogate at index " + (-1 - bytes) + " of a text");
        }
        return content.putText(string, bytes);
    }

    private boolean writeOther(Object value) {
        if (value instanceof CborTag tag) {
            chunk.putHead(CborMajor.TAG, tag.number());
            push(new CborTagFrame(tag.content()));
            return false;
        } else if (value instanceof CborSimple simple) {
            chunk.putHead(CborMajor.SIMPLE, simple.number());
            return true;
        } else if (value instanceof Publisher<?> elements && !options.deterministic) {
            return startPublisher(elements);
        }
        Object inner = CborOptional.unwrap(value);
        if (inner != value) {
            return write(inner);
        }
        Object form = CborTagged.write(value);
        if (form == null) {
            throw refused("no CBOR mapping for " + value.getClass().getName() + CborFrame.noSize(value));
        }
        return write(form);
    }

    private boolean startPublisher(Publisher<?> elements) {
        if (elementsAt != NOWHERE) {
            throw refused("a Publisher within an element of a sequence or of another Publisher");
        }
        chunk.put(CborMajor.INDEFINITE_ARRAY);
        push(new CborPublished());
        publisher = elements;
        return false;
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
}
