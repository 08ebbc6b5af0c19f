/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.List;
import org.jspecify.annotations.Nullable;
import zmq.Msg;
import zmq.SocketBase;
import zmq.ZError;
import zmq.ZMQ;

/** The receiving side of a socket; used by the socket's owner only. */
final class Inbound {

    private static final int INTERRUPTS = 16;

    /** After so many bytes no other message is taken in the same turn: they are held until the turn ends. */
    private static final int TURN_BYTES = 8 << 20;

    private final OwnedSocket owned;
    private final SocketBase socket;

    Inbound(OwnedSocket owned, SocketBase socket) {
        this.owned = owned;
        this.socket = socket;
    }

    /** Takes whole messages, at most the limit; returns how many. */
    int receive(List<Msg> received, int limit) {
        int taken = 0;
        long bytes = 0;
        while (taken < limit && bytes < TURN_BYTES) {
            int start = received.size();
            Msg part = receivePart();
            if (part == null) {
                if (socket.errno() == ZError.ETERM) {
                    owned.fail(new ZmqException("the ZeroMQ context of " + owned + " was terminated"));
                }
                break;
            }
            received.add(part);
            bytes += part.size();
            while (part != null && part.hasMore()) {
                part = receivePart();
                if (part != null) {
                    received.add(part);
                    bytes += part.size();
                }
            }
            if (part == null) { // cut off by a disconnect: half a message is none
                received.subList(start, received.size()).clear();
            } else {
                taken++;
            }
        }
        return taken;
    }

    /** User code may have the loop interrupted at any time, in the middle of a message too. */
    private @Nullable Msg receivePart() {
        for (int i = 0; i <= INTERRUPTS; i++) {
            try {
                Msg part = socket.recv(ZMQ.ZMQ_DONTWAIT);
                if (part != null || socket.errno() != ZError.EINTR) {
                    return part;
                }
            } catch (ZError.IOException ex) {
                LateByte.check(ex);
            }
        }
        return null;
    }

    /** Signals what was received; after the release. */
    static void deliver(List<Msg> received, SocketHandler handler) {
        int from = 0;
        for (int i = 0; i < received.size(); i++) {
            if (!received.get(i).hasMore()) {
                handler.received(received, from, i + 1);
                from = i + 1;
            }
        }
    }
}
