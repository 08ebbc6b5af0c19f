/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.Objects;

/**
 * Something that happened to a connection of a socket; only {@code tcp} has events.
 *
 * @param kind what happened
 * @param endpoint the address that it happened at
 * @param detail more about it, empty if there is nothing to say: for {@link Kind#RETRIED} the time until the next try,
 *     for failures what went wrong
 */
public record ZmqEvent(Kind kind, String endpoint, String detail) {

    /**
     * Creates an event.
     *
     * @param kind what happened
     * @param endpoint the address that it happened at
     * @param detail more about it, or empty
     */
    public ZmqEvent {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(endpoint, "endpoint");
        Objects.requireNonNull(detail, "detail");
    }

    /** What happened. */
    public enum Kind {

        /** The socket is bound and can be connected to. */
        LISTENING,

        /** A bound socket has accepted a TCP connection. */
        ACCEPTED,

        /** A connecting socket has a TCP connection. */
        CONNECTED,

        /** There was no connection, and another try follows. */
        RETRIED,

        /** The peer speaks ZeroMQ. Where it has to log in, that comes next, and may end in {@link #HANDSHAKE_FAILED}. */
        PEER_UP,

        /** The peer was refused, or has refused. */
        HANDSHAKE_FAILED,

        /** A connection was lost. A connecting socket tries again. */
        DISCONNECTED,

        /** Binding, accepting or closing failed. */
        FAILED,

        /** A bound address, or an attempt to connect, was given up. */
        CLOSED
    }
}
