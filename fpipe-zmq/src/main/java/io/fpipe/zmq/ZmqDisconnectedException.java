/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/** The peer of a message that was under way was lost; how much of the message it has dealt with is not known. */
public final class ZmqDisconnectedException extends ZmqException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message which peer was lost, and how
     */
    public ZmqDisconnectedException(String message) {
        super(message);
    }
}
