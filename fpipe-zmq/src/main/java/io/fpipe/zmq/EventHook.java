/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import zmq.ZError;
import zmq.ZMQ;

/** Hears from JeroMQ what happens to a socket, on JeroMQ's threads: it only passes it on. */
final class EventHook implements ZMQ.EventConsummer {

    static final int MASK = ZMQ.ZMQ_EVENT_ALL & ~ZMQ.ZMQ_EVENT_MONITOR_STOPPED;

    private static final int CRYPTOGRAPHIC = ZMQ.ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;

    private final OwnedSocket socket;
    private final HandshakeWatch watch;
    private final Consumer<SocketChannel> made;
    private final Runnable destroyed;

    /**
     * Makes the hook of one socket.
     *
     * @param made takes the TCP connections that the socket makes
     * @param destroyed hears when the socket is gone
     */
    EventHook(OwnedSocket socket, HandshakeWatch watch, Consumer<SocketChannel> made, Runnable destroyed) {
        this.socket = socket;
        this.watch = watch;
        this.made = made;
        this.destroyed = destroyed;
    }

    @Override
    public void consume(ZMQ.Event event) {
        ZmqEvent.Kind kind = kind(event.event);
        if (kind != null) {
            if (kind == ZmqEvent.Kind.CONNECTED && event.arg instanceof SocketChannel channel) {
                endIfItself(channel);
                made.accept(channel);
            }
            look(kind);
            socket.happened(new ZmqEvent(kind, String.valueOf(event.addr), detail(kind, event.event, event.arg)));
        }
    }

    /**
     * Ends a connection of a socket with itself, as if the peer had closed it. TCP makes one where nobody listens, if the
     * kernel chooses the port that is connected to for this end, too.
     */
    static void endIfItself(SocketChannel channel) {
        try {
            if (channel.getRemoteAddress().equals(channel.getLocalAddress())) {
                channel.shutdownInput();
            }
        } catch (IOException | NotYetConnectedException ex) {
            // it has ended by itself
        }
    }

    private void look(ZmqEvent.Kind kind) {
        switch (kind) {
            case CONNECTED -> watch.connected();
            case PEER_UP -> watch.greeted();
            case DISCONNECTED, HANDSHAKE_FAILED -> watch.over();
            default -> {}
        }
    }

    @Override
    public void close() {
        destroyed.run();
    }

    private static ZmqEvent.@Nullable Kind kind(int event) {
        return switch (event) {
            case ZMQ.ZMQ_EVENT_LISTENING -> ZmqEvent.Kind.LISTENING;
            case ZMQ.ZMQ_EVENT_ACCEPTED -> ZmqEvent.Kind.ACCEPTED;
            case ZMQ.ZMQ_EVENT_CONNECTED -> ZmqEvent.Kind.CONNECTED;
            case ZMQ.ZMQ_EVENT_CONNECT_RETRIED -> ZmqEvent.Kind.RETRIED;
            case ZMQ.ZMQ_EVENT_HANDSHAKE_PROTOCOL -> ZmqEvent.Kind.PEER_UP;
            case ZMQ.ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
                    ZMQ.ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                    ZMQ.ZMQ_EVENT_HANDSHAKE_FAILED_AUTH -> ZmqEvent.Kind.HANDSHAKE_FAILED;
            case ZMQ.ZMQ_EVENT_DISCONNECTED -> ZmqEvent.Kind.DISCONNECTED;
            case ZMQ.ZMQ_EVENT_BIND_FAILED, ZMQ.ZMQ_EVENT_ACCEPT_FAILED, ZMQ.ZMQ_EVENT_CLOSE_FAILED ->
                ZmqEvent.Kind.FAILED;
            case ZMQ.ZMQ_EVENT_CLOSED -> ZmqEvent.Kind.CLOSED;
            default -> null; // a connection that is not there at once, which is how they all begin
        };
    }

    private static String detail(ZmqEvent.Kind kind, int event, @Nullable Object argument) {
        if (!(argument instanceof Integer number)) {
            return "";
        }
        return switch (kind) {
            case RETRIED -> "in " + number + " ms";
            case HANDSHAKE_FAILED ->
                event == ZMQ.ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                        ? "login refused with status " + number
                        : String.format(
                                "protocol error 0x%08x%s", number, number == CRYPTOGRAPHIC ? ", a key is wrong" : "");
            case FAILED -> ZError.toString(number);
            default -> "";
        };
    }
}
