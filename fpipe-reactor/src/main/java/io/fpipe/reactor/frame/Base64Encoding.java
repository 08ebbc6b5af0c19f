/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.BufferFunction;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Encodes threes of bytes, and keeps what is left for the next buffer. */
final class Base64Encoding implements BufferFunction {

    private final Base64.Encoder encoder;
    private byte[] left = {};

    Base64Encoding(Base64.Encoder encoder) {
        this.encoder = encoder;
    }

    @Override
    public ByteBuffer apply(ByteBuffer input) {
        byte[] bytes = Arrays.copyOf(left, left.length + input.remaining());
        input.duplicate().get(bytes, left.length, input.remaining());
        int whole = bytes.length - bytes.length % 3;
        left = Arrays.copyOfRange(bytes, whole, bytes.length);
        return encoder.encode(ByteBuffer.wrap(bytes, 0, whole));
    }

    @Override
    public @Nullable ByteBuffer end() {
        return ByteBuffer.wrap(encoder.encode(left));
    }
}
