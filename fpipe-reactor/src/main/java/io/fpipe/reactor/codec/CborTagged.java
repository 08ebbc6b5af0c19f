/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The tags that stand for types of Java, both ways. */
final class CborTagged {

    static final int DATE_TIME = 0;
    static final int EPOCH_TIME = 1;
    static final int BIGNUM = 2;
    static final int NEGATIVE = 3;
    static final int DECIMAL = 4;
    static final int BIGFLOAT = 5;
    static final int URI_TEXT = 32;
    static final int UUID_BYTES = 37;
    static final int EPOCH_DATE = 100; // RFC 8943
    static final int DATE = 1004; // RFC 8943

    private static final int UUID_LENGTH = 16;

    private CborTagged() {}

    /** Tells whether a tag stands for a type of Java. */
    static boolean isKnown(long tag) {
        return isScalar(tag) || CborTypedArray.isKnown(tag);
    }

    /** Tells whether a tag makes a value that can be the key of a map. */
    static boolean isScalar(long tag) {
        return (tag >= 0 && tag <= BIGFLOAT)
                || tag == URI_TEXT
                || tag == UUID_BYTES
                || tag == EPOCH_DATE
                || tag == DATE;
    }

    /** Tells whether an item may be the content of a tag. */
    static boolean allows(long tag, int major, int info) {
        if (!isKnown(tag)) {
            return true;
        }
        return switch ((int) tag) {
            case DATE_TIME, URI_TEXT, DATE -> major == CborMajor.TEXT;
            case EPOCH_TIME -> major <= CborMajor.NEGATIVE || (major == CborMajor.SIMPLE && info >= 25 && info <= 27);
            case EPOCH_DATE -> major <= CborMajor.NEGATIVE;
            case DECIMAL, BIGFLOAT -> major == CborMajor.ARRAY;
            default -> major == CborMajor.BYTES;
        };
    }

    /** Says what the content of a known tag has to be. */
    static String content(long tag) {
        return switch ((int) tag) {
            case DATE_TIME, URI_TEXT, DATE -> "a text string";
            case EPOCH_TIME -> "an integer or a float";
            case EPOCH_DATE -> "an integer";
            case DECIMAL, BIGFLOAT -> "an array";
            default -> "a byte string";
        };
    }

    /** Returns what a content that is allowed means with its tag, which begins at the given place. */
    static Object read(long tag, @Nullable Object content, CborLimits limits, long at) {
        if (!isKnown(tag)) {
            return new CborTag(tag, content);
        }
        Object value = requireNonNull(content); // none of the known tags allows null
        return switch ((int) tag) {
            case DATE_TIME -> CborTimes.instant((String) value, at);
            case EPOCH_TIME -> CborTimes.instant((Number) value, at);
            case BIGNUM -> narrow(new BigInteger(1, (byte[]) value));
            case NEGATIVE -> narrow(new BigInteger(1, (byte[]) value).not());
            case DECIMAL, BIGFLOAT -> decimal((int) tag, (List<?>) value, limits, at);
            case URI_TEXT -> uri((String) value, at);
            case UUID_BYTES -> uuid((byte[]) value, at);
            case EPOCH_DATE -> CborTimes.date((Number) value, at);
            case DATE -> CborTimes.date((String) value, at);
            default -> CborTypedArray.read((int) tag, (byte[]) value, limits, at);
        };
    }

    /** Returns a value that has a tag, or a plain value, for one that CBOR has no other form for; null if none. */
    static @Nullable Object write(Object value) {
        if (value instanceof Instant instant) {
            return CborTimes.tagged(instant);
        } else if (value instanceof UUID uuid) {
            byte[] bytes = new byte[UUID_LENGTH];
            ByteBuffer.wrap(bytes).putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
            return new CborTag(UUID_BYTES, bytes);
        } else if (value instanceof BigDecimal decimal) {
            return new CborTag(DECIMAL, List.of(-(long) decimal.scale(), decimal.unscaledValue()));
        } else if (value instanceof LocalDate date) {
            return new CborTag(EPOCH_DATE, date.toEpochDay());
        } else if (value instanceof OffsetDateTime time) {
            return CborTimes.tagged(time);
        } else if (value instanceof ZonedDateTime time) {
            return CborTimes.tagged(time.toOffsetDateTime());
        } else if (value instanceof URI uri) {
            return new CborTag(URI_TEXT, uri.toASCIIString());
        } else if (value instanceof Enum<?> constant) {
            return CborEnum.nameOf(constant);
        } else if (value instanceof Character character) {
            return character.toString();
        } else if (value instanceof char[] characters) {
            return new String(characters);
        }
        return null;
    }

    /** Returns an integer beyond 64 bits as the byte string of its magnitude: the value, or -1 less the value. */
    static CborTag bignum(BigInteger magnitude, boolean negative) {
        byte[] bytes = magnitude.toByteArray();
        int zero = bytes[0] == 0 ? 1 : 0; // the sign
        return new CborTag(negative ? NEGATIVE : BIGNUM, ByteBuffer.wrap(bytes, zero, bytes.length - zero));
    }

    /** Returns the integer that the 64 bits mean without a sign. */
    static BigInteger unsigned(long bits) {
        BigInteger low = BigInteger.valueOf(bits & Long.MAX_VALUE);
        return bits < 0 ? low.setBit(Long.SIZE - 1) : low;
    }

    private static Object narrow(BigInteger integer) {
        if (integer.bitLength() < Integer.SIZE) {
            return integer.intValue();
        } else if (integer.bitLength() < Long.SIZE) {
            return integer.longValue();
        }
        return integer;
    }

    private static BigDecimal decimal(int tag, List<?> parts, CborLimits limits, long at) {
        BigInteger mantissa = parts.size() == 2 ? integer(parts.get(1)) : null;
        BigInteger exponent = parts.size() == 2 ? integer(parts.get(0)) : null;
        if (mantissa == null || exponent == null) {
            throw new CorruptStreamException("CBOR tag " + tag + " at byte " + at
                    + " is not followed by an array of two integers, exponent and mantissa");
        } else if (exponent.bitLength() >= Integer.SIZE || Math.abs(exponent.intValue()) > limits.maxExponent) {
            throw new LimitExceededException(
                    "maxExponent",
                    limits.maxExponent,
                    "an exponent of " + exponent + " after the CBOR tag at byte " + at);
        }
        int e = exponent.intValue();
        if (tag == DECIMAL) {
            return new BigDecimal(mantissa, -e);
        } else if (e >= 0) {
            return new BigDecimal(mantissa.shiftLeft(e));
        }
        return new BigDecimal(mantissa.multiply(BigInteger.valueOf(5).pow(-e)), -e); // 2^-n is 5^n * 10^-n
    }

    private static @Nullable BigInteger integer(@Nullable Object number) {
        if (number instanceof BigInteger integer) {
            return integer;
        }
        return number instanceof Integer || number instanceof Long
                ? BigInteger.valueOf(((Number) number).longValue())
                : null;
    }

    private static URI uri(String text, long at) {
        try {
            return new URI(text);
        } catch (URISyntaxException ex) {
            throw new CorruptStreamException("CBOR tag 32 at byte " + at + ": no URI: " + ex.getReason(), ex);
        }
    }

    private static UUID uuid(byte[] bytes, long at) {
        if (bytes.length != UUID_LENGTH) {
            throw new CorruptStreamException(
                    "CBOR tag 37 at byte " + at + ": a UUID has 16 bytes, not " + bytes.length);
        }
        ByteBuffer halves = ByteBuffer.wrap(bytes);
        return new UUID(halves.getLong(), halves.getLong());
    }
}
