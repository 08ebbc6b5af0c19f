/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/**
 * Finds the ends of JSON values (RFC 8259) in UTF-8: by brackets, by quotes, or by the byte that cannot be a number's.
 * Bytes that are nowhere in JSON are refused here, so that nobody takes the message for UTF-16 or finds comments in it.
 */
final class JsonScanner extends ElementScanner {

    /** What bytes mean outside of strings. */
    private static final byte[] MEANINGS = new byte[256];

    private static final byte NOTHING = 0;
    private static final byte SPACE = 1;
    private static final byte SEPARATOR = 2;
    private static final byte SCALAR = 3; // in a number or in true, false or null
    private static final byte OPEN = 4;
    private static final byte CLOSE = 5;
    private static final byte QUOTE = 6;

    static {
        for (int c = 0; c < 128; c++) {
            MEANINGS[c] = switch (c) {
                case ' ', '\t', '\r', '\n' -> SPACE;
                case ',', ':' -> SEPARATOR;
                case '[', '{' -> OPEN;
                case ']', '}' -> CLOSE;
                case '"' -> QUOTE;
                case '+', '-', '.' -> SCALAR;
                default -> Character.isLetterOrDigit(c) ? SCALAR : NOTHING;
            };
        }
    }

    /** What comes next between elements. */
    private enum Expected {
        ARRAY("expected a JSON array"),
        FIRST_VALUE_OR_END("expected a JSON value or ']'"),
        VALUE("expected a JSON value"),
        COMMA_OR_END("expected ',' or ']'"),
        NOTHING("expected nothing after the JSON array");

        private final String text;

        Expected(String text) {
            this.text = text;
        }

        /** Returns what comes after a byte that is part of the array and not of its elements; null for any other. */
        @Nullable
        Expected after(byte b) {
            return switch (b) {
                case '[' -> this == ARRAY ? FIRST_VALUE_OR_END : null;
                case ']' -> this == FIRST_VALUE_OR_END || this == COMMA_OR_END ? NOTHING : null;
                case ',' -> this == COMMA_OR_END ? VALUE : null;
                default -> null;
            };
        }
    }

    private Expected expected;

    private boolean inElement;
    private boolean inScalar;
    private boolean inString;
    private boolean escaped;
    private int depth;

    JsonScanner(JacksonLayout layout, int maxDepth) {
        super(layout, maxDepth);
        this.expected = layout == JacksonLayout.ARRAY ? Expected.ARRAY : Expected.VALUE;
    }

    private static byte meaning(byte b) {
        return MEANINGS[b & 0xff];
    }

    @Override
    void skip(CborWindow window) {
        for (; window.remaining() > 0; window.position++) {
            byte b = window.array[window.position];
            Expected next = meaning(b) == SPACE ? expected : expected.after(b);
            if (next == null) {
                return;
            }
            expected = next;
        }
    }

    @Override
    boolean scan(CborWindow window) {
        if (!inElement) {
            begin(window);
        }
        while (inElement && window.remaining() > 0) {
            if (inScalar) {
                scanScalar(window);
            } else if (inString) {
                scanString(window);
            } else {
                scanStructure(window);
            }
        }
        return !inElement;
    }

    private void begin(CborWindow window) {
        byte b = window.array[window.position];
        byte meaning = meaning(b);
        boolean allowed = expected == Expected.VALUE || expected == Expected.FIRST_VALUE_OR_END;
        if (!allowed || (meaning != OPEN && meaning != QUOTE && meaning != SCALAR)) {
            String hint = b < 0 ? " (it must be UTF-8 without a byte order mark)" : "";
            throw corrupt(expected.text + ", found " + hex(b) + hint, window.offset());
        }
        inElement = true;
        inScalar = meaning == SCALAR;
    }

    private void end() {
        inElement = false;
        inScalar = false;
        expected = layout == JacksonLayout.ARRAY ? Expected.COMMA_OR_END : Expected.VALUE;
    }

    private void scanScalar(CborWindow window) {
        while (window.remaining() > 0) {
            if (meaning(window.array[window.position]) != SCALAR) {
                end();
                return;
            }
            window.position++;
        }
    }

    private void scanString(CborWindow window) {
        byte[] array = window.array;
        int limit = window.limit;
        for (int at = window.position; at < limit; at++) {
            byte b = array[at];
            if (b >= 0 && b < ' ') {
                window.position = at;
                throw corrupt("JSON string with the control character " + hex(b), window.offset());
            } else if (escaped) {
                escaped = false;
            } else if (b == '\\') {
                escaped = true;
            } else if (b == '"') {
                window.position = at + 1;
                inString = false;
                endIfOutermost();
                return;
            }
        }
        window.position = limit;
    }

    private void scanStructure(CborWindow window) {
        byte[] array = window.array;
        int limit = window.limit;
        int at = window.position;
        while (at < limit) {
            byte b = array[at++];
            byte meaning = meaning(b);
            if (meaning >= OPEN) {
                window.position = at;
                nest(meaning, window);
                return;
            } else if (meaning == NOTHING) {
                window.position = at - 1;
                throw corrupt("JSON with " + hex(b) + " outside of a string", window.offset());
            }
        }
        window.position = limit;
    }

    private void nest(byte meaning, CborWindow window) {
        if (meaning == QUOTE) {
            inString = true;
        } else if (meaning == OPEN) {
            checkDepth(depth, window.offset() - 1);
            depth++;
        } else {
            depth--;
            endIfOutermost();
        }
    }

    private void endIfOutermost() {
        if (depth == 0) {
            end();
        }
    }

    private static String hex(byte b) {
        return String.format("0x%02x", b);
    }

    @Override
    boolean endsWithMessage() {
        return inScalar && layout != JacksonLayout.ARRAY;
    }

    @Override
    boolean isClosed() {
        return layout != JacksonLayout.ARRAY || expected == Expected.NOTHING;
    }
}
