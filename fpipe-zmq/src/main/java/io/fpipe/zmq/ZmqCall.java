/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What a handler may know of the call that it serves, from the Reactor {@code Context} of its reply.
 *
 * <pre>{@code
 * Stage handler = bytes -> Flux.deferContextual(context -> answer(ZmqCall.from(context).metadata(), bytes));
 * }</pre>
 */
public final class ZmqCall {

    /** A longer deadline is as good as this one, and would overflow. */
    private static final long MAX_MILLIS = Duration.ofDays(1000).toMillis();

    private final String route;
    private final Map<String, String> metadata;
    private final long deadline;
    private final String peer;

    ZmqCall(Metadata metadata, String peer) {
        this.route = metadata.route();
        this.metadata = metadata.entries();
        this.deadline = metadata.deadlineMillis() < 0
                ? 0
                : CallHead.in(Math.min(metadata.deadlineMillis(), MAX_MILLIS) * 1_000_000);
        this.peer = peer;
    }

    /**
     * Finds the call in the context of a handler's reply.
     *
     * @param context the context
     * @return the call
     * @throws IllegalStateException if this is not the context of a handler's reply
     */
    public static ZmqCall from(ContextView context) {
        return context.<ZmqCall>getOrEmpty(ZmqCall.class)
                .orElseThrow(() -> new IllegalStateException("not in the reply of a handler: the context has no call"));
    }

    /** The context that the reply is subscribed to with: this call, and the caller's trace context. */
    Context context() {
        Context context = Context.of(ZmqCall.class, this);
        for (String key : Metadata.TRACE) {
            String value = metadata.get(key);
            context = value == null ? context : context.put(key, value);
        }
        return context;
    }

    /**
     * Returns the name of the route that was called.
     *
     * @return the name, empty for a call without one
     */
    public String route() {
        return route;
    }

    /**
     * Returns what the caller tells: {@link CallOptions#metadata}, and its trace context ({@code traceparent},
     * {@code tracestate}), which is in the Reactor {@code Context} under the same keys, too.
     *
     * @return the entries, unmodifiable
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Returns how long the call may still take. The handler need not look: it is cancelled then.
     *
     * @return the time that is left, not below 0; empty if the caller has set no {@link CallOptions#deadline}; for a peer
     *     that is not fpipe what is left of {@link ZmqServer#plainTimeout}
     */
    public Optional<Duration> remaining() {
        return deadline == 0
                ? Optional.empty()
                : Optional.of(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    }

    /**
     * Names the connection that the call came by: 16 hexadecimal digits that are the same for all calls of one
     * connection and differ between connections; of a peer that is not fpipe {@code plain-} and its routing id. Not a
     * proof of who calls.
     *
     * @return the name
     */
    public String peer() {
        return peer;
    }

    /** When the call is to be over, by {@link System#nanoTime()}; 0 for no limit. */
    long deadline() {
        return deadline;
    }

    @Override
    public String toString() {
        return "call of " + (route.isEmpty() ? "the default handler" : "\"" + route + "\"") + " by " + peer;
    }
}
