/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * Decompresses linked blocks, which refer to the last 64 KiB before them. The decompressor of lz4-java knows no
 * history; so the history is put in front of the literals with which every block begins, as if the block contained it.
 * That is valid because offsets reach back 65535 bytes at most and the rest of the block stays as it is. The
 * decompressor checks all bounds.
 */
final class Lz4Window {

    private static final int MOST_HISTORY = 64 << 10;
    private static final byte[] NONE = {};

    private final LZ4SafeDecompressor decompressor;

    /** The history, then room for a block. */
    private byte[] window = NONE;

    private int history;
    private byte[] folded = NONE;

    Lz4Window(LZ4SafeDecompressor decompressor) {
        this.decompressor = decompressor;
    }

    void clear() {
        history = 0;
    }

    /** Takes a block that was stored as it is. */
    void append(ByteBuffer plain) {
        int length = plain.remaining();
        makeRoom(length);
        plain.duplicate().get(window, history, length);
        slide(length);
    }

    /**
     * Decompresses a block.
     *
     * @param block the compressed bytes
     * @param most the most bytes it may have
     * @return the plain bytes
     * @throws net.jpountz.lz4.LZ4Exception if the block is malformed
     * @throws java.nio.BufferUnderflowException if the block ends in the length of its first literals
     */
    byte[] decompress(ByteBuffer block, int most) {
        int length = fold(block);
        makeRoom(most);
        int start = history;
        int count = decompressor.decompress(folded, 0, length, window, 0, start + most) - start;
        byte[] plain = Arrays.copyOfRange(window, start, start + count);
        slide(count);
        return plain;
    }

    private void makeRoom(int length) {
        if (window.length < history + length) {
            window = Arrays.copyOf(window, history + length);
        }
    }

    private void slide(int added) {
        int keep = Math.min(MOST_HISTORY, history + added);
        System.arraycopy(window, history + added - keep, window, 0, keep);
        history = keep;
    }

    /** Copies the block with the history in its first literals, and returns its length. */
    private int fold(ByteBuffer block) {
        ByteBuffer rest = block.duplicate();
        int token = rest.get() & 0xff;
        int literals = token >>> 4; // at most 255 for each of 4 MiB: no overflow
        if (literals == 15) {
            int more;
            do {
                more = rest.get() & 0xff;
                literals += more;
            } while (more == 255);
        }
        int room = 2 + (literals + history) / 255 + history + rest.remaining();
        if (folded.length < room) {
            folded = new byte[room];
        }
        ByteBuffer out = ByteBuffer.wrap(folded);
        putLength(out, token, literals + history);
        out.put(window, 0, history).put(rest);
        return out.position();
    }

    private static void putLength(ByteBuffer out, int token, int literals) {
        if (literals < 15) {
            out.put((byte) (literals << 4 | (token & 0x0f)));
            return;
        }
        out.put((byte) (0xf0 | (token & 0x0f)));
        int left = literals - 15;
        for (; left >= 255; left -= 255) {
            out.put((byte) 255);
        }
        out.put((byte) left);
    }
}
