/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the elements of a sequence (RFC 8742), or of the array that is the message, one for each {@link #poll()}.
 *
 * @param <T> the type of the elements
 */
final class CborElements<T> implements Transcoder<ByteBuffer, T> {

    private final CborDecoder decoder;
    private final CborWindow window;
    private final long maxBytes;

    /** What is around the elements; null around a sequence. */
    private final @Nullable CborOuterArray array;

    /** Whether an element has begun. */
    private boolean within;

    private long start;
    private long elements;
    private boolean ended;

    CborElements(CborOptions options, CborType type, boolean isArray) {
        this.decoder = new CborDecoder(options, type);
        this.window = decoder.window();
        this.maxBytes = options.limits.maxBytes;
        this.array = isArray ? new CborOuterArray() : null;
    }

    @Override
    public void feed(ByteBuffer input) {
        window.feed(input);
    }

    @Override
    public @Nullable T poll() {
        while (within || window.hasInput()) {
            if (!within && !begin()) {
                continue; // a byte of the array around the elements
            }
            boolean whole = decoder.readValue();
            if (window.place() - start > maxBytes) {
                throw new LimitExceededException(
                        "maxBytes",
                        maxBytes,
                        "element " + elements + " from byte " + start + " has " + (window.place() - start)
                                + " bytes or more");
            } else if (!whole) {
                break;
            }
            within = false;
            if (array != null) {
                array.takeBreak(window);
            }
            elements++;
            return cast(decoder.take());
        }
        if (ended) {
            checkEnd();
        }
        return null;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public boolean isFinished() {
        return !within && !window.hasInput() && (array == null || array.isClosed());
    }

    private void checkEnd() {
        if (within || (array != null && window.place() == 0)) {
            throw decoder.truncated();
        } else if (array != null && !array.isClosed()) {
            throw new CorruptStreamException("CBOR message truncated at byte " + window.place()
                    + ": the array around its elements is open after " + elements);
        }
    }

    private boolean begin() {
        if (array != null && !array.expectsElement(window, elements)) {
            return false;
        }
        decoder.restart();
        start = window.place();
        within = true;
        return true;
    }

    @SuppressWarnings("unchecked") // the decoder was made for the type
    private T cast(@Nullable Object value) {
        return (T) requireNonNull(value); // null is of no type
    }
}
