/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

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
     * Completes when the server is disposed and its socket is closed; fails if the socket failed.
     *
     * @return the completion
     */
    Mono<Void> onDispose();
}
