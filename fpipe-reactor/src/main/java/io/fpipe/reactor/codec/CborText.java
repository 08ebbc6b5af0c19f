/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** A text that is being written: its length in UTF-8 first, then its bytes in as many pieces as chunks need. */
final class CborText {

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
        int i = 0;
        while (i < length && text.charAt(i) < 0x80) {
            i++;
        }
        long bytes = i;
        for (; i < length; i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            } else if (i + 1 < length && Character.isSurrogatePair(c, text.charAt(i + 1))) {
                bytes += 4;
                i++;
            } else {
                return -1L - i;
            }
        }
        return bytes;
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
        byte[] out = chunk.array;
        int at = chunk.position;
        int i = next;
        while (i < length && at <= last) {
            int c = text.charAt(i++);
            if (c < 0x80) {
                out[at++] = (byte) c;
                continue;
            }
            if (c < 0x800) {
                out[at++] = (byte) (0xc0 | (c >> 6));
            } else {
                if (Character.isHighSurrogate((char) c)) { // its partner is there: the length was computed
                    c = Character.toCodePoint((char) c, text.charAt(i++));
                    out[at++] = (byte) (0xf0 | (c >> 18));
                    out[at++] = (byte) (0x80 | ((c >> 12) & 0x3f));
                } else {
                    out[at++] = (byte) (0xe0 | (c >> 12));
                }
                out[at++] = (byte) (0x80 | ((c >> 6) & 0x3f));
            }
            out[at++] = (byte) (0x80 | (c & 0x3f));
        }
        next = i;
        chunk.position = at;
    }
}
