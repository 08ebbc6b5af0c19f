/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.exc.InvalidDefinitionException;

/**
 * Lets Jackson read each element as soon as its bytes are there. They are gathered only if the element is cut; one that
 * is whole in a buffer is read where it is.
 */
final class JacksonReading<T> implements Transcoder<ByteBuffer, T> {

    private static final int FIRST = 1024;
    private static final byte[] EMPTY = {};

    private final ObjectReader reader;
    private final ElementScanner scanner;
    private final int maxBytes;

    private final CborWindow window = new CborWindow();

    private byte[] gathered = EMPTY;
    private int count;

    private long elements;
    private long start;
    private boolean inElement;
    private boolean ended;

    /**
     * Creates the reader of one message.
     *
     * @param maxBytes the most bytes of an element
     */
    JacksonReading(ObjectReader reader, ElementScanner scanner, int maxBytes) {
        this.reader = reader;
        this.scanner = scanner;
        this.maxBytes = maxBytes;
    }

    @Override
    public void feed(ByteBuffer input) {
        window.feed(input);
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable T poll() {
        while (window.remaining() > 0 || window.open()) {
            if (!inElement && !begin()) {
                continue;
            }
            int from = window.position;
            if (scanner.scan(window)) {
                T element = read(from);
                scanner.skip(window); // so that the end of the message is seen if it is here
                if (element != null) {
                    return element;
                }
            } else {
                gather(from);
            }
        }
        return ended ? last() : null;
    }

    private boolean begin() {
        scanner.skip(window);
        if (window.remaining() == 0) {
            return false;
        } else if (scanner.layout == JacksonLayout.SINGLE && elements == 1) {
            throw new CorruptStreamException("trailing bytes after the value, from byte " + window.offset());
        }
        start = window.offset();
        inElement = true;
        return true;
    }

    /** Keeps the bytes of the element that are in the window. */
    private void gather(int from) {
        int length = window.position - from;
        checkLength(length);
        if (length > gathered.length - count) {
            long wanted = Math.max((long) count + length, Math.max(FIRST, 2L * gathered.length));
            gathered = Arrays.copyOf(gathered, (int) Math.min(wanted, maxBytes));
        }
        System.arraycopy(window.array, from, gathered, count, length);
        count += length;
    }

    private void checkLength(int more) {
        if (more > maxBytes - count) {
            throw new LimitExceededException(
                    scanner.layout.limitName(),
                    maxBytes,
                    element() + " has at least " + ((long) count + more) + " bytes");
        }
    }

    /** Reads the element that ends here in the window and, unless some of it was gathered, begins in it. */
    private @Nullable T read(int from) {
        if (count == 0) {
            checkLength(window.position - from);
            return read(window.array, from, window.position - from);
        }
        gather(from);
        return read(gathered, 0, count);
    }

    private @Nullable T read(byte[] bytes, int from, int length) {
        @Nullable T value;
        try {
            value = reader.readValue(bytes, from, length);
        } catch (InvalidDefinitionException ex) { // the type's fault, not the message's
            throw ex;
        } catch (RuntimeException ex) {
            throw new CorruptStreamException(element() + " cannot be read: " + JacksonFormat.describe(ex), ex);
        }
        if (value == null && scanner.layout != JacksonLayout.SINGLE) {
            throw new CorruptStreamException(element() + " is null, which is no element");
        }
        inElement = false;
        count = 0;
        elements++;
        return value;
    }

    private @Nullable T last() {
        if (inElement) {
            if (!scanner.endsWithMessage()) {
                throw new CorruptStreamException(
                        "message truncated at byte " + window.place() + ", within " + element());
            }
            return read(gathered, 0, count);
        } else if (scanner.layout == JacksonLayout.SINGLE && elements == 0) {
            throw new CorruptStreamException("the message holds no value, it ends at byte " + window.place());
        } else if (!scanner.isClosed()) {
            throw new CorruptStreamException("message truncated at byte " + window.place() + ", after " + elements
                    + " elements of an array that is not closed");
        }
        return null;
    }

    private String element() {
        return scanner.layout.element(elements) + " at byte " + start;
    }

    @Override
    public boolean isFinished() {
        boolean used = !window.hasInput() && !inElement;
        boolean one = scanner.layout != JacksonLayout.SINGLE || elements == 1;
        return ended && used && one && scanner.isClosed();
    }
}
