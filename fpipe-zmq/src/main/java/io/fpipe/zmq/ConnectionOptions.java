/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import zmq.ZMQ;

/** The options of {@link ZmqSocket} that are about its connections. */
abstract class ConnectionOptions {

    private static final int MAX_CREDENTIAL = 127;

    abstract SocketSettings settings();

    abstract ZmqSocket with(SocketSettings changed);

    ZmqSocket with(int option, Object value) {
        return with(settings().with(option, value));
    }

    /**
     * Sets the size of the kernel's send and receive buffers of each TCP connection, which the system may cap (Linux:
     * {@code net.core.wmem_max} and {@code rmem_max}), and with it how many bytes ZeroMQ moves at once. Default: 1 MiB.
     *
     * @param bytes the size, at least 8192
     * @return a changed copy
     */
    public ZmqSocket bufferBytes(int bytes) {
        int size = (int) atLeast("bufferBytes", bytes, 8192);
        return with(settings().with(ZMQ.ZMQ_RCVBUF, size).with(ZMQ.ZMQ_SNDBUF, size));
    }

    /**
     * Sets how long ZeroMQ goes on sending what it has taken when the socket is disposed. Default: 1 second.
     *
     * @param linger the time, 0 for not at all
     * @return a changed copy
     */
    public ZmqSocket linger(Duration linger) {
        return with(settings().lingerMillis(millis("linger", linger, 0)));
    }

    /**
     * Sets how long ZeroMQ waits before it tries again to connect, and adds up to as much by chance. Default: 100 ms.
     *
     * @param interval the time, at least 1 ms; 0, which in ZeroMQ is for at once, is refused: the engine would never
     *     connect again
     * @return a changed copy
     */
    public ZmqSocket reconnectInterval(Duration interval) {
        return with(settings()
                .with(ZMQ.ZMQ_RECONNECT_IVL, millis("reconnectInterval", interval, 1))
                .with(ZMQ.ZMQ_RECONNECT_IVL_MAX, 0));
    }

    /**
     * Sets how long ZeroMQ waits before it tries again to connect: twice as long after each try, up to a limit.
     *
     * @param first the time before the first try, at least 1 ms
     * @param longest the limit, at least the first time
     * @return a changed copy
     */
    public ZmqSocket reconnectInterval(Duration first, Duration longest) {
        int from = millis("reconnectInterval", first, 1);
        return with(settings()
                .with(ZMQ.ZMQ_RECONNECT_IVL, from)
                .with(ZMQ.ZMQ_RECONNECT_IVL_MAX, millis("the limit of reconnectInterval", longest, from)));
    }

    /**
     * Sets how long a new connection may take to exchange greetings before it is closed. Default: 2 seconds.
     *
     * @param timeout the time, at least 1 ms
     * @return a changed copy
     */
    public ZmqSocket handshakeTimeout(Duration timeout) {
        return with(ZMQ.ZMQ_HANDSHAKE_IVL, millis("handshakeTimeout", timeout, 1));
    }

    /**
     * Sets whether the kernel finds out that a silent peer is gone. Default: yes, with {@link #tcpKeepAlive(Duration,
     * Duration, int) 60 s, 10 s and 6 probes}: after two minutes.
     *
     * @param probes whether it does
     * @return a changed copy
     */
    public ZmqSocket tcpKeepAlive(boolean probes) {
        return with(ZMQ.ZMQ_TCP_KEEPALIVE, probes ? 1 : 0);
    }

    /**
     * Has the kernel find out that a silent peer is gone.
     *
     * @param idle the silence before the first probe, in whole seconds, at least 1
     * @param interval the time between two probes, in whole seconds, at least 1
     * @param probes how many probes without an answer end the connection, at least 1
     * @return a changed copy
     */
    public ZmqSocket tcpKeepAlive(Duration idle, Duration interval, int probes) {
        return with(settings()
                .with(ZMQ.ZMQ_TCP_KEEPALIVE, 1)
                .with(ZMQ.ZMQ_TCP_KEEPALIVE_IDLE, millis("idle", idle, 1000) / 1000)
                .with(ZMQ.ZMQ_TCP_KEEPALIVE_INTVL, millis("interval", interval, 1000) / 1000)
                .with(ZMQ.ZMQ_TCP_KEEPALIVE_CNT, (int) atLeast("probes", probes, 1)));
    }

