/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Bytes in front of a message: stages that put them there, drop them or check them. All buffers that need no change
 * pass as the same objects; all stages request one buffer at a time, cancel the source when they are cancelled, and
 * pass its error on.
 */
public final class Prefixes {

    private Prefixes() {}

    /**
     * Puts bytes in front of a message.
     * <ul>
     * <li>Emits: the prefix in a buffer of its own when the first buffer or the end of the message has arrived, so
     * once for an empty message too; then the message's buffers.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * </ul>
     *
     * @param bytes the prefix, each from -128 to 255
     * @return the stage
     */
    public static Stage prepend(int... bytes) {
        byte[] prefix = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            prefix[i] = toByte(bytes[i]);
        }
        return prepending(prefix);
    }

    /**
     * Puts bytes in front of a message, as {@link #prepend(int...)} does.
     *
     * @param bytes the prefix
     * @return the stage
     */
    public static Stage prepend(byte[] bytes) {
        return prepending(bytes.clone());
    }

    private static Stage prepending(byte[] prefix) {
        return prefix.length == 0 ? Stage.identity() : Stage.transcode(() -> new Prepending(prefix));
    }

    /**
     * Drops the first bytes of a message.
     * <ul>
     * <li>Emits: what follows them. The buffer in which they end is sliced, not copied.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * <li>Fails: {@link CorruptStreamException} if the message is shorter.</li>
     * </ul>
     *
     * @param bytes how many, at least 0
     * @return the stage
     */
    public static Stage skip(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must be at least 0, was " + bytes);
        }
        return bytes == 0 ? Stage.identity() : Stage.transcode(() -> new Dropping(bytes, null));
    }

    /**
     * Checks and drops the first bytes of a message.
     * <ul>
     * <li>Emits: what follows them. The buffer in which they end is sliced, not copied.</li>
     * <li>Completes: when the source completes, together with the last buffer.</li>
     * <li>Fails: {@link CorruptStreamException} at the first byte that differs, or if the message is shorter; it
     * shows both in hex.</li>
     * </ul>
     *
     * @param expected the bytes that must be there
     * @return the stage
     */
    public static Stage strip(byte[] expected) {
        byte[] copy = expected.clone();
        return copy.length == 0 ? Stage.identity() : Stage.transcode(() -> new Dropping(copy.length, copy));
    }

    /** Takes a byte as it is written in source code, signed or unsigned. */
    static byte toByte(int value) {
        if (value < Byte.MIN_VALUE || value > 255) {
            throw new IllegalArgumentException("a byte is from -128 to 255, was " + value);
        }
        return (byte) value;
    }

    private static final class Prepending implements Transcoder<ByteBuffer, ByteBuffer> {

        private @Nullable ByteBuffer prefix;
        private @Nullable ByteBuffer body;
        private boolean started;
        private boolean ended;

        Prepending(byte[] prefix) {
            this.prefix = ByteBuffer.wrap(prefix).asReadOnlyBuffer(); // shared by all messages
        }

        @Override
        public void feed(ByteBuffer input) {
            if (input.hasRemaining()) {
                started = true;
                body = input;
            }
        }

        @Override
        public void end() {
            started = true;
            ended = true;
        }

        @Override
        public @Nullable ByteBuffer poll() {
            if (!started) {
                return null;
            }
            ByteBuffer output;
            if (prefix != null) {
                output = prefix;
                prefix = null;
            } else {
                output = body;
                body = null;
            }
            return output;
        }

        @Override
        public boolean isFinished() {
            return ended && prefix == null && body == null;
        }
    }

    private static final class Dropping implements Transcoder<ByteBuffer, ByteBuffer> {

        private final int length;
        private final byte @Nullable [] expected;

        private int dropped;
        private @Nullable ByteBuffer body;
        private boolean ended;

        Dropping(int length, byte @Nullable [] expected) {
            this.length = length;
            this.expected = expected;
        }

        @Override
        public void feed(ByteBuffer input) {
            int take = Math.min(length - dropped, input.remaining());
            if (expected != null) {
                check(expected, input.slice(input.position(), take));
            }
            dropped += take;
            int rest = input.remaining() - take;
            body = rest == 0 ? null : take == 0 ? input : input.slice(input.position() + take, rest);
        }

        private void check(byte[] prefix, ByteBuffer part) {
            if (!part.equals(ByteBuffer.wrap(prefix, dropped, part.remaining()))) {
                byte[] got = new byte[dropped + part.remaining()];
                System.arraycopy(prefix, 0, got, 0, dropped);
                part.get(got, dropped, part.remaining());
                throw new CorruptStreamException(
                        "the message begins with 0x" + HexFormat.of().formatHex(got) + " instead of 0x"
                                + HexFormat.of().formatHex(prefix));
            }
        }

        @Override
        public void end() {
            ended = true;
            if (dropped < length) {
                throw new CorruptStreamException("the message ended after " + dropped + " of the " + length
                        + " bytes "
                        + (expected == null
                                ? "that are to be skipped"
                                : "of its prefix, with 0x" + HexFormat.of().formatHex(expected, 0, dropped)
                                        + " instead of 0x" + HexFormat.of().formatHex(expected)));
            }
        }

        @Override
        public @Nullable ByteBuffer poll() {
            ByteBuffer output = body;
            body = null;
            return output;
        }

        @Override
        public boolean isFinished() {
            return ended && body == null;
        }
    }
}
