/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.Random;

/** Frames that a hostile peer might send: valid ones in any order, damaged ones, and noise. */
final class FrameFuzz {

    private static final int[] FLAGS = {0, 0, 0, 1, 1, 2, 3, 255};
    private static final long[] ARGUMENTS = {
        0, 0, 1, 2, 3, 5, 10, 11, 100, 256, 4096, 65536, 1 << 20, 1L << 40, Long.MAX_VALUE, -1, Long.MIN_VALUE
    };

    /** A route, a deadline, an entry, and what is none of it. */
    private static final String[] METADATA = {
        "010001" + "61", "0200080000000000000005", "0300020161", "03000401" + "616263", "ff0000", "010000", "020001"
    };

    private final Random random;

    /** The highest stream that was opened, and how many bytes of it were sent: what follows may fit. */
    private long stream;

    private long offset;

    FrameFuzz(long seed) {
        random = new Random(seed);
    }

    /** One message for a peer that knows us by an incarnation. */
    ByteBuffer[] next(long incarnation) {
        if (random.nextInt(20) == 0) {
            return new ByteBuffer[] {ByteBuffer.wrap(noise(80))};
        }
        byte[] frame = frame(incarnation);
        if (random.nextInt(4) == 0) {
            for (int i = random.nextInt(3); i >= 0; i--) {
                frame[random.nextInt(random.nextBoolean() ? 32 : frame.length)] = (byte) random.nextInt();
            }
        }
        int cut = random.nextInt(30) == 0 ? random.nextInt(frame.length) : frame.length;
        if (random.nextInt(8) == 0 && cut > 32) {
            return new ByteBuffer[] {ByteBuffer.wrap(frame, 0, 32), ByteBuffer.wrap(frame, 32, cut - 32)};
        }
        return random.nextInt(50) == 0
                ? new ByteBuffer[] {ByteBuffer.wrap(frame, 0, cut), ByteBuffer.wrap(noise(40)), ByteBuffer.allocate(0)}
                : new ByteBuffer[] {ByteBuffer.wrap(frame, 0, cut)};
    }

    private byte[] frame(long incarnation) {
        int flags = FLAGS[random.nextInt(FLAGS.length)];
        long mine = random.nextInt(30) == 0 ? random.nextLong() : incarnation;
        byte[] payload = noise(random.nextInt(50) == 0 ? 70_000 : 600);
        int kind = random.nextInt(16);
        if (kind < 5) { // what continues the stream that is open
            byte[] frame = bytes(3, flags, mine, stream, offset, payload);
            offset += payload.length;
            return frame;
        }
        if (kind < 8) {
            byte[] metadata = new byte[0];
            if (random.nextBoolean()) {
                metadata = java.util.HexFormat.of().parseHex(METADATA[random.nextInt(METADATA.length)]);
            }
            byte[] both = ByteBuffer.allocate(metadata.length + payload.length)
                    .put(metadata)
                    .put(payload)
                    .array();
            stream++;
            offset = payload.length;
            return bytes(2, flags, mine, stream, metadata.length, both);
        }
        int type = kind < 15 ? random.nextInt(11) : random.nextInt();
        long where = random.nextBoolean() ? Math.max(0, stream - random.nextInt(20)) : random.nextInt(3);
        return bytes(type, flags, mine, where, ARGUMENTS[random.nextInt(ARGUMENTS.length)], payload);
    }

    private static byte[] bytes(int type, int flags, long incarnation, long stream, long argument, byte[] payload) {
        return RawPeer.frame(type, flags, incarnation, stream, argument, payload)
                .array();
    }

    private byte[] noise(int most) {
        byte[] bytes = new byte[random.nextInt(most)];
        random.nextBytes(bytes);
        return bytes;
    }
}
