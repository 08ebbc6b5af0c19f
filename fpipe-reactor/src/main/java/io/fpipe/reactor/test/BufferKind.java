/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The kinds of buffers a stage may be given. */
enum BufferKind {
    HEAP("heap buffers"),
    DIRECT("direct buffers"),
    READ_ONLY("read-only buffers"),
    SLICED("slices with arrayOffset 3, position 2, a margin of 4 bytes and little-endian order");

    private static final byte MARGIN = (byte) 0xa5;

    private final String text;

    BufferKind(String text) {
        this.text = text;
    }

    /** Cuts the beginning of {@code bytes} into buffers of the given lengths. */
    List<ByteBuffer> cut(byte[] bytes, List<Integer> lengths) {
        List<ByteBuffer> buffers = new ArrayList<>(lengths.size());
        int offset = 0;
        for (int length : lengths) {
            buffers.add(make(bytes, offset, length));
            offset += length;
        }
        return buffers;
    }

    private ByteBuffer make(byte[] bytes, int offset, int length) {
        ByteBuffer part = ByteBuffer.wrap(bytes, offset, length);
        return switch (this) {
            case HEAP -> ByteBuffer.allocate(length).put(part).flip();
            case DIRECT -> ByteBuffer.allocateDirect(length).put(part).flip();
            case READ_ONLY -> ByteBuffer.allocate(length).put(part).flip().asReadOnlyBuffer();
            case SLICED -> {
                byte[] block = new byte[length + 9];
                Arrays.fill(block, MARGIN);
                System.arraycopy(bytes, offset, block, 5, length);
                yield ByteBuffer.wrap(block)
                        .slice(3, length + 6)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .position(2)
                        .limit(2 + length);
            }
        };
    }

    @Override
    public String toString() {
        return text;
    }
}
