/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import zmq.ZMQ;

/** The options of {@link ZmqSocket}. */
abstract class SocketOptions {

    private static final int MAX_CREDENTIAL = 127;
    private static final int MAX_ROUTING_ID = 255;

    abstract SocketSettings settings();

    abstract ZmqSocket with(SocketSettings changed);

    private ZmqSocket with(int option, Object value) {
        return with(settings().with(option, value));
    }

    /**
     * Sets how many messages ZeroMQ queues for each peer, in each direction. Default: {@value
     * SocketSettings#HIGH_WATER_MARK}. The memory bound is this number times the size of a message, for each peer.
     *
     * @param messages the number, at least 1
     * @return a changed copy
     */
    public ZmqSocket highWaterMark(int messages) {
        return sendHighWaterMark(messages).receiveHighWaterMark(messages);
    }

    /**
     * Sets how many messages ZeroMQ queues to be sent, for each peer. Default: {@value SocketSettings#HIGH_WATER_MARK}.
     *
     * @param messages the number, at least 1
     * @return a changed copy
     */
    public ZmqSocket sendHighWaterMark(int messages) {
        int mark = (int) atLeast("highWaterMark", messages, 1);
        // a SUB sends its subscriptions only, and above the mark they would be dropped
        return settings().type() == SocketType.SUB ? with(settings()) : with(ZMQ.ZMQ_SNDHWM, mark);
    }

    /**
     * Sets how many received messages ZeroMQ queues, for each peer. Default: {@value SocketSettings#HIGH_WATER_MARK}.
     *
     * @param messages the number, at least 1
     * @return a changed copy
     */
    public ZmqSocket receiveHighWaterMark(int messages) {
        return with(ZMQ.ZMQ_RCVHWM, (int) atLeast("highWaterMark", messages, 1));
    }

    /**
     * Sets {@link #highWaterMark} by bytes: as many messages as fit into a budget, which is kept if no message is longer
     * than said here. ZeroMQ counts messages and not bytes.
     *
     * @param budget the bytes that may be queued for each peer, in each direction; at least one message
     * @param messageBytes the bytes of a message, at least 1
     * @return a changed copy
     */
    public ZmqSocket highWaterMarkBytes(long budget, int messageBytes) {
        atLeast("messageBytes", messageBytes, 1);
        return highWaterMark((int) Math.min(Integer.MAX_VALUE, atLeast("budget", budget, messageBytes) / messageBytes));
    }

    /**
     * Limits the size of a frame. A peer that sends a larger one is disconnected, and a larger one is not sent
     * ({@link ZmqUndeliverableException}). Default: 64 MiB.
     *
     * @param bytes the limit, at least 1
     * @return a changed copy
     */
    public ZmqSocket maxMessageBytes(long bytes) {
        return with(settings().maxMessageBytes(atLeast("maxMessageBytes", bytes, 1)));
    }

