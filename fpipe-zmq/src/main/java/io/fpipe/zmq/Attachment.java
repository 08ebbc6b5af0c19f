/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import zmq.SocketBase;
import zmq.ZError;
import zmq.ZMQ;

/** Binds or connects a socket to one endpoint; used by the socket's owner only, but for the address. */
final class Attachment {

    private final SocketBase socket;
    private final SocketSettings settings;
    private final Endpoint endpoint;
    private final InprocNames names;

    private volatile String address;
    private boolean open;

    Attachment(SocketBase socket, SocketSettings settings, Endpoint endpoint, InprocNames names) {
        this.socket = socket;
        this.settings = settings;
        this.endpoint = endpoint;
        this.names = names;
        this.address = endpoint.address();
    }

    /** The address that the socket is bound or connected to, with the real port. */
    String address() {
        return address;
    }

    boolean binds() {
        return endpoint.bind();
    }

    /** Whether messages may be sent before a connection is up. */
    boolean isReadyAtOnce() {
        return endpoint.bind() || endpoint.isInproc();
    }

    /** Connects; to an inproc name that is not bound yet when it is, in a turn of the socket. */
    void open(OwnedSocket owned) {
        open = true;
        settings.applyGreetingTo(socket);
        if (endpoint.isInproc()) {
            names.whenBound(address, owned);
        } else {
            connect(owned);
        }
    }

    void connect(OwnedSocket owned) {
        boolean done;
        try {
            done = endpoint.isInproc() ? names.connect(address, socket, owned) : socket.connect(address);
        } catch (RuntimeException ex) { // JeroMQ throws for a host that it cannot resolve
            throw new ZmqException("cannot connect to " + endpoint + ": " + ex.getMessage(), ex);
        }
        if (!done) {
            throw new ZmqException("cannot connect to " + endpoint + ": " + reason());
        }
    }

    void bind() {
        boolean done;
        try {
            done = endpoint.isInproc() ? names.bind(address, socket) : socket.bind(address);
        } catch (ZmqException ex) {
            throw ex;
        } catch (RuntimeException ex) {
            throw new ZmqException("cannot bind " + endpoint + ": " + ex.getMessage(), ex);
        }
        if (!done) {
            throw new ZmqException("cannot bind " + endpoint + ": " + reason());
        }
        open = true;
        if (!endpoint.isInproc()) {
            address = (String) socket.getSocketOptx(ZMQ.ZMQ_LAST_ENDPOINT);
        }
    }

    /** Gives the inproc name back, or stops waiting for it. */
    void close(OwnedSocket owned) {
        if (!open || !endpoint.isInproc()) {
            return;
        }
        if (endpoint.bind()) {
            names.unbind(address, socket);
        } else {
            names.forget(address, owned);
        }
    }

    private String reason() {
        int error = socket.errno();
        return error == ZError.EADDRINUSE ? "address in use" : ZError.toString(error);
    }

    @Override
    public String toString() {
        return address;
    }
}
