/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.Objects;

/** One message cannot be sent; the socket goes on, and so does what others send. */
public final class ZmqUndeliverableException extends ZmqException {

    private static final long serialVersionUID = 1L;

    /** Why the message cannot be sent. */
    private final Reason reason;

    /**
     * Creates the exception.
     *
     * @param reason why the message cannot be sent
     * @param message the same in words, with the socket and the numbers
     */
    public ZmqUndeliverableException(Reason reason, String message) {
        super(message);
        this.reason = Objects.requireNonNull(reason, "reason");
    }

    /**
     * Returns why the message cannot be sent.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /** Why a message cannot be sent. */
    public enum Reason {

        /** A ROUTER has no peer with the routing id that the message begins with. */
        UNKNOWN_PEER,

        /** A ROUTER's peer has no room, and the socket was told not to wait. */
        FULL_PEER,

        /** A REQ still waits for a reply, or a REP has no request to reply to. */
        OUT_OF_TURN,

        /** A frame is larger than {@link ZmqSocket#maxMessageBytes}. */
        TOO_LARGE,

        /** A ROUTER's message is nothing but a routing id. */
        NO_BODY
    }
}
