/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Takes items that lie whole in the window and are what their place expects, without the checks that all others need:
 * what messages spend their time in. What it does not take is read one by one, which also says what is wrong with it.
 */
final class CborAhead {

    /** Says that the next item is none to be taken. */
    static final Object NONE = new Object();

    /** Integers taken in one go: between the goes an array may get its final room. */
    private static final int RUN = 512;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final CborWindow window;
    private final CborStrings strings;
    private final int maxStringBytes;

    /** The integers that were taken last. */
    long[] integers = {};

    /** Where in the window's array the item begins that was taken last. */
    private int last;

    CborAhead(CborWindow window, CborStrings strings, CborLimits limits) {
        this.window = window;
        this.strings = strings;
        this.maxStringBytes = limits.maxStringBytes;
    }

    /** Returns where in the message the item begins that was taken last. */
    long offset() {
        return window.offset(last);
    }

    /**
     * Takes a run of integers in the range of the type.
     *
     * @return how many there are in {@link #integers}
     */
    int takeIntegers(CborType type, long most) {
        long least = type.least();
        long greatest = type.greatest();
        byte[] bytes = window.array;
        int at = window.position;
        int end = window.limit - CborChunk.HEAD;
        if (least > greatest || at > end || (bytes[at] & 0xc0) != 0) {
            return 0;
        }
        int room = (int) Math.min(most, RUN);
        if (integers.length < room) {
            integers = new long[room];
        }
        long[] taken = integers;
        int n = 0;
        while (n < room && at <= end) {
            int initial = bytes[at];
            int form = initial & 0xdf; // for both types of integers
            long argument;
            int next; // without arithmetic on the form: the processor goes on with the one it expects
            if (form < 24) {
                argument = form;
                next = at + 1;
            } else if (form == 26) {
                argument = CborWindow.argument(bytes, at + 1, 26);
                next = at + 5;
            } else if (form == 25) {
                argument = CborWindow.argument(bytes, at + 1, 25);
                next = at + 3;
            } else if (form == 24) {
                argument = CborWindow.argument(bytes, at + 1, 24);
                next = at + 2;
            } else if (form == 27) {
                argument = CborWindow.argument(bytes, at + 1, 27);
                next = at + 9;
            } else {
                break; // neither of the two, or reserved
            }
            long value = argument ^ (initial << 26 >> 31);
            if (argument < 0 || value < least || value > greatest) {
                break; // beyond the long, or the type
            }
            last = at;
            at = next;
            taken[n++] = value;
        }
        window.position = at;
        return n;
    }

    /**
     * Takes a key if it comes next.
     *
     * @param words the key in words of eight bytes, the last one filled up with zeros
     */
    boolean takeKey(byte[] key, long[] words) {
        byte[] bytes = window.array;
        int at = window.position;
        int after = at + key.length;
        if (words.length == 1 && window.limit - at >= Long.BYTES) {
            int unused = Long.SIZE - Byte.SIZE * key.length;
            if ((((long) LONG.get(bytes, at) ^ words[0]) >>> unused) != 0) {
                return false;
            }
        } else if (window.limit < after || !Arrays.equals(bytes, at, after, key, 0, key.length)) {
            return false;
        }
        last = at;
        window.position = after;
        return true;
    }

    /** Takes a number, a boolean or a text and converts it to the type. */
    @Nullable
    Object takeScalar(CborType type) {
        byte[] bytes = window.array;
        int at = window.position;
        if (window.limit - at < CborChunk.HEAD) {
            return NONE;
        }
        int major = (bytes[at] & 0xff) >>> 5;
        int info = bytes[at] & 0x1f;
        if (info > 27) {
            return NONE;
        }
        long argument = CborWindow.argument(bytes, at + 1, info);
        int next = at + 1 + CborWindow.argumentLength(info);
        Object scalar = NONE;
        try {
            if (major == CborMajor.UNSIGNED || major == CborMajor.NEGATIVE) {
                scalar = argument < 0 ? NONE : type.of(major == CborMajor.UNSIGNED ? argument : ~argument);
            } else if (major == CborMajor.SIMPLE) {
                scalar = simple(type, info, argument);
            } else if (major == CborMajor.TEXT
                    && argument >= 0
                    && argument <= Math.min(maxStringBytes, window.limit - next)) {
                scalar = type.of(strings.decode(bytes, next, (int) argument, window.offset(next)));
                next += (int) argument;
            }
        } catch (CborMismatch ex) {
            return NONE;
        }
        if (scalar != NONE) {
            last = at;
            window.position = next;
        }
        return scalar;
    }

    private static @Nullable Object simple(CborType type, int info, long argument) {
        return switch (info) {
            case 20 -> type.of(false);
            case 21 -> type.of(true);
            case 26 -> type.of((double) Float.intBitsToFloat((int) argument));
            case 27 -> type.of(Double.longBitsToDouble(argument));
            default -> NONE;
        };
    }
}
