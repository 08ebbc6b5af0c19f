/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.channels.ClosedChannelException;
import java.util.function.BooleanSupplier;
import zmq.ZError;

/**
 * The exception of a JeroMQ call that had to tell the other end of an inproc pipe that this end has ended, when that end
 * was freed in the instant before the byte which announces it ({@link MadeConnections}). The call did nothing else and
 * may be repeated.
 */
final class LateByte {

    private LateByte() {}

    /** Throws what JeroMQ has thrown, unless it is that. */
    static void check(ZError.IOException ex) {
        if (!(ex.getCause() instanceof ClosedChannelException)) {
            throw ex;
        }
    }

    /** Makes a call, and once more if it was that. */
    static boolean repeat(BooleanSupplier call) {
        try {
            return call.getAsBoolean();
        } catch (ZError.IOException ex) {
            check(ex);
            return call.getAsBoolean();
        }
    }
}
