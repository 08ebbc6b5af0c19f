/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A remote peer as a stage: the bytes of a message go there, and the bytes that leave the stage are the reply. Any number
 * of messages may be under way at once; they share one connection and do not wait for each other.
 */
public interface ZmqExchange extends Stage, Disposable {

    /**
     * Sends a message and receives the reply.
     * <ul>
     * <li>Emits: the reply's bytes as they arrive, on the loop thread of the {@link ZmqResources}; the reply may begin
     * before the request has ended.</li>
     * <li>Requests: one buffer of the message at a time, while the server has given credit. The message is asked on
     * the subscribing thread at first, later also on the loop thread: a source that blocks needs {@code subscribeOn}.
     * Demand for the reply becomes credit for the server: it is at most a window ahead of the subscriber.</li>
     * <li>Completes: when the server's reply has ended; what the server has not read of the request is cancelled.</li>
     * <li>Fails: with the error of the message's own source; {@link ZmqRemoteException} if the handler failed or
     * refused; {@link ZmqDisconnectedException} if the server was lost after the message was begun;
     * {@link java.util.concurrent.TimeoutException} if no reply began within the request timeout, also while nobody
     * is connected; {@link ZmqException} if the exchange is disposed. A reply that was cut off never completes.</li>
     * <li>Cancels: the message's source and the server's handler.</li>
     * </ul>
     *
     * @param message the bytes of the request
     * @return the bytes of the reply; each subscription sends the message anew
     */
    @Override
    Flux<ByteBuffer> apply(Flux<ByteBuffer> message);

    /**
     * Returns the address that the client is connected or bound to, with the real port if a wildcard was asked for.
     *
     * @return the address
     */
    String endpoint();

    /** Fails what is under way with a {@link ZmqException}, closes the connection and returns at once. */
    @Override
    void dispose();

    /**
     * Completes when the exchange is disposed and its socket is closed.
     *
     * @return the completion
     */
    Mono<Void> onDispose();
}
