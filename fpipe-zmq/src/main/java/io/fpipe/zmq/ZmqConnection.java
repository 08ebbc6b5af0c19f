/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.List;
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
     * begins with the routing id of its peer; an XPUB gets one frame for each change of its subscribers' topics: 1 for
     * a new topic or 0 for one that nobody wants any more, then the topic. Over {@code inproc} frames are read-only.</li>
     * <li>Requests: a message is taken from ZeroMQ only under demand; without demand ZeroMQ's queues fill up to their
     * high-water marks and stop the peers.</li>
     * <li>Completes: when the connection is disposed.</li>
     * <li>Fails: {@link ZmqException} if the socket fails.</li>
     * <li>Cancels: receiving; the connection stays open, and what was taken and not delivered comes first when it is
     * received from again. One subscriber at a time, a second one fails with {@link IllegalStateException}.</li>
     * </ul>
     *
     * @return the messages
     * @throws IllegalStateException if the socket is a PUSH or PUB
     */
    Flux<ZmqMessage> receive();

    /**
     * Sends messages. Several sends may run at once; the order of each is kept.
     * <ul>
     * <li>Requests: as many messages as the high-water mark of the sending side, from 2 to 1024, then more as ZeroMQ
     * takes them. The source may be asked on the loop thread: one that blocks needs {@code subscribeOn}.</li>
     * <li>Completes: when ZeroMQ has taken all messages; a socket that connects over {@code tcp} gives it none before it
     * is connected for the first time.</li>
     * <li>Fails: with the source's error; with {@link ZmqUndeliverableException} for a message that cannot be sent,
     * unless {@link ZmqSocket#onUndeliverable} takes it; with {@link ZmqException} when the connection is disposed or
     * the socket fails. All of it cancels the source.</li>
     * <li>Cancels: the source; what was emitted is still sent.</li>
     * </ul>
     *
     * @param messages the messages; a message of a ROUTER begins with the routing id of the peer it is for
     * @return the completion; nothing is sent before it is subscribed to
     * @throws IllegalStateException if the socket is a PULL or SUB
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
     * Returns the address that the socket is bound or connected to, with the real port if a wildcard was asked for. With
     * several, it is the one that was named first.
     *
     * @return the address
     */
    String endpoint();

    /**
     * Returns all addresses that the socket is bound and connected to, with the real ports.
     *
     * @return the addresses, in the order in which they were named
     */
    List<String> endpoints();

    /**
     * Has a SUB receive what begins with a topic from now on; each publisher hears of it as soon as it is connected. Who
     * subscribes to a topic twice has to unsubscribe twice. Returns at once.
     *
     * @param topic the first bytes of the messages, in UTF-8; the empty text is for all messages
     * @throws IllegalStateException if the socket is not a SUB
     */
    void subscribe(String topic);

    /**
     * Undoes one {@link #subscribe}; does nothing if there was none. What is under way still arrives.
     *
     * @param topic the topic
     * @throws IllegalStateException if the socket is not a SUB
     */
    void unsubscribe(String topic);

    /**
     * Tells what happens to the connections of the socket.
     * <ul>
     * <li>Emits: the last 64 events, then each as it happens, on the loop thread of the {@link ZmqResources}.</li>
     * <li>Requests: nothing is held back; of what comes without demand the latest event is kept.</li>
     * <li>Completes: when the socket is closed for good.</li>
     * <li>Cancels: nothing else. Any number may subscribe.</li>
     * </ul>
     *
     * @return the events
     */
    Flux<ZmqEvent> events();

    /**
     * Completes when the socket is closed and what it had taken was sent, or the linger time is over; fails if the
     * socket failed.
     *
     * @return the completion
     */
    Mono<Void> onDispose();
}
