/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.CorruptStreamException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * The header of an LZ4 frame ({@code lz4_Frame_format.md}, "Frame Descriptor").
 *
 * @param blockSize the most plain bytes of a block
 * @param linked whether a block may refer to the blocks before it
 * @param blockChecksum whether each block is followed by its checksum
 * @param contentChecksum whether the frame ends with the checksum of its content
 * @param contentSize the length of the content, or {@link #UNKNOWN}
 */
record Lz4Header(int blockSize, boolean linked, boolean blockChecksum, boolean contentChecksum, long contentSize) {

    static final int MAGIC = 0x184D2204;
    static final int LEGACY_MAGIC = 0x184C2102;
    static final int SKIPPABLE_MAGIC = 0x184D2A50;
    static final int SKIPPABLE_MASK = 0xFFFFFFF0;

    static final long UNKNOWN = -1;
    static final int MOST_BYTES = 19;

    /** The flags and the block size; the rest depends on the flags. */
    static final int FIXED_BYTES = 2;

    static final XXHash32 HASH = XXHashFactory.fastestInstance().hash32();

    private static final int VERSION = 0x40;
    private static final int VERSION_MASK = 0xC0;
    private static final int INDEPENDENT = 0x20;
    private static final int BLOCK_CHECKSUM = 0x10;
    private static final int CONTENT_SIZE = 0x08;
    private static final int CONTENT_CHECKSUM = 0x04;
    private static final int RESERVED = 0x02;
    private static final int DICTIONARY = 0x01;

    /** The number that stands for a block size. */
    static int blockSizeCode(int bytes) {
        for (int code = 4; code <= 7; code++) {
            if (bytes == blockSize(code)) {
                return code;
            }
        }
        throw new IllegalArgumentException("blockSize must be 65536, 262144, 1048576 or 4194304 bytes, was " + bytes);
    }

    private static int blockSize(int code) {
        return 1 << (8 + 2 * code);
    }

    /** How many bytes follow the fixed ones. */
    static int restLength(int flags) {
        return ((flags & CONTENT_SIZE) != 0 ? 8 : 0) + ((flags & DICTIONARY) != 0 ? 4 : 0) + 1;
    }

    /** Reads the whole descriptor, without the magic. */
    static Lz4Header parse(byte[] descriptor) {
        int flags = descriptor[0] & 0xff;
        int size = descriptor[1] & 0xff;
        if ((flags & VERSION_MASK) != VERSION || (flags & RESERVED) != 0 || (size & 0x8F) != 0) {
            throw new CorruptStreamException(String.format(
                    "LZ4 frame flags 0x%02x 0x%02x are not of version 1 or have reserved bits", flags, size));
        }
        int code = size >> 4;
        if (code < 4) {
            throw new CorruptStreamException("LZ4 block size code " + code + " is not from 4 to 7");
        }
        int length = descriptor.length - 1;
        int check = checksum(descriptor, 0, length);
        if ((byte) check != descriptor[length]) {
            throw new CorruptStreamException(String.format(
                    "the checksum of the LZ4 frame header is 0x%02x, where 0x%02x is given",
                    check, descriptor[length]));
        }
        ByteBuffer fields =
                ByteBuffer.wrap(descriptor, FIXED_BYTES, length - FIXED_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long contentSize = (flags & CONTENT_SIZE) != 0 ? fields.getLong() : UNKNOWN;
        if ((flags & DICTIONARY) != 0) {
            throw new CorruptStreamException(
                    "the LZ4 frame needs dictionary 0x" + Integer.toHexString(fields.getInt()) + ", there is none");
        }
        return new Lz4Header(
                blockSize(code),
                (flags & INDEPENDENT) == 0,
                (flags & BLOCK_CHECKSUM) != 0,
                (flags & CONTENT_CHECKSUM) != 0,
                contentSize);
    }

    /** The header as it is written, with the magic. */
    byte[] toBytes() {
        int flags = VERSION
                | (linked ? 0 : INDEPENDENT)
                | (blockChecksum ? BLOCK_CHECKSUM : 0)
                | (contentSize != UNKNOWN ? CONTENT_SIZE : 0)
                | (contentChecksum ? CONTENT_CHECKSUM : 0);
        ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC)
                .put((byte) flags)
                .put((byte) (blockSizeCode(blockSize) << 4));
        if (contentSize != UNKNOWN) {
            bytes.putLong(contentSize);
        }
        bytes.put((byte) checksum(bytes.array(), 4, bytes.position() - 4));
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private static int checksum(byte[] bytes, int offset, int length) {
        return HASH.hash(bytes, offset, length, 0) >> 8 & 0xff;
    }
}
