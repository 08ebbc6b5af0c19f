/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import reactor.util.context.ContextView;

/**
 * What a call is opened with.
 *
 * @param route the name of the handler, empty for the default one
 * @param options what the caller tells the server
 * @param reply whether the caller wants the bytes of the reply
 */
record CallHead(String route, CallOptions options, boolean reply) {

    static final CallHead PLAIN = new CallHead("", CallOptions.NONE, true);

    /** Returns when the call is to be over, by {@link System#nanoTime()}, if it begins now; 0 for no limit. */
    long deadline() {
        Duration limit = options.deadline();
        return limit == null ? 0 : in(limit.toNanos());
    }

    /** A time of {@link System#nanoTime()}, which may be negative, but not 0. */
    static long in(long nanos) {
        long time = System.nanoTime() + nanos;
        return time == 0 ? 1 : time;
    }

    int flags() {
        return reply ? 0 : Frame.NO_REPLY;
    }

    /** What goes on the wire now, with the trace context of the caller. */
    Metadata metadata(long deadline, ContextView context) {
        if (this.equals(PLAIN) && context.isEmpty()) {
            return Metadata.NONE;
        }
        Map<String, String> entries = options.metadata();
        for (String key : Metadata.TRACE) {
            if (context.getOrDefault(key, null) instanceof String value
                    && Metadata.isTrace(value)
                    && !entries.containsKey(key)) {
                Map<String, String> more = new HashMap<>(entries);
                more.put(key, value);
                entries = more;
            }
        }
        long millis = deadline == 0 ? -1 : Math.max(0, (deadline - System.nanoTime()) / 1_000_000);
        return new Metadata(route, millis, entries);
    }
}