    /**
     * Sets the size of the kernel's send and receive buffers of each TCP connection, and with it how many bytes ZeroMQ
     * moves at once. Default: 1 MiB.
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
     * Sets whether messages are queued only for peers that are connected. Default: no: they are queued for an address
     * that is connected to although nobody is there yet, and kept while a connection is lost. With yes, such a peer gets
     * none, and what was queued for a peer is lost with its connection.
     *
     * @param only whether peers have to be connected
     * @return a changed copy
     */
    public ZmqSocket queueOnlyToConnectedPeers(boolean only) {
        return with(ZMQ.ZMQ_IMMEDIATE, !only); // it means the opposite in JeroMQ
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
     * Sets the routing id by which a ROUTER at the other end knows this DEALER, REQ, ROUTER or REP. Default: the ROUTER
     * makes one up for each connection. No two peers of a ROUTER may have the same: it ignores the second.
     *
     * @param id 1 to 255 bytes, of which the first is not 0
     * @return a changed copy
     */
    public ZmqSocket routingId(ByteBuffer id) {
        require("routingId", SocketType.DEALER, SocketType.REQ, SocketType.ROUTER, SocketType.REP);
        byte[] bytes = copy(id);
        if (bytes.length < 1 || bytes.length > MAX_ROUTING_ID) {
            throw new IllegalArgumentException("routingId must have 1 to 255 bytes, has " + bytes.length);
        }
        if (bytes[0] == 0) {
            throw new IllegalArgumentException("routingId must not begin with 0, which is for those made up");
        }
        return with(ZMQ.ZMQ_IDENTITY, bytes);
    }

    /**
     * Sets whether a DEALER, REQ or ROUTER sends an empty message to each peer when it is connected, so that a ROUTER
     * there learns of it. Default: no.
     *
     * @param probe whether it does
     * @return a changed copy
     */
    public ZmqSocket probe(boolean probe) {
        require("probe", SocketType.DEALER, SocketType.REQ, SocketType.ROUTER);
        return with(ZMQ.ZMQ_PROBE_ROUTER, probe);
    }

    /**
     * Has a DEALER or ROUTER send a message to each peer whenever it is connected, before all others: a worker announces
     * itself again when it comes back. Default: none.
     *
     * @param message the message, of one frame, not empty
     * @return a changed copy
     */
    public ZmqSocket helloMessage(ByteBuffer message) {
        require("helloMessage", SocketType.DEALER, SocketType.ROUTER);
        if (!message.hasRemaining()) {
            throw new IllegalArgumentException("helloMessage must not be empty");
        }
        return with(ZMQ.ZMQ_HELLO_MSG, copy(message));
    }

    /**
     * Sets what becomes of a message for a peer that has no room. With yes, a ROUTER keeps it for that peer, and a PUB or
     * XPUB waits until each subscriber has room: the slowest one sets the pace. With no, a ROUTER fails with {@link
     * ZmqUndeliverableException}, and a PUB or XPUB drops it for that subscriber. Default: yes for a ROUTER, no for PUB
     * and XPUB; other types always wait.
     *
     * @param wait whether to wait
     * @return a changed copy
     */
    public ZmqSocket waitForFullPeers(boolean wait) {
        require("waitForFullPeers", SocketType.ROUTER, SocketType.PUB, SocketType.XPUB);
        return with(settings().waiting(wait));
    }

    /**
     * Has a send go on after a message that cannot be sent. Default: it fails, and cancels its source.
     *
     * @param told hears of the message and why it cannot be sent, on the thread that sends or the loop thread; it must
     *     not block, and what it throws ends the send
     * @return a changed copy
     */
    public ZmqSocket onUndeliverable(BiConsumer<? super ZmqMessage, ? super ZmqUndeliverableException> told) {
        return with(settings().undeliverable(Objects.requireNonNull(told, "told")));
    }

    /**
     * Sets whether a REQ may send a request while it waits for a reply: it then gives the last one up, and drops a late
     * reply to it, which requests that are numbered on the wire make sure of. Default: no, and a reply that is lost leaves
     * the socket of no use.
     *
     * @param relaxed whether it may
     * @return a changed copy
     */
    public ZmqSocket relaxed(boolean relaxed) {
        require("relaxed", SocketType.REQ);
        // never one without the other: the engine would take a late reply for the reply to the next request
        return with(settings().with(ZMQ.ZMQ_REQ_RELAXED, relaxed).with(ZMQ.ZMQ_REQ_CORRELATE, relaxed));
    }

    /**
     * Logs in at a peer that asks for it, with ZeroMQ's PLAIN mechanism: the password is sent in clear. Default: no login.
     *
     * @param user the name, 1 to 127 ASCII characters
     * @param password the password, at most 127 ASCII characters
     * @return a changed copy
     */
    public ZmqSocket plain(String user, String password) {
        if (settings().logins() != null) {
            throw new IllegalStateException("a socket logs in or asks for logins, not both");
        }
        if (user.isEmpty()) {
            throw new IllegalArgumentException("user must not be empty");
        }
        return with(settings()
                .with(ZMQ.ZMQ_PLAIN_USERNAME, credential("user", user))
                .with(ZMQ.ZMQ_PLAIN_PASSWORD, credential("password", password)));
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
        return with(settings().with(ZMQ.ZMQ_PLAIN_SERVER, true).logins(accepts));
    }

    /**
     * Refused: the engine corrupts messages under CURVE when a receiver without demand stops its connection. Put the
     * connection into TLS, SSH or WireGuard.
     *
     * @return never
     * @throws UnsupportedOperationException always
     */
    public ZmqSocket curve() {
        throw new UnsupportedOperationException("CURVE is refused: when a receiver has no demand, the engine delivers"
                + " encrypted bytes as messages; use a tunnel of TLS, SSH or WireGuard");
    }

    private void require(String option, SocketType... types) {
        SocketType type = settings().type();
        for (SocketType each : types) {
            if (each == type) {
                return;
            }
        }
        throw new IllegalStateException(option + " is not for a " + type);
    }

    private static String credential(String what, String text) {
        if (text.length() > MAX_CREDENTIAL || !text.chars().allMatch(c -> c > 0 && c < 128)) {
            throw new IllegalArgumentException(what + " must have at most 127 ASCII characters, has " + text.length());
        }
        return text;
    }

    private static byte[] copy(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static long atLeast(String option, long value, long least) {
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
