/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** No branch of a cond is for this message or value, and the cond has no {@code otherwise}. */
public final class UnroutedMessageException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The bytes that are kept and shown at most. */
    private static final int MOST_BYTES = 64;

    /** What the message begins with. */
    private final byte[] firstBytes;

    private UnroutedMessageException(String message, byte[] firstBytes) {
        super(message);
        this.firstBytes = firstBytes;
    }

    static UnroutedMessageException ofMessage(ByteBuffer head) {
        byte[] bytes = new byte[Math.min(MOST_BYTES, head.remaining())];
        head.duplicate().get(bytes);
        return new UnroutedMessageException(
                bytes.length == 0
                        ? "no branch is for an empty message"
                        : "no branch is for a message that begins with 0x"
                                + HexFormat.of().formatHex(bytes),
                bytes);
    }

    static UnroutedMessageException ofValue(@Nullable Object value) {
        return new UnroutedMessageException(
                "no branch is for this value, of "
                        + (value == null ? "null" : value.getClass().getName()),
                new byte[0]);
    }

    /**
     * Returns what the message begins with, as far as the cond has read it.
     *
     * @return at most 64 bytes; none for an empty message and for a value
     */
    public byte[] firstBytes() {
        return firstBytes.clone();
    }
}
