/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** A text that is being written: its length in UTF-8 first, then its bytes in as many pieces as chunks need. */
final class CborText {

    /** Characters that are copied out of the text at a time: in an array they are faster to look at. */
    private static final int BLOCK = 2048;

    private final String text;
    private final boolean ascii;
    private int next;

    CborText(String text, boolean ascii) {
        this.text = text;
        this.ascii = ascii;
    }

    /**
     * Returns how many bytes the text has in UTF-8; negative, as {@code -1 - index}, if a surrogate at that index has
     * no partner.
     */
    static long utf8Length(String text) {
        int length = text.length();
        char[] block = new char[Math.min(length, BLOCK)];
        long bytes = 0;
        int from = 0;
        while (from < length) {
            int n = Math.min(block.length, length - from);
            text.getChars(from, from + n, block, 0);
            int more = 0; // than one for each character
            for (int i = 0; i < n; i++) {
                char c = block[i];
                if (c < 0x80) {
                    continue;
                }
                if (!Character.isSurrogate(c)) {
                    more += c < 0x800 ? 1 : 2;
                } else if (isPair(text, from + i)) {
                    more += 2;
                    i++; // perhaps beyond the block
                    n = Math.max(n, i + 1);
                } else {
                    return -1L - from - i;
                }
            }
            bytes += n + more;
            from += n;
        }
        return bytes;
    }

    private static boolean isPair(String text, int at) {
        return at + 1 < text.length() && Character.isSurrogatePair(text.charAt(at), text.charAt(at + 1));
    }

    /** Writes what fits and tells whether that was all of it. */
    boolean fill(CborChunk chunk) {
        if (ascii) {
            fillAscii(chunk);
        } else {
            fillUtf8(chunk);
        }
        return next == text.length();
    }

    @SuppressWarnings("deprecation") // drops the high bytes, which is right for ASCII and by far the fastest
    private void fillAscii(CborChunk chunk) {
        int wanted = text.length() - next;
        int end = next + Math.min(wanted, chunk.room(wanted));
        text.getBytes(next, end, chunk.array, chunk.position);
        chunk.position += end - next;
        next = end;
    }

    private void fillUtf8(CborChunk chunk) {
        int length = text.length();
        int last = chunk.position + chunk.room((int) Math.min((length - next) * 3L + 1, Integer.MAX_VALUE)) - 4;
        char[] block = new char[Math.min(length - next, BLOCK)];
        while (next < length && chunk.position <= last) {
            int n = Math.min(block.length, length - next);
            text.getChars(next, next + n, block, 0);
            fillUtf8(chunk, last, block, n);
        }
    }

    /** Writes characters as long as there is room for the longest one, and moves on. */
    private void fillUtf8(CborChunk chunk, int last, char[] block, int n) {
        byte[] out = chunk.array;
        int at = chunk.position;
        int i = 0;
        while (i < n && at <= last) {
            int c = block[i];
            if (c < 0x80) {
                int end = Math.min(n, i + last - at + 1);
                do { // most characters of most texts: in a loop of their own they take half of the time
                    out[at++] = (byte) c;
                    i++;
                } while (i < end && (c = block[i]) < 0x80);
                continue;
            }
            i++;
            if (c < 0x800) {
                out[at++] = (byte) (0xc0 | (c >> 6));
            } else {
                if (Character.isHighSurrogate((char) c)) { // its partner is there: the length was computed
                    c = Character.toCodePoint((char) c, text.charAt(next + i++));
                    out[at++] = (byte) (0xf0 | (c >> 18));
                    out[at++] = (byte) (0x80 | ((c >> 12) & 0x3f));
                } else {
                    out[at++] = (byte) (0xe0 | (c >> 12));
                }
                out[at++] = (byte) (0x80 | ((c >> 6) & 0x3f));
            }
            out[at++] = (byte) (0x80 | (c & 0x3f));
        }
        next += i;
        chunk.position = at;
    }
}
