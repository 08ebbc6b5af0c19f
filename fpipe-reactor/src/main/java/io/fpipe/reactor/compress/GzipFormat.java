/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.CorruptStreamException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.Iterator;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** The header and trailer of a gzip member (RFC 1952, section 2.3), read byte by byte: they may be cut anywhere. */
final class GzipFormat extends DeflateFormat {

    private static final byte[] MAGIC = {0x1f, (byte) 0x8b};
    private static final int METHOD_DEFLATE = 8;
    private static final int RESERVED_FLAGS = 0xe0;
    private static final int UNKNOWN_SYSTEM = 255;
    private static final int FIXED_LENGTH = 8;
    private static final int TRAILER_LENGTH = 8;

    /**
     * The parts of the header after the magic, in their order, and the flag that says that an optional one is there.
     */
    private enum Part {
        FIXED(0),
        EXTRA_LENGTH(0x04),
        EXTRA(0x04),
        NAME(0x08),
        COMMENT(0x10),
        HEADER_CRC(0x02);

        private final int flag;

        Part(int flag) {
            this.flag = flag;
        }

        static Iterator<Part> optional(int flags) {
            return Stream.of(values()).filter(part -> (flags & part.flag) != 0).iterator();
        }
    }

    private final CRC32 crc = new CRC32();
    private final int level;

    private Part part = Part.FIXED;
    private Iterator<Part> followingParts = Collections.emptyIterator();
    private int count;
    private int flags;
    private int extraLength;
    private int headerCrc;
    private long trailer;

    GzipFormat(int level) {
        super("gzip");
        this.level = level;
    }

    @Override
    byte[] magic() {
        return MAGIC;
    }

    @Override
    boolean readHeader(ByteBuffer input) {
        if (part == Part.FIXED && count == 0) {
            crc.reset();
            crc.update(MAGIC);
            flags = 0;
        }
        while (input.hasRemaining()) {
            int next = Byte.toUnsignedInt(input.get());
            if (part != Part.HEADER_CRC) {
                crc.update(next);
            }
            if (isPartComplete(next) && !nextPart()) {
                crc.reset();
                trailer = 0;
                return true;
            }
        }
        return false;
    }

    /** Goes to the next part of the header, or to the first of another; returns whether the header goes on. */
    private boolean nextPart() {
        count = 0;
        if (part == Part.FIXED) {
            followingParts = Part.optional(flags);
        } else if (part == Part.EXTRA_LENGTH && extraLength == 0) {
            followingParts.next();
        }
        boolean more = followingParts.hasNext();
        part = more ? followingParts.next() : Part.FIXED;
        return more;
    }

    private boolean isPartComplete(int next) {
        count++;
        return switch (part) {
            case FIXED -> {
                checkFixed(next);
                yield count == FIXED_LENGTH;
            }
            case EXTRA_LENGTH -> {
                extraLength = count == 1 ? next : extraLength | next << 8;
                yield count == 2;
            }
            case EXTRA -> count == extraLength;
            case NAME, COMMENT -> next == 0;
            case HEADER_CRC -> {
                headerCrc = count == 1 ? next : headerCrc | next << 8;
                yield count == 2 && checkHeaderCrc();
            }
        };
    }

    private void checkFixed(int next) {
        if (count == 1 && next != METHOD_DEFLATE) {
            throw new CorruptStreamException("gzip compression method " + next + " is unknown, only 8 is defined");
        }
        if (count == 2) {
            flags = next;
            if ((next & RESERVED_FLAGS) != 0) {
                throw new CorruptStreamException(
                        "gzip header flags 0x" + Integer.toHexString(next) + " have reserved bits");
            }
        }
    }

    private boolean checkHeaderCrc() {
        int computed = (int) crc.getValue() & 0xffff;
        if (computed != headerCrc) {
            throw new CorruptStreamException("the CRC-16 of the gzip header is 0x" + Integer.toHexString(computed)
                    + ", where 0x" + Integer.toHexString(headerCrc) + " is given");
        }
        return true;
    }

    @Override
    void update(ByteBuffer plain) {
        crc.update(plain);
    }

    @Override
    boolean readTrailer(ByteBuffer input, long plainBytes) {
        while (count < TRAILER_LENGTH && input.hasRemaining()) {
            trailer |= Byte.toUnsignedLong(input.get()) << (8 * count);
            count++;
        }
        if (count < TRAILER_LENGTH) {
            return false;
        }
        count = 0;
        check("CRC-32", (int) crc.getValue(), (int) trailer);
        check("length modulo 2^32", (int) plainBytes, (int) (trailer >>> 32));
        return true;
    }

    private static void check(String what, int computed, int given) {
        if (computed != given) {
            throw new CorruptStreamException("the " + what + " of the gzip content is 0x"
                    + Integer.toHexString(computed) + ", where 0x" + Integer.toHexString(given) + " is given");
        }
    }

    @Override
    byte[] header() {
        int extraFlags = level == 9 ? 2 : level == 1 ? 4 : 0; // slowest, fastest
        return new byte[] {MAGIC[0], MAGIC[1], METHOD_DEFLATE, 0, 0, 0, 0, 0, (byte) extraFlags, (byte) UNKNOWN_SYSTEM};
    }

    @Override
    byte[] trailer(long plainBytes) {
        return ByteBuffer.allocate(TRAILER_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .putInt((int) plainBytes)
                .array();
    }
}
