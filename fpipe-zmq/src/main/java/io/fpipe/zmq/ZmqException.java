/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import org.jspecify.annotations.Nullable;

/** Something went wrong on a ZeroMQ socket or on the way to a remote peer. */
public sealed class ZmqException extends RuntimeException
        permits ZmqDisconnectedException, ZmqRefusedException, ZmqRemoteException, ZmqUndeliverableException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message what went wrong and where
     */
    public ZmqException(String message) {
        super(message);
    }

    /**
     * Creates the exception.
     *
     * @param message what went wrong and where
     * @param cause the failure behind it, if there is one
     */
    public ZmqException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
