/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectWriter;

/** Lets Jackson write each element whole, and packs what it wrote into chunks. */
final class JacksonWriting implements Transcoder<Object, ByteBuffer> {

    static final int CHUNK = 64 << 10;

    private final ObjectWriter writer;
    private final JacksonLayout layout;
    private final boolean json;
    private final JacksonOutput output;

    private long elements;
    private boolean flushing;
    private boolean ended;

    /**
     * Creates the writer of one message.
     *
     * @param maxBytes the most bytes of an element
     */
    JacksonWriting(ObjectWriter writer, JacksonLayout layout, boolean json, int maxBytes, int chunkSize) {
        this.writer = writer;
        this.layout = layout;
        this.json = json;
        this.output = new JacksonOutput(layout, maxBytes, chunkSize);
    }

    @Override
    public void feed(Object element) {
        if (layout == JacksonLayout.ARRAY && elements == 0) {
            open();
        } else if (layout == JacksonLayout.ARRAY && json) {
            output.put(',');
        }
        write(element == Cbor.NULL ? null : element);
        if (layout == JacksonLayout.SEQUENCE && json) {
            output.put('\n');
        }
        elements++;
    }

    private void open() {
        output.put(json ? '[' : 0x9f);
    }

    private void write(@Nullable Object element) {
        output.begin(elements);
        try {
            writer.writeValue(output, element);
        } catch (RuntimeException ex) {
            RuntimeException exceeded = output.exceeded();
            throw exceeded != null
                    ? exceeded
                    : new IllegalArgumentException(
                            layout.element(elements) + " cannot be written: " + JacksonFormat.describe(ex), ex);
        }
    }

    @Override
    public void end() {
        ended = true;
        if (layout == JacksonLayout.ARRAY) {
            if (elements == 0) {
                open();
            }
            output.put(json ? ']' : CborMajor.BREAK);
        }
    }

    @Override
    public boolean flush() {
        flushing = !output.isEmpty();
        return flushing;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        ByteBuffer chunk = output.poll();
        if (chunk == null && (ended || flushing)) {
            flushing = false;
            chunk = output.rest();
        }
        return chunk;
    }

    @Override
    public boolean isFinished() {
        return ended && output.isEmpty();
    }
}