    /**
     * Refused: ZeroMQ's heartbeats are not read while a receiver has no demand, so they would cut the connection and lose
     * what is under way. {@link #tcpKeepAlive(boolean)} does not depend on demand.
     *
     * @param interval the time between two heartbeats
     * @return never
     * @throws UnsupportedOperationException always
     */
    public ZmqSocket heartbeat(Duration interval) {
        throw new UnsupportedOperationException(
                "heartbeats are refused: while a receiver has no demand, the engine does"
                        + " not read them, cuts the connection and loses messages; use tcpKeepAlive");
    }

    /**
     * Logs in at a peer that asks for it, with ZeroMQ's PLAIN mechanism: the password is sent in clear. Default: no login.
     *
     * @param user the name, 1 to 127 ASCII characters
     * @param password the password, at most 127 ASCII characters
     * @return a changed copy
     */
    public ZmqSocket plain(String user, String password) {
        if (settings().admission() != null) {
            throw new IllegalStateException("a socket logs in or asks for logins, not both");
        }
        checkLogin(user, password);
        return with(settings().with(ZMQ.ZMQ_PLAIN_USERNAME, user).with(ZMQ.ZMQ_PLAIN_PASSWORD, password));
    }

    /**
     * Has each peer log in with ZeroMQ's PLAIN mechanism. A peer that does not, or is refused, sends and gets nothing.
     * Default: no login.
     *
     * @param accepts tells who may; on the loop thread, so it must not block; what it throws refuses
     * @return a changed copy
     */
    public ZmqSocket plainServer(Predicate<? super ZmqCredentials> accepts) {
        Objects.requireNonNull(accepts, "accepts");
        if (settings().has(ZMQ.ZMQ_PLAIN_USERNAME)) {
            throw new IllegalStateException("a socket logs in or asks for logins, not both");
        }
        return with(settings().with(ZMQ.ZMQ_PLAIN_SERVER, true).admission(Admission.plain(accepts)));
    }

    /**
     * Refused: the engine corrupts messages under CURVE when a receiver without demand stops its connection. An exchange
     * never does, so {@link ZmqClient#curve(String)} has it; put other connections into TLS, SSH or WireGuard.
     *
     * @return never
     * @throws UnsupportedOperationException always
     */
    public ZmqSocket curve() {
        throw new UnsupportedOperationException("CURVE is refused: when a receiver has no demand, the engine delivers"
                + " encrypted bytes as messages; use ZmqClient and ZmqServer, or a tunnel of TLS, SSH or WireGuard");
    }

    /** Refuses what the engine would send wrong. */
    static void checkLogin(String user, String password) {
        if (user.isEmpty()) {
            throw new IllegalArgumentException("user must not be empty");
        }
        checkCredential("user", user);
        checkCredential("password", password);
    }

    private static void checkCredential(String what, String text) {
        if (text.length() > MAX_CREDENTIAL || !text.chars().allMatch(c -> c > 0 && c < 128)) {
            throw new IllegalArgumentException(what + " must have at most 127 ASCII characters, has " + text.length());
        }
    }

    static long atLeast(String option, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(option + " must be at least " + least + ", was " + value);
        }
        return value;
    }

    private static int millis(String option, @Nullable Duration time, int least) {
        Objects.requireNonNull(time, option);
        if (time.compareTo(Duration.ofMillis(least)) < 0 || time.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException(
                    option + " must be between " + Duration.ofMillis(least) + " and 24 days, was " + time);
        }
        return (int) time.toMillis();
    }
}
