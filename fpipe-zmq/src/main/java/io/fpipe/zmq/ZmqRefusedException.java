/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/**
 * There is no connection to the peer, for one of the two does not let the other in: the login or the key is refused, or
 * the peer cannot prove that it is who it should be. The message says which. Nothing was sent, and a call that is made
 * later tries again.
 */
public final class ZmqRefusedException extends ZmqException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message who was refused, and why
     */
    public ZmqRefusedException(String message) {
        super(message);
    }
}
