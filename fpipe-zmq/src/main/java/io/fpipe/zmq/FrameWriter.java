/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.ZmqUndeliverableException.Reason.FULL_PEER;
import static io.fpipe.zmq.ZmqUndeliverableException.Reason.NO_BODY;
import static io.fpipe.zmq.ZmqUndeliverableException.Reason.OUT_OF_TURN;
import static io.fpipe.zmq.ZmqUndeliverableException.Reason.TOO_LARGE;
import static io.fpipe.zmq.ZmqUndeliverableException.Reason.UNKNOWN_PEER;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import zmq.Msg;
import zmq.SocketBase;
import zmq.ZError;
import zmq.ZMQ;
import zmq.socket.pipeline.Push;
import zmq.socket.reqrep.Req;

/** Gives JeroMQ the frames of messages, and says why it does not take them; used by the socket's owner only. */
final class FrameWriter {

    private static final int INTERRUPTS = 16;

    private final OwnedSocket owned;
    private final SocketBase socket;
    private final SocketSettings settings;
    private boolean interrupted;

    FrameWriter(OwnedSocket owned, SocketBase socket, SocketSettings settings) {
        this.owned = owned;
        this.socket = socket;
        this.settings = settings;
    }

    /** Returns why a message cannot be sent, whatever the socket's state is. */
    @Nullable
    ZmqException check(ByteBuffer[] frames) {
        if (settings.type() == SocketType.ROUTER && frames.length == 1) { // JeroMQ would drop it in silence
            return new ZmqUndeliverableException(
                    NO_BODY, owned + " needs a routing id and a body, got a message of 1 frame");
        }
        for (ByteBuffer frame : frames) {
            if (frame.remaining() > settings.maxMessageBytes()) { // the peer would cut the connection
                return new ZmqUndeliverableException(
                        TOO_LARGE,
                        owned + " sends at most " + settings.maxMessageBytes() + " bytes in a frame, got "
                                + frame.remaining());
            }
        }
        return null;
    }

    /** Returns 0, or JeroMQ's number for why it does not take a frame. The last one tells when it leaves the queue. */
    int send(ByteBuffer frame, boolean first, boolean more, @Nullable Runnable taken) {
        // JeroMQ sends from index 0, whatever the position is, and up to the capacity
        boolean whole = frame.position() == 0 && frame.limit() == frame.capacity();
        ByteBuffer bytes = whole ? frame : frame.slice();
        Msg part = taken == null || more ? new Msg(bytes) : new NoticedMsg(bytes, taken);
        for (int i = 0; i < INTERRUPTS; i++) {
            try {
                if (first ? socket.send(part, flags(more)) : sendNext(part, more)) {
                    return 0;
                }
                int error = socket.errno();
                if (error != ZError.EINTR) {
                    return error;
                }
                interrupted = true;
            } catch (ZError.IOException ex) { // before anything was sent
                LateByte.check(ex);
            }
        }
        return ZError.EINTR;
    }

    private static int flags(boolean more) {
        return more ? ZMQ.ZMQ_DONTWAIT | ZMQ.ZMQ_SNDMORE : ZMQ.ZMQ_DONTWAIT;
    }

    /**
     * Sends a frame after the first. Each send looks at what has become of the peers, and if one of them is lost between
     * two frames, JeroMQ may give the rest to another one; where it can be asked to, it does not look.
     */
    private boolean sendNext(Msg part, boolean more) {
        if (!(socket instanceof Push) && !(socket instanceof Req)) {
            return socket.send(part, flags(more));
        }
        if (more) {
            part.setFlags(Msg.MORE);
        }
        return socket instanceof Push push ? push.xsend(part) : ((Req) socket).xsend(part);
    }

    ZmqException failure(ByteBuffer peer, int error) {
        return switch (error) {
            case ZError.EHOSTUNREACH ->
                new ZmqUndeliverableException(UNKNOWN_PEER, owned + " has no peer " + hex(peer));
            case ZError.EAGAIN ->
                new ZmqUndeliverableException(FULL_PEER, owned + " has no room for peer " + hex(peer));
            case ZError.EFSM ->
                new ZmqUndeliverableException(
                        OUT_OF_TURN,
                        owned
                                + (settings.type() == SocketType.REQ
                                        ? " waits for the reply to its last request"
                                        : " has no request to reply to"));
            default -> new ZmqException(owned + " cannot send: " + ZError.toString(error));
        };
    }

    static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[Math.min(bytes.remaining(), 32)];
        bytes.get(bytes.position(), copy);
        return HexFormat.of().formatHex(copy);
    }

    /** Remembers that JeroMQ has cleared the interrupt flag of this thread. */
    void noteInterrupt() {
        interrupted = true;
    }

    /** Returns whether this thread was interrupted since it was asked last: JeroMQ has cleared the flag. */
    boolean wasInterrupted() {
        boolean was = interrupted;
        interrupted = false;
        return was;
    }
}
