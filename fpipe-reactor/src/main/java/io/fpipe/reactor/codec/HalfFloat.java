/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

/** IEEE 754 binary16, which Java 17 does not know (RFC 8949, section 3.3 and appendix D). */
final class HalfFloat {

    static final int NAN = 0x7e00;

    private static final int INFINITY = 0x7c00;

    private HalfFloat() {}

    static float toFloat(int half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >>> 10) & 0x1f;
        int fraction = half & 0x3ff;
        if (exponent == 0) {
            return (sign == 0 ? 0x1p-24f : -0x1p-24f) * fraction;
        }
        int wide = exponent == 0x1f ? 0xff : exponent + 112;
        return Float.intBitsToFloat(sign | (wide << 23) | (fraction << 13));
    }

    /** Returns the half, from 0 to 0xffff, that has exactly the given value, or -1 if there is none; not for NaN. */
    static int ofExactly(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int exponent = (bits >>> 23) & 0xff;
        int fraction = bits & 0x7fffff;
        if (exponent == 0xff) {
            return sign | INFINITY;
        } else if (exponent == 0) { // a subnormal float is too small for a half
            return fraction == 0 ? sign : -1;
        } else if (exponent > 112) {
            return exponent < 143 && (fraction & 0x1fff) == 0 ? sign | ((exponent - 112) << 10) | (fraction >> 13) : -1;
        } else if (exponent < 103) {
            return -1;
        }
        int significand = fraction | 0x800000; // a subnormal half counts units of 2^-24
        int shift = 126 - exponent;
        return (significand & ((1 << shift) - 1)) == 0 ? sign | (significand >> shift) : -1;
    }
}
