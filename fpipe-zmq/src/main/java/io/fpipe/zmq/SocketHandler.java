/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.List;
import org.jspecify.annotations.Nullable;
import zmq.Msg;

/** What a socket's user hears. Called on the loop, never by the owner of the socket. */
interface SocketHandler {

    /** Returns how many messages may be taken now; called by any thread. Unless told otherwise: as many as there are. */
    default long demand() {
        return Long.MAX_VALUE;
    }

    /** A whole message was received: the parts {@code from} to {@code to}, exclusive, of the list. */
    void received(List<Msg> parts, int from, int to);

    /** There is no demand: from now on more demand has to call {@link OwnedSocket#wake()}. */
    default void starved() {}

    /** A connection was lost. */
    void disconnected();

    /** Something happened to a connection, which may be that it was lost. */
    default void happened(ZmqEvent event) {}

    /** The socket receives and takes no more messages. */
    default void closing(@Nullable Throwable failure) {}

    /** The socket is gone for good, or will be when its peer has read or gone. The last call. */
    void closed(@Nullable Throwable failure);
}
