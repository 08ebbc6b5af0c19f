/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/**
 * What an OPEN says about its call, ahead of the bytes: fields of a tag (1 byte), a length (2 bytes) and a value. A
 * receiver skips a field with a tag that it does not know.
 *
 * @param route the name of the handler, empty for the default one
 * @param deadlineMillis how long the call may still take, negative for no limit
 * @param entries what the caller and its tracing tell the handler
 */
record Metadata(String route, long deadlineMillis, Map<String, String> entries) {

    /** The W3C trace context: keys of the caller's {@code Context}, of the metadata, and of the handler's. */
    static final String[] TRACE = {"traceparent", "tracestate"};

    static final Metadata NONE = new Metadata("", -1, Map.of());

    /** The most bytes that all fields may take. */
    static final int MAX_BYTES = 1 << 14;

    /** How many of them are for what the caller has set; the rest is for the deadline and the trace context. */
    static final int MAX_OWN = MAX_BYTES - 1200;

    /** The longest name of a route and the longest key, in bytes. */
    static final int MAX_NAME = 255;

    private static final int ROUTE = 1;
    private static final int DEADLINE = 2;
    private static final int ENTRY = 3;
    private static final int MAX_TRACE = 512;

    /** Returns a route's name or an entry's key if it is one. */
    static String checkName(String what, String name) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > MAX_NAME) {
            throw new IllegalArgumentException(
                    "a " + what + " takes from 1 to " + MAX_NAME + " bytes of UTF-8, got " + length);
        }
        return name;
    }

    /** Whether a value of the trace context has a length that the standard allows; others do not travel. */
    static boolean isTrace(String value) {
        return !value.isEmpty() && value.getBytes(StandardCharsets.UTF_8).length <= MAX_TRACE;
    }

    ByteBuffer encode() {
        int most = 3 * route.length() + 14; // 3 bytes a char, and the heads
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            most += 3 * (entry.getKey().length() + entry.getValue().length()) + 4;
        }
        ByteBuffer out = ByteBuffer.allocate(most);
        if (!route.isEmpty()) {
            put(out, ROUTE, route.getBytes(StandardCharsets.UTF_8));
        }
        if (deadlineMillis >= 0) {
            out.put((byte) DEADLINE).putShort((short) 8).putLong(deadlineMillis);
        }
        entries.forEach((key, value) -> {
            byte[] k = key.getBytes(StandardCharsets.UTF_8);
            byte[] v = value.getBytes(StandardCharsets.UTF_8);
            out.put((byte) ENTRY).putShort((short) (1 + k.length + v.length));
            out.put((byte) k.length).put(k).put(v);
        });
        return out.flip();
    }

    private static void put(ByteBuffer out, int tag, byte[] value) {
        out.put((byte) tag).putShort((short) value.length).put(value);
    }

    /**
     * Reads the fields.
     *
     * @throws IllegalArgumentException with what is wrong and where
     */
    static Metadata decode(ByteBuffer bytes) {
        if (!bytes.hasRemaining()) {
            return NONE;
        }
        if (bytes.remaining() > MAX_BYTES) {
            throw new IllegalArgumentException("metadata of " + bytes.remaining() + " bytes, at most " + MAX_BYTES);
        }
        ByteBuffer in = bytes.slice();
        String route = "";
        long deadline = -1;
        Map<String, String> entries = new HashMap<>();
        while (in.hasRemaining()) {
            int at = in.position();
            int tag = in.get();
            ByteBuffer value = value(in, at);
            if (tag == ROUTE) {
                check(route.isEmpty() && value.hasRemaining() && value.remaining() <= MAX_NAME, "no route", at);
                route = text(value, at);
            } else if (tag == DEADLINE) {
                check(deadline < 0 && value.remaining() == 8, "no deadline", at);
                deadline = value.getLong();
                check(deadline >= 0, "no deadline", at);
            } else if (tag == ENTRY) {
                ByteBuffer key = key(value, at);
                check(entries.put(text(key, at), text(value, at)) == null, "a key that comes twice", at);
            }
        }
        // not a copy: who chooses the keys could make each look into one of the JDK's as long as the map
        return new Metadata(route, deadline, Collections.unmodifiableMap(entries));
    }

    private static ByteBuffer value(ByteBuffer in, int at) {
        check(in.remaining() >= 2, "no length", at);
        return take(in, Short.toUnsignedInt(in.getShort()), at);
    }

    private static ByteBuffer key(ByteBuffer entry, int at) {
        check(entry.hasRemaining(), "no key", at);
        int length = Byte.toUnsignedInt(entry.get());
        check(length > 0, "no key", at);
        return take(entry, length, at);
    }

    private static ByteBuffer take(ByteBuffer in, int length, int at) {
        check(length <= in.remaining(), length + " bytes announced, " + in.remaining() + " left", at);
        ByteBuffer taken = in.slice(in.position(), length);
        in.position(in.position() + length);
        return taken;
    }

    private static String text(ByteBuffer bytes, int at) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException ex) {
            throw new IllegalArgumentException("metadata has text that is not UTF-8 in the field at offset " + at, ex);
        }
    }

    private static void check(boolean fine, String what, int at) {
        if (!fine) {
            throw new IllegalArgumentException("metadata has " + what + " in the field at offset " + at);
        }
    }
}
