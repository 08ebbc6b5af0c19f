/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import reactor.util.Logger;
import reactor.util.Loggers;
import zmq.Msg;

/** Reports what peers send that is not as FPIPE/1 wants it: the first of each kind loudly, the rest on demand. */
final class ProtocolLog {

    private static final Logger LOG = Loggers.getLogger(ProtocolLog.class);
    private static final int LOUD = 16;
    private static final AtomicLong COUNT = new AtomicLong();

    private ProtocolLog() {}

    static void notFpipe(OwnedSocket socket, List<Msg> parts, int from) {
        Msg first = parts.get(from);
        report(socket + " dropped a message that is not FPIPE/1: " + first.size() + " bytes, starting with "
                + FrameWriter.hex(first.buf()));
    }

    static void stale(OwnedSocket socket, Frame frame) {
        LOG.debug("{} dropped a frame of type {} of a connection that is over", socket, frame.type());
    }

    static void cutOff(String peer, String why) {
        report("the peer " + peer + " was cut off: " + why);
    }

    private static void report(String text) {
        if (COUNT.incrementAndGet() <= LOUD) {
            LOG.warn(text);
        } else {
            LOG.debug(text);
        }
    }
}
