/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.UnaryOperator;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A remote peer as a stage: the bytes of a message go there, and the bytes that leave the stage are the reply. Any number
 * of messages may be under way at once; they share one connection and do not wait for each other.
 */
public interface ZmqExchange extends Stage, Disposable {

    /**
     * Sends a message and receives the reply. Where the peer is not fpipe, {@link ZmqClient#plain} says what is different.
     * <ul>
     * <li>Emits: the reply's bytes as they arrive, on the loop thread of the {@link ZmqResources}; the reply may begin
     * before the request has ended.</li>
     * <li>Requests: one buffer of the message at a time, while the server has given credit. The message is asked on
     * the subscribing thread at first, later also on the loop thread: a source that blocks needs {@code subscribeOn}.
     * Demand for the reply becomes credit for the server: it is at most a window ahead of the subscriber.</li>
     * <li>Completes: when the server's reply has ended; what the server has not read of the request is cancelled.</li>
     * <li>Fails: with the error of the message's own source; {@link ZmqRemoteException} if the handler failed or
     * refused; {@link ZmqDisconnectedException} if the server was lost after the message was begun;
     * {@link java.util.concurrent.TimeoutException} if no reply began within {@link ZmqClient#requestTimeout}, also
     * while nobody is connected, or if it was silent for longer than {@link ZmqClient#idleTimeout};
     * {@link io.fpipe.reactor.LimitExceededException} if too many calls wait, memory for the reply has run out or the
     * reply is longer than {@link ZmqLimits#maxMessageBytes}; {@link ZmqRefusedException} if no server lets this client
     * in; {@link ZmqException} if the exchange is disposed or shuts down, or the server breaks the protocol. A reply that was cut off never completes.</li>
     * <li>Cancels: the message's source and the server's handler.</li>
     * </ul>
     *
     * @param message the bytes of the request
     * @return the bytes of the reply; each subscription sends the message anew
     */
    @Override
    Flux<ByteBuffer> apply(Flux<ByteBuffer> message);

    /**
     * Returns the stage of a named handler ({@link ZmqServer#route}), which is otherwise as {@link #apply}.
     *
     * @param name the name, from 1 to 255 bytes of UTF-8; a server without it, and without a handler for all else,
     *     refuses the call with {@link ZmqRemoteException#UNKNOWN_ROUTE}
     * @return the stage
     */
    default Stage route(String name) {
        return route(name, options -> options);
    }

    /**
     * Returns the stage of a named handler, with a deadline or metadata for each call. The W3C trace context of the
     * caller's Reactor {@code Context} ({@code traceparent} and {@code tracestate}, strings) travels with every call and
     * is in the {@code Context} of the handler's reply.
     *
     * @param name the name, from 1 to 255 bytes of UTF-8
     * @param options changes the options
     * @return the stage
     */
    Stage route(String name, UnaryOperator<CallOptions> options);

    /**
     * Sends a message that has no reply: what the handler answers stays with the server, and is an error if it is longer
     * than the window that {@link ZmqServer#window} sets.
     * <ul>
     * <li>Requests: as {@link #apply}.</li>
     * <li>Completes: when the handler has completed; so nothing that was sent is lost without a sign. A server that
     * wants its callers to wait less gives what it takes to a queue of its own and completes.</li>
     * <li>Fails: as {@link #apply}.</li>
     * <li>Cancels: the message's source and the server's handler.</li>
     * </ul>
     *
     * @param message the bytes of the message
     * @return the completion; each subscription sends the message anew
     */
    Mono<Void> tell(Flux<ByteBuffer> message);

    /**
     * Sends a message that has no reply to a named handler; see {@link #tell(Flux)} and
     * {@link #route(String, UnaryOperator)}.
     *
     * @param route the name, from 1 to 255 bytes of UTF-8
     * @param message the bytes of the message
     * @param options changes the options
     * @return the completion; each subscription sends the message anew
     */
    Mono<Void> tell(String route, Flux<ByteBuffer> message, UnaryOperator<CallOptions> options);

    /**
     * Returns the address that the client is connected or bound to, with the real port if a wildcard was asked for;
     * of several, the first.
     *
     * @return the address
     */
    String endpoint();

    /**
     * Refuses new calls with {@link ZmqException}, lets those that were made before end for a while, and aborts the rest,
     * which the server hears as {@link ZmqRemoteException#SHUTTING_DOWN}; then the exchange is disposed. It begins with
     * the subscription and cannot be stopped.
     *
     * @param atMost how long the running calls may take
     * @return the completion, as of {@link #onDispose()}
     */
    Mono<Void> shutdownGracefully(Duration atMost);

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
