/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/**
 * The peer has aborted a message: its handler or its source failed, or it refused the message. Carries what the peer
 * said, which is a code and a text, never a stack trace or a class name.
 */
public final class ZmqRemoteException extends ZmqException {

    /** The code of a handler or a source that failed. */
    public static final int FAILED = 1;

    /** The code of a message that was given up. */
    public static final int CANCELLED = 2;

    /** The code for bytes that belong to no open message, or not to this place of it. */
    public static final int UNKNOWN_STREAM = 3;

    /** The code of a peer that sent more than it had credit for. */
    public static final int CREDIT_EXCEEDED = 4;

    /** The code for a call that was refused because its connection has too many open. No handler has begun. */
    public static final int TOO_MANY_STREAMS = 5;

    /** The code for a call of a route that nobody serves. No handler has begun. */
    public static final int UNKNOWN_ROUTE = 6;

    /**
     * The code for a call whose deadline has passed. The client does not see it: there it is a
     * {@link java.util.concurrent.TimeoutException}.
     */
    public static final int DEADLINE_EXCEEDED = 7;

    /** The code for a call that was refused because the server has too much to do. No handler has begun. */
    public static final int OVERLOADED = 8;

    /** The code for a message that is longer than its receiver takes. */
    public static final int TOO_LARGE = 9;

    /** The code for a call that was refused, or was not over in time, because the peer shuts down. */
    public static final int SHUTTING_DOWN = 10;

    /** The code for metadata that cannot be read. No handler has begun. */
    public static final int MALFORMED = 11;

    private static final long serialVersionUID = 1L;

    /** The code that the peer gave. */
    private final int code;

    /**
     * Creates the exception.
     *
     * @param code the code that the peer gave
     * @param message the text that the peer gave
     */
    public ZmqRemoteException(int code, String message) {
        super(message);
        this.code = code;
    }

    /**
     * Returns the code that the peer gave: one of the constants here, or one that a later version defines.
     *
     * @return the code
     */
    public int code() {
        return code;
    }
}
