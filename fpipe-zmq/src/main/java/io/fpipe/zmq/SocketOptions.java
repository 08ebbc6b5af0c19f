/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.BiConsumer;
import zmq.ZMQ;

/** The options of {@link ZmqSocket} that are about its messages. */
abstract class SocketOptions extends ConnectionOptions {

    private static final int MAX_ROUTING_ID = 255;

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

    private void require(String option, SocketType... types) {
        SocketType type = settings().type();
        for (SocketType each : types) {
            if (each == type) {
                return;
            }
        }
        throw new IllegalStateException(option + " is not for a " + type);
    }

    private static byte[] copy(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
