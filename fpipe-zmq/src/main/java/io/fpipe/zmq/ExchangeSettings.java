/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.LimitExceededException;
import java.time.Duration;
import zmq.ZMQ;

/**
 * What client and server of an exchange agree on or keep to themselves.
 *
 * @param window the most bytes that may be under way to this side in each stream, at the cost of {@link #cost}
 * @param bufferBytes the size of the kernel's buffers of a connection, and what ZeroMQ moves at once
 * @param requestTimeout how long a caller waits for the first byte of a reply without progress of its request
 * @param idleTimeout how long a call may be silent after the first byte of its reply
 * @param limits what peers may do
 * @param security how both prove who they are
 * @param plain how peers are dealt with that are not fpipe
 */
record ExchangeSettings(
        int window,
        int bufferBytes,
        Duration requestTimeout,
        Duration idleTimeout,
        ZmqLimits limits,
        Security security,
        PlainSettings plain) {

    /** The largest payload of a data frame that this side sends and accepts. */
    static final int MAX_PAYLOAD = 1 << 16;

    /** Room for a header and the metadata of a stream beside the payload. */
    static final int MAX_FRAME = MAX_PAYLOAD + (1 << 16);

    static final int MIN_COST = 256;
    static final int MIN_WINDOW = 1 << 12;
    static final int LINGER_MILLIS = 1000;

    static final int MIN_BUFFER = 1 << 13;

    /** What CURVE adds to a message, and some. */
    private static final int CURVE_BYTES = 64;

    /** As good as none, and still a number of nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(10_000);

    static final ExchangeSettings DEFAULT = new ExchangeSettings(
            4 << 20,
            1 << 17,
            Duration.ofSeconds(30),
            Duration.ofMinutes(1),
            ZmqLimits.DEFAULT,
            Security.NONE,
            PlainSettings.DEFAULT);

    /** What a data payload costs of the receiver's window: small ones cost more than their length, as they do memory. */
    static int cost(int length) {
        return length == 0 ? 0 : Math.max(length, MIN_COST);
    }

    /** The credit that each stream to this side begins with. */
    int firstCredit(WindowBudget budget) {
        return Math.min(window, budget.firstCredit());
    }

    ExchangeSettings withWindow(int bytes) {
        if (bytes < MIN_WINDOW) {
            throw new IllegalArgumentException("window must be at least " + MIN_WINDOW + " bytes, was " + bytes);
        }
        refuseIfPlain("window");
        return new ExchangeSettings(bytes, bufferBytes, requestTimeout, idleTimeout, limits, security, plain);
    }

    ExchangeSettings withBufferBytes(int bytes) {
        if (bytes < MIN_BUFFER) {
            throw new IllegalArgumentException("bufferBytes must be at least " + MIN_BUFFER + ", was " + bytes);
        }
        return new ExchangeSettings(window, bytes, requestTimeout, idleTimeout, limits, security, plain);
    }

    ExchangeSettings withRequestTimeout(Duration timeout) {
        return new ExchangeSettings(
                window, bufferBytes, check("requestTimeout", timeout), idleTimeout, limits, security, plain);
    }

    ExchangeSettings withIdleTimeout(Duration timeout) {
        refuseIfPlain("idleTimeout");
        return new ExchangeSettings(
                window, bufferBytes, requestTimeout, check("idleTimeout", timeout), limits, security, plain);
    }

    ExchangeSettings withLimits(ZmqLimits changed) {
        return new ExchangeSettings(window, bufferBytes, requestTimeout, idleTimeout, changed, security, plain);
    }

    ExchangeSettings withSecurity(Security changed) {
        return new ExchangeSettings(
                window, bufferBytes, requestTimeout, idleTimeout, limits, security.replacedBy(changed), plain);
    }

    ExchangeSettings withPlain(PlainSettings changed) {
        if (changed.calls() && window != DEFAULT.window) {
            throw new IllegalStateException(meaningless("window"));
        }
        if (changed.calls() && !idleTimeout.equals(DEFAULT.idleTimeout)) {
            throw new IllegalStateException(meaningless("idleTimeout"));
        }
        return new ExchangeSettings(window, bufferBytes, requestTimeout, idleTimeout, limits, security, changed);
    }

    private void refuseIfPlain(String option) {
        if (plain.calls()) {
            throw new IllegalStateException(meaningless(option));
        }
    }

    private static String meaningless(String option) {
        return option + " has no meaning with plain(): a plain message is one ZeroMQ message, whole";
    }

    /** Whether a server serves peers that are not fpipe: not with CURVE, for they have no credit. */
    boolean servesPlain() {
        return plain.accepted() && !security.isCurve();
    }

    /** The most bytes of a plain message. */
    int plainBytes() {
        return (int) Math.min(limits.maxMessageBytes(), limits.maxPlainMessageBytes());
    }

    /** A plain message that is longer than {@link #plainBytes}. */
    LimitExceededException plainTooLarge(long atLeast) {
        boolean own = limits.maxPlainMessageBytes() <= limits.maxMessageBytes();
        return new LimitExceededException(
                own ? "maxPlainMessageBytes" : "maxMessageBytes",
                plainBytes(),
                "the plain message has at least " + atLeast + " bytes");
    }

    static Duration check(String what, Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException(what + " must be more than 0, was " + timeout);
        }
        return timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
    }

    /** Exchange sockets have no high-water marks and are always read: the windows bound the memory. */
    SocketSettings socket(SocketType type) {
        int largest = plain.calls() || (servesPlain() && type == SocketType.ROUTER) ? plainBytes() : 0;
        return security.options()
                .apply(SocketSettings.of(type)
                        .with(ZMQ.ZMQ_SNDBUF, bufferBytes)
                        .with(ZMQ.ZMQ_RCVBUF, bufferBytes)
                        .with(ZMQ.ZMQ_SNDHWM, 0)
                        .with(ZMQ.ZMQ_RCVHWM, 0) // also what makes CURVE safe: JeroMQ corrupts what a mark stops
                        .maxMessageBytes(Math.max(MAX_FRAME, largest) + (security.isCurve() ? CURVE_BYTES : 0))
                        .farewell());
    }
}
