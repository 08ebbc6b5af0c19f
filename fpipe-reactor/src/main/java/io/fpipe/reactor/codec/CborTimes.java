/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import io.fpipe.reactor.CorruptStreamException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times and dates: tags 0 and 1 (RFC 8949, sections 3.4.1 and 3.4.2), 100 and 1004 (RFC 8943). */
final class CborTimes {

    /** RFC 3339, section 5.6; groups: seconds, fraction. */
    private static final Pattern DATE_TIME =
            Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:(\\d\\d)(?:\\.(\\d+))?(?:Z|[+-]\\d\\d:\\d\\d)");

    private static final Pattern DATE = Pattern.compile("\\d{4}-\\d\\d-\\d\\d");

    /** Nanoseconds of 2^-9 seconds: the fractions that have a finite binary form as well are multiples of it. */
    private static final int BINARY_NANOS = 1_953_125;

    /** Seconds that a double can hold together with such a fraction. */
    private static final long BINARY_SECONDS = 1L << 43;

    private static final int LAST_YEAR = 9999;

    private CborTimes() {}

    static Instant instant(String text, long at) {
        String upper = text.toUpperCase(Locale.ROOT); // t and z may be small
        Matcher matcher = DATE_TIME.matcher(upper);
        if (!matcher.matches()) {
            throw noTime(text, "that is not the form of RFC 3339", at);
        } else if ("60".equals(matcher.group(1))) {
            throw noTime(text, "a leap second has no place in an Instant", at);
        } else if (matcher.group(2) != null && matcher.group(2).length() > 9) {
            throw noTime(text, "more than nine decimals of a second", at);
        }
        try {
            return OffsetDateTime.parse(upper).toInstant();
        } catch (DateTimeException ex) {
            throw noTime(text, "no such time", at);
        }
    }

    static Instant instant(Number seconds, long at) {
        try {
            if (seconds instanceof Double number) {
                BigDecimal exact = new BigDecimal(number); // NumberFormatException for NaN and infinity
                if (exact.abs().compareTo(BigDecimal.valueOf(Instant.MAX.getEpochSecond())) > 0) {
                    throw noTime(number.toString(), "beyond the range of Instant", at);
                }
                BigInteger nanos = exact.movePointRight(9)
                        .setScale(0, RoundingMode.HALF_EVEN)
                        .unscaledValue();
                BigInteger[] parts = nanos.divideAndRemainder(BigInteger.TEN.pow(9));
                return Instant.ofEpochSecond(parts[0].longValue(), parts[1].longValue());
            } else if (!(seconds instanceof BigInteger)) {
                return Instant.ofEpochSecond(seconds.longValue());
            }
        } catch (NumberFormatException ex) {
            throw noTime(seconds.toString(), "not a finite number", at);
        } catch (DateTimeException ex) {
            throw noTime(seconds.toString(), "beyond the range of Instant", at);
        }
        throw noTime(seconds.toString(), "beyond the range of Instant", at);
    }

    static LocalDate date(String text, long at) {
        try {
            if (DATE.matcher(text).matches()) {
                return LocalDate.parse(text);
            }
        } catch (DateTimeException ex) {
            throw noTime(text, "no such date", at);
        }
        throw noTime(text, "that is not the form of RFC 3339", at);
    }

    static LocalDate date(Number days, long at) {
        try {
            if (!(days instanceof BigInteger)) {
                return LocalDate.ofEpochDay(days.longValue());
            }
        } catch (DateTimeException ex) {
            throw noTime(days.toString(), "beyond the range of LocalDate", at);
        }
        throw noTime(days.toString(), "beyond the range of LocalDate", at);
    }

    /** Seconds as an integer, or as a float if that is exact; else the text. */
    static CborTag tagged(Instant time) {
        long seconds = time.getEpochSecond();
        int nanos = time.getNano();
        if (nanos == 0) {
            return new CborTag(CborTagged.EPOCH_TIME, seconds);
        } else if (nanos % BINARY_NANOS == 0 && Math.abs(seconds) < BINARY_SECONDS) {
            return new CborTag(CborTagged.EPOCH_TIME, seconds + nanos / 1e9);
        }
        return tagged(time.atOffset(ZoneOffset.UTC));
    }

    static CborTag tagged(OffsetDateTime time) {
        ZoneOffset offset = time.getOffset();
        OffsetDateTime written = offset.getTotalSeconds() % 60 == 0 ? time : time.withOffsetSameInstant(ZoneOffset.UTC);
        if (written.getYear() < 0 || written.getYear() > LAST_YEAR) {
            throw new IllegalArgumentException(
                    "the year of " + written + " is not between 0 and 9999, as RFC 3339 demands");
        }
        return new CborTag(CborTagged.DATE_TIME, DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(written));
    }

    private static CorruptStreamException noTime(String value, String reason, long at) {
        String shown = value.length() > 40 ? value.substring(0, 40) + "..." : value;
        return new CorruptStreamException(
                "the time \"" + shown + "\" after the CBOR tag at byte " + at + ": " + reason);
    }
}
