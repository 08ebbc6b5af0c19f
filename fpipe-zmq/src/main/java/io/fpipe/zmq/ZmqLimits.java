/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;

/**
 * What a client or a server lets its peers do: immutable, each method returns a changed copy. What exceeds a limit is
 * refused with a code ({@link ZmqRemoteException}) and harms nothing else.
 */
public final class ZmqLimits {

    static final ZmqLimits DEFAULT = new ZmqLimits();

    private int maxStreamsPerPeer = 1 << 14;
    private int maxStreams = 1 << 16;
    private int maxPeers = 10_000;
    private int maxWaiting = 1 << 14;
    private long maxMessageBytes = Long.MAX_VALUE;
    private int maxPlainMessageBytes = 16 << 20;
    private Duration handshakeTimeout = Duration.ofSeconds(5);
    private Duration pingInterval = Duration.ofSeconds(5);
    private Duration pingTimeout = Duration.ofSeconds(15);

    private ZmqLimits() {}

    private ZmqLimits(ZmqLimits from) {
        maxStreamsPerPeer = from.maxStreamsPerPeer;
        maxStreams = from.maxStreams;
        maxPeers = from.maxPeers;
        maxWaiting = from.maxWaiting;
        maxMessageBytes = from.maxMessageBytes;
        maxPlainMessageBytes = from.maxPlainMessageBytes;
        handshakeTimeout = from.handshakeTimeout;
        pingInterval = from.pingInterval;
        pingTimeout = from.pingTimeout;
    }

    /**
     * Limits the calls that a server has open with one client; more are refused with
     * {@link ZmqRemoteException#TOO_MANY_STREAMS}. Default: 16384.
     *
     * @param calls the limit, at least 1
     * @return a changed copy
     */
    public ZmqLimits maxStreamsPerPeer(int calls) {
        ZmqLimits changed = new ZmqLimits(this);
        changed.maxStreamsPerPeer = (int) atLeastOne("maxStreamsPerPeer", calls);
        return changed;
    }

    /**
     * Limits the calls that a server has open with all clients; more are refused with
     * {@link ZmqRemoteException#OVERLOADED}. Default: 65536.
     *
     * @param calls the limit, at least 1
     * @return a changed copy
     */
    public ZmqLimits maxStreams(int calls) {
        ZmqLimits changed = new ZmqLimits(this);
        changed.maxStreams = (int) atLeastOne("maxStreams", calls);
        return changed;
    }

    /**
     * Limits the clients that a server deals with at a time; those beyond hear so, and try again after
     * {@link #handshakeTimeout}. Default: 10000.
     *
     * @param clients the limit, at least 1
     * @return a changed copy
     */
    public ZmqLimits maxPeers(int clients) {
        ZmqLimits changed = new ZmqLimits(this);
        changed.maxPeers = (int) atLeastOne("maxPeers", clients);
        return changed;
    }

    /**
     * Limits the calls of a client that wait for a server; more fail at once with
     * {@link io.fpipe.reactor.LimitExceededException}. Default: 16384.
     *
     * @param calls the limit, at least 1
     * @return a changed copy
     */
    public ZmqLimits maxWaiting(int calls) {
        ZmqLimits changed = new ZmqLimits(this);
        changed.maxWaiting = (int) atLeastOne("maxWaiting", calls);
        return changed;
    }

    /**
     * Limits the bytes of each message that is received: a server's requests, a client's replies. A longer one fails
     * with {@link io.fpipe.reactor.LimitExceededException} for its reader, and with
     * {@link ZmqRemoteException#TOO_LARGE} for a caller that sent it. Default: no limit, for a message need not fit into
     * memory; the window bounds what is held of it.
     *
     * @param bytes the limit, at least 1
     * @return a changed copy
     */
    public ZmqLimits maxMessageBytes(long bytes) {
        ZmqLimits changed = new ZmqLimits(this);
        changed.maxMessageBytes = atLeastOne("maxMessageBytes", bytes);
        return changed;
    }

    /**
     * Limits the bytes of each plain message, there and back, as {@link #maxMessageBytes} does if that is less: it is
     * whole in memory, at both ends ({@link ZmqClient#plain}, {@link ZmqServer#plainPeers}). All frames of its body
     * count. ZeroMQ ends the connection of a peer that sends a single frame above the limit, before it takes memory for
     * it, so a peer that waits for a reply to that hears nothing but the end of its connection. Default: 16 MiB.
     *
     * @param bytes the limit, from 1 to 2^30
     * @return a changed copy
     */
    public ZmqLimits maxPlainMessageBytes(int bytes) {
        if (bytes > 1 << 30) {
            throw new IllegalArgumentException("maxPlainMessageBytes must be at most 2^30, was " + bytes);
        }
        ZmqLimits changed = new ZmqLimits(this);
        changed.maxPlainMessageBytes = (int) atLeastOne("maxPlainMessageBytes", bytes);
        return changed;
    }

    /**
     * Sets how long a client that connects waits for the server's introduction before it tries anew with another
     * connection. Default: 5 seconds.
     *
     * @param timeout the time, at least 1 ms
     * @return a changed copy
     */
    public ZmqLimits handshakeTimeout(Duration timeout) {
        ZmqLimits changed = new ZmqLimits(this);
        changed.handshakeTimeout = check("handshakeTimeout", timeout);
        return changed;
    }

    /**
     * Sets how often each peer is sent a sign of life, and how long a peer may be silent before it is taken for lost,
     * which is noticed an interval later at the latest. Anything that arrives is a sign of life. The other side sends
     * its own at its own interval, so let the time-out be a multiple of that. Default: 5 and 15 seconds.
     *
     * @param interval the time between two pings, at least 1 ms
     * @param timeout the silence, at least the interval
     * @return a changed copy
     */
    public ZmqLimits ping(Duration interval, Duration timeout) {
        check("the ping's interval", interval);
        if (timeout.compareTo(interval) < 0) {
            throw new IllegalArgumentException(
                    "the ping's timeout must be at least its interval " + interval + ", was " + timeout);
        }
        ZmqLimits changed = new ZmqLimits(this);
        changed.pingInterval = interval;
        changed.pingTimeout = timeout;
        return changed;
    }

    private static long atLeastOne(String what, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + " must be at least 1, was " + value);
        }
        return value;
    }

    private static Duration check(String what, Duration time) {
        if (time.compareTo(Duration.ofMillis(1)) < 0 || time.compareTo(Duration.ofDays(365)) > 0) {
            throw new IllegalArgumentException(what + " must be from 1 ms to 365 days, was " + time);
        }
        return time;
    }

    int maxStreamsPerPeer() {
        return maxStreamsPerPeer;
    }

    int maxStreams() {
        return maxStreams;
    }

    int maxPeers() {
        return maxPeers;
    }

    int maxWaiting() {
        return maxWaiting;
    }

    long maxMessageBytes() {
        return maxMessageBytes;
    }

    int maxPlainMessageBytes() {
        return maxPlainMessageBytes;
    }

    Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    long pingNanos() {
        return pingInterval.toNanos();
    }

    /** After how many pings without any sign of life a peer is lost. */
    int maxSilent() {
        return (int) Math.min(1 << 30, (pingTimeout.toNanos() + pingInterval.toNanos() - 1) / pingInterval.toNanos());
    }
}
