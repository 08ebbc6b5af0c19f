/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import zmq.SocketBase;

/**
 * The inproc names of one ZeroMQ context. JeroMQ replaces a name that is bound twice although it reports an error, lets
 * the binding thread touch a socket that connected before, and does not connect again: so all
 * that binds and connects a name passes here, one at a time, and whoever connects waits here until it is bound.
 */
final class InprocNames {

    private final Set<String> bound = new HashSet<>();
    private final Map<String, List<OwnedSocket>> waiting = new HashMap<>();

    /**
     * Binds a name unless somebody has it, and connects who waited for it.
     *
     * @return whether JeroMQ could bind it
     */
    boolean bind(String name, SocketBase socket) {
        List<OwnedSocket> ready;
        synchronized (this) {
            if (bound.contains(name)) {
                throw new ZmqException("cannot bind " + name + ": address in use");
            }
            if (!socket.bind(name)) {
                return false;
            }
            bound.add(name);
            ready = waiting.remove(name);
        }
        if (ready != null) {
            ready.forEach(waiter -> waiter.connectSoon(name));
        }
        return true;
    }

    /** Gives the name back at once, which JeroMQ would do some time after the close. */
    synchronized void unbind(String name, SocketBase socket) {
        try {
            LateByte.repeat(() -> socket.termEndpoint(name));
        } finally {
            bound.remove(name);
        }
    }

    /** Has a socket connect in a turn of its own as soon as the name is bound. */
    void whenBound(String name, OwnedSocket owned) {
        if (isBoundOrWaits(name, owned)) {
            owned.connectSoon(name);
        }
    }

    private synchronized boolean isBoundOrWaits(String name, OwnedSocket owned) {
        if (bound.contains(name)) {
            return true;
        }
        waiting.computeIfAbsent(name, n -> new ArrayList<>()).add(owned);
        return false;
    }

    /**
     * Connects if the name is still bound, or waits again.
     *
     * @return false if JeroMQ could not connect
     */
    synchronized boolean connect(String name, SocketBase socket, OwnedSocket owned) {
        return !isBoundOrWaits(name, owned) || LateByte.repeat(() -> socket.connect(name));
    }

    synchronized void forget(String name, OwnedSocket socket) {
        List<OwnedSocket> sockets = waiting.get(name);
        if (sockets != null && sockets.remove(socket) && sockets.isEmpty()) {
            waiting.remove(name);
        }
    }
}
