/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import zmq.ZMQ;

/** The ZeroMQ socket types that are offered. */
enum SocketType {
    PULL(ZMQ.ZMQ_PULL, false, true),
    PUSH(ZMQ.ZMQ_PUSH, true, false),
    PUB(ZMQ.ZMQ_PUB, true, false),
    SUB(ZMQ.ZMQ_SUB, false, true),
    XPUB(ZMQ.ZMQ_XPUB, true, true),
    PAIR(ZMQ.ZMQ_PAIR, true, true),
    DEALER(ZMQ.ZMQ_DEALER, true, true),
    ROUTER(ZMQ.ZMQ_ROUTER, true, true),
    REQ(ZMQ.ZMQ_REQ, true, true),
    REP(ZMQ.ZMQ_REP, true, true);

    private final int number;
    private final boolean sends;
    private final boolean receives;

    SocketType(int number, boolean sends, boolean receives) {
        this.number = number;
        this.sends = sends;
        this.receives = receives;
    }

    /** The number that JeroMQ knows it by. */
    int number() {
        return number;
    }

    boolean sends() {
        return sends;
    }

    boolean receives() {
        return receives;
    }

    /** Whether it copies each message to all peers that have asked for it, and forgets it when there is none. */
    boolean publishes() {
        return this == PUB || this == XPUB;
    }

    /** Whether JeroMQ says at all times that it takes messages, so that room for a refused one has to be found out. */
    boolean hidesRoom() {
        return this == ROUTER || publishes();
    }
}
