/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a call tells the server beside its bytes: immutable, each method returns a changed copy. */
public final class CallOptions {

    static final CallOptions NONE = new CallOptions(Map.of(), null);

    private static final Duration LONGEST = Duration.ofDays(365);

    private final Map<String, String> metadata;
    private final @Nullable Duration deadline;

    private CallOptions(Map<String, String> metadata, @Nullable Duration deadline) {
        this.metadata = metadata;
        this.deadline = deadline;
    }

    /**
     * Limits the whole call: the server cancels its handler and the client fails with
     * {@link java.util.concurrent.TimeoutException} when the time has passed, counted from the subscription. What is
     * left of it travels with the call, in milliseconds, so that clocks need not agree. Default: none; then
     * {@link ZmqClient#requestTimeout} and {@link ZmqClient#idleTimeout} apply alone.
     *
     * @param deadline the time that the call may take, from 1 ms to 365 days
     * @return a changed copy
     */
    public CallOptions deadline(Duration deadline) {
        if (deadline.compareTo(Duration.ofMillis(1)) < 0 || deadline.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("deadline must be from 1 ms to 365 days, was " + deadline);
        }
        return new CallOptions(metadata, deadline);
    }

    /**
     * Adds an entry for the handler, which finds it in {@link ZmqCall#metadata()}; replaces one of the same key. All
     * entries together, with the route, take at most {@value Metadata#MAX_OWN} bytes, 4 more for each of them. Default:
     * none.
     *
     * @param key the key, from 1 to 255 bytes of UTF-8
     * @param value the value
     * @return a changed copy
     */
    public CallOptions metadata(String key, String value) {
        Metadata.checkName("key", key);
        Objects.requireNonNull(value, "value");
        Map<String, String> changed = new LinkedHashMap<>(metadata);
        changed.put(key, value);
        int bytes = 0;
        for (Map.Entry<String, String> entry : changed.entrySet()) {
            bytes += 4 + utf8Length(entry.getKey()) + utf8Length(entry.getValue());
        }
        if (bytes > Metadata.MAX_OWN - 4 - Metadata.MAX_NAME) {
            throw new IllegalArgumentException("the metadata takes " + bytes + " bytes with the entry \"" + key
                    + "\", beside a route it may take " + (Metadata.MAX_OWN - 4 - Metadata.MAX_NAME));
        }
        return new CallOptions(Map.copyOf(changed), deadline);
    }

    private static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    Map<String, String> metadata() {
        return metadata;
    }

    @Nullable
    Duration deadline() {
        return deadline;
    }

    @Override
    public String toString() {
        return "deadline " + deadline + ", metadata " + metadata.keySet();
    }
}
