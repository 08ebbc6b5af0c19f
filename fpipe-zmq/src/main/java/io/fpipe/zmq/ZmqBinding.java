/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** A server that serves. */
public interface ZmqBinding extends Disposable {

    /**
     * Returns the address that the server is bound or connected to, with the real port if a wildcard was asked for.
     *
     * @return the address
     */
    String endpoint();

    /** Ends what is under way, which its callers hear as a lost peer, closes the socket and returns at once. */
    @Override
    void dispose();

    /**
     * Refuses new calls, lets the running ones end for a while, and aborts the rest with
     * {@link ZmqRemoteException#SHUTTING_DOWN}; then the server is disposed. Clients hear of it at once and make further
     * calls elsewhere, or when the next server is there. It begins with the subscription and cannot be stopped.
     *
     * @param atMost how long the running calls may take
     * @return the completion, as of {@link #onDispose()}
     */
    Mono<Void> shutdownGracefully(Duration atMost);

    /**
     * Completes when the server is disposed and its socket is closed; fails if the socket failed.
     *
     * @return the completion
     */
    Mono<Void> onDispose();
}
