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

    static void notFpipe(OwnedSocket socket, List<Msg> parts) {
        String begins = parts.isEmpty()
                ? "no frames"
                : parts.get(0).size() + " bytes, starting with "
                        + FrameWriter.hex(parts.get(0).buf());
        report(socket + " dropped a message that is not FPIPE/1: " + begins);
    }

    static void notReply(OwnedSocket socket, List<Msg> parts) {
        report(socket + " dropped a message of " + parts.size()
                + " frames that is no reply: it begins with "
                + FrameWriter.hex(parts.get(0).buf()));
    }

    static void lateReply(OwnedSocket socket) {
        LOG.debug("{} dropped the reply to a call that is over", socket);
    }

    /** A peer that is not fpipe gets the reply to an error, which does not say which one. */
    static void plainFailed(String peer, Throwable error) {
        report("the peer " + peer + " gets an error reply: " + describe(error));
    }

    static void plainDropped(String peer, long count, String why) {
        report("the peer " + peer + " gets no reply, the server's request " + count + " without one: " + why);
    }

    static void plainErrorReply(String why) {
        report("an empty message takes the place of plainErrorReply: " + why);
    }

    static void plainErrorReply(Throwable error) {
        plainErrorReply("it failed with " + describe(error));
    }

    static void stale(OwnedSocket socket, Frame frame) {
        LOG.debug("{} dropped a frame of type {} of a connection that is over", socket, frame.type());
    }

    static void cutOff(String peer, String why) {
        report("the peer " + peer + " was cut off: " + why);
    }

    private static String describe(Throwable error) {
        try {
            return error.toString();
        } catch (Throwable ex) { // of a user's
            return error.getClass().getName();
        }
    }

    private static void report(String text) {
        if (COUNT.incrementAndGet() <= LOUD) {
            LOG.warn(text);
        } else {
            LOG.debug(text);
        }
    }
}
