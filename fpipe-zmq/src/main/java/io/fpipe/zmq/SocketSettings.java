/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import zmq.Msg;
import zmq.SocketBase;
import zmq.ZMQ;
import zmq.msg.MsgAllocator;

/**
 * How a socket is set up.
 *
 * @param type the ZeroMQ socket type
 * @param highWaterMark messages queued per peer and direction, 0 for no limit
 * @param maxMessageBytes the largest frame that is accepted; a peer that sends more is disconnected
 * @param bufferBytes the kernel's buffers for each connection, and JeroMQ's batches with them
 * @param farewell whether the socket receives {@link Frame#FAREWELL} when a peer is lost: behind all that the peer
 *     sent, where an event may come before it. A connecting ROUTER and a bound DEALER get none.
 */
record SocketSettings(int type, int highWaterMark, long maxMessageBytes, int bufferBytes, boolean farewell) {

    static final int BUFFER_BYTES = 1 << 20;
    static final int RECONNECT_MILLIS = 100;

    /**
     * How long a connection may take to exchange greetings before it is tried anew. JeroMQ can forget to read from a
     * connection that it has just made ({@link OwnedSocket#connected()}); its default of 30 seconds would be a long wait.
     */
    static final int HANDSHAKE_MILLIS = 2000;

    boolean isRouter() {
        return type == ZMQ.ZMQ_ROUTER;
    }

    String typeName() {
        return isRouter() ? "ROUTER" : "DEALER";
    }

    /** Sets what has to be set before bind or connect. */
    void applyTo(SocketBase socket) {
        socket.setSocketOpt(ZMQ.ZMQ_LINGER, 0); // the close sets it anew; JeroMQ's default is for ever
        socket.setSocketOpt(ZMQ.ZMQ_SNDHWM, highWaterMark);
        socket.setSocketOpt(ZMQ.ZMQ_RCVHWM, highWaterMark);
        // Without a maximum one hostile header of 2 GB ends the IO thread, and with it every socket of the context.
        socket.setSocketOpt(ZMQ.ZMQ_MAXMSGSIZE, maxMessageBytes);
        socket.setSocketOpt(ZMQ.ZMQ_MSG_ALLOCATOR, (MsgAllocator) this::allocate);
        socket.setSocketOpt(ZMQ.ZMQ_RECONNECT_IVL, RECONNECT_MILLIS); // 0 and -1 do other things than they say
        socket.setSocketOpt(ZMQ.ZMQ_HANDSHAKE_IVL, HANDSHAKE_MILLIS);
        socket.setSocketOpt(ZMQ.ZMQ_TCP_KEEPALIVE, 1);
        socket.setSocketOpt(ZMQ.ZMQ_RCVBUF, bufferBytes);
        if (isRouter()) {
            socket.setSocketOpt(ZMQ.ZMQ_ROUTER_MANDATORY, true); // or messages to unknown and full peers are dropped
        }
        if (farewell) {
            socket.setSocketOpt(isRouter() ? ZMQ.ZMQ_DISCONNECT_MSG : ZMQ.ZMQ_HICCUP_MSG, Frame.FAREWELL);
        }
    }

    /**
     * Allocates a received frame. A length of 2^63 or more is negative to JeroMQ, which then does not compare it with the
     * maximum and passes on its low half, negative or up to 2 GB: what only a hostile peer sends is an empty frame here.
     */
    private Msg allocate(int size) {
        return new Msg(size < 0 || size > maxMessageBytes ? 0 : size);
    }

    /** Has a ROUTER that connects tell its peer so; a peer that connects itself knows, and a REQ would not bear it. */
    void applyGreetingTo(SocketBase socket) {
        if (farewell && isRouter()) {
            socket.setSocketOpt(ZMQ.ZMQ_HELLO_MSG, Frame.GREETING);
        }
    }

    /** Sets the send buffer: before connect, but after bind, where a listener would throw. */
    void applySendBufferTo(SocketBase socket) {
        socket.setSocketOpt(ZMQ.ZMQ_SNDBUF, bufferBytes);
    }
}
