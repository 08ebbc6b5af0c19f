/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.BufferFunction;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Passes buffers through and tells their digest at the end. */
final class Digesting implements BufferFunction {

    private final Digester digester;
    private final boolean append;
    private final Consumer<byte[]> listener;

    Digesting(Digester digester, boolean append, Consumer<byte[]> listener) {
        this.digester = digester;
        this.append = append;
        this.listener = listener;
    }

    @Override
    public ByteBuffer apply(ByteBuffer input) {
        digester.update(input);
        return input;
    }

    @Override
    public @Nullable ByteBuffer end() {
        byte[] value = digester.value();
        listener.accept(value);
        return append ? ByteBuffer.wrap(value) : null;
    }

    @Override
    public void close() {
        digester.close();
    }
}
