/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * An open socket. It stays open until it is {@linkplain #dispose() disposed}, which drops what it has received and gives
 * ZeroMQ the linger time to send what it has taken.
 */
public interface ZmqConnection extends Disposable {

    /**
     * Receives messages.
     * <ul>
     * <li>Emits: each message as it arrives, on the loop thread of the {@link ZmqResources}; a message of a ROUTER
     * begins with the routing id of its peer.</li>
     * <li>Requests: a message is taken from ZeroMQ only under demand; without demand ZeroMQ's queues fill up to their
     * high-water marks and stop the peers.</li>
     * <li>Completes: when the connection is disposed.</li>
     * <li>Fails: {@link ZmqException} if the socket fails.</li>
     * <li>Cancels: receiving; the connection stays open, and what was taken and not delivered comes first when it is
     * received from again. One subscriber at a time, a second one fails with {@link IllegalStateException}.</li>
     * </ul>
     *
     * @return the messages
     */
    Flux<ZmqMessage> receive();

    /**
     * Sends messages. Several sends may run at once; the order of each is kept.
     * <ul>
     * <li>Requests: 1024 messages, then more as ZeroMQ takes them. The source may be asked on the loop thread: one that
     * blocks needs {@code subscribeOn}.</li>
     * <li>Completes: when ZeroMQ has taken all messages; a socket that connects over {@code tcp} gives it none before it
     * is connected for the first time.</li>
     * <li>Fails: with the source's error, or with {@link ZmqException} for a message that cannot be sent, which
     * cancels the source: a ROUTER's to a peer that is not connected, any when the connection is disposed.</li>
     * <li>Cancels: the source; what was emitted is still sent.</li>
     * </ul>
     *
     * @param messages the messages; a message of a ROUTER begins with the routing id of the peer it is for
     * @return the completion; nothing is sent before it is subscribed to
     */
    Mono<Void> send(Publisher<ZmqMessage> messages);

    /**
     * Receives messages of one frame as their bytes; like {@link #receive()}, but a message of more frames is an error
     * ({@link ZmqException}).
     *
     * @return the bytes of each message
     */
    Flux<ByteBuffer> receiveBytes();

    /**
     * Sends messages of one frame; like {@link #send}.
     *
     * @param messages the bytes of each message
     * @return the completion; nothing is sent before it is subscribed to
     */
    Mono<Void> sendBytes(Publisher<ByteBuffer> messages);

    /**
     * Returns the address that the socket is bound or connected to, with the real port if a wildcard was asked for.
     *
     * @return the address
     */
    String endpoint();

    /**
     * Completes when the socket is closed and what it had taken was sent, or the linger time is over; fails if the
     * socket failed.
     *
     * @return the completion
     */
    Mono<Void> onDispose();
}
