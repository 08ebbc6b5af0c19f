/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import zmq.SocketBase;

/**
 * The TCP connections that sockets have made, and what ends those that JeroMQ leaves open. A connection's session tells
 * its closed socket that it has ended, and then gives the connection back. What it tells is there to be read an instant
 * before the byte that wakes the socket's thread; if that thread reads it just then, and with it frees the socket, the
 * session's byte meets a closed pipe. JeroMQ reports an exception, and the connection stays: open, with its buffers, and
 * never read, so that its peer's queue fills. IO thread only, which is where all of that happens.
 */
final class MadeConnections {

    private final List<Connection> connections = new ArrayList<>();

    /** With the mailbox of its socket, which is closed when the socket is freed. */
    private record Connection(SelectableChannel mailbox, SocketChannel channel) {

        boolean isOpen() {
            return channel.isOpen();
        }
    }

    /** A socket has made a connection. */
    void add(SocketBase socket, SocketChannel channel) {
        connections.removeIf(connection -> !connection.isOpen());
        connections.add(new Connection(socket.getFD(), channel));
    }

    /** How many are remembered. */
    int count() {
        return connections.size();
    }

    /** Closes the connections whose sockets have been freed, which was to wait for them. */
    void closeLeft() throws IOException {
        for (Connection connection : connections) {
            if (!connection.mailbox().isOpen()) {
                connection.channel().close();
            }
        }
        connections.removeIf(connection -> !connection.isOpen());
    }
}
