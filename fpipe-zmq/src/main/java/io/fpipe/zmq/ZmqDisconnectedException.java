/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/**
 * The peer of a message that was under way was lost. What it has done with the message is not known, but for the bytes
 * that it has acknowledged.
 */
public final class ZmqDisconnectedException extends ZmqException {

    private static final long serialVersionUID = 1L;

    /** How many bytes the peer had acknowledged. */
    private final long acknowledgedBytes;

    /**
     * Creates the exception.
     *
     * @param message which peer was lost, and how
     * @param acknowledgedBytes how many bytes it had acknowledged
     */
    public ZmqDisconnectedException(String message, long acknowledgedBytes) {
        super(message);
        this.acknowledgedBytes = acknowledgedBytes;
    }

    /** The same for one message of the peer. */
    ZmqDisconnectedException of(long acknowledged) {
        return new ZmqDisconnectedException(
                getMessage() + "; " + acknowledged + " bytes of the message were acknowledged", acknowledged);
    }

    /**
     * Returns how many bytes of the message that this side sent the reader on the other side has taken for sure: for a
     * caller those of the request, for a handler those of the reply. It is told now and then, with the credit, so the
     * reader may have taken more, at most a window; of a message below 64 KiB it is usually 0.
     *
     * @return the number of bytes
     */
    public long acknowledgedBytes() {
        return acknowledgedBytes;
    }
}
