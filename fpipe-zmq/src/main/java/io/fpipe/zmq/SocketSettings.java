/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import zmq.Msg;
import zmq.SocketBase;
import zmq.ZMQ;
import zmq.msg.MsgAllocator;

/**
 * How a socket is set up: JeroMQ's options by their numbers, and what JeroMQ knows nothing of. Nobody sees one change:
 * each method that changes something returns a copy.
 */
final class SocketSettings {

    static final int HIGH_WATER_MARK = 1000;
    static final int MAX_PREFETCH = 1024;
    static final int MAX_MESSAGE_BYTES = 64 << 20;
    static final int BUFFER_BYTES = 1 << 20;
    static final int RECONNECT_MILLIS = 100;
    static final int LINGER_MILLIS = 1000;

    /**
     * How long a connection may take to exchange greetings before it is tried anew. JeroMQ's default of 30 seconds would
     * be a long wait for a peer that is silent, or where even {@link HandshakeWatch} does not help.
     */
    static final int HANDSHAKE_MILLIS = 2000;

    static final int KEEPALIVE_IDLE_SECONDS = 60;
    static final int KEEPALIVE_INTERVAL_SECONDS = 10;
    static final int KEEPALIVE_PROBES = 6;

    private final SocketType type;
    private Map<Integer, Object> options = new LinkedHashMap<>();
    private List<String> topics = List.of();
    private long maxMessageBytes = MAX_MESSAGE_BYTES;
    private int lingerMillis = LINGER_MILLIS;
    private boolean waiting;
    private boolean farewell;
    private @Nullable BiConsumer<? super ZmqMessage, ? super ZmqUndeliverableException> undeliverable;
    private @Nullable Admission admission;

    private SocketSettings(SocketType type) {
        this.type = type;
        this.waiting = !type.publishes();
        options.put(ZMQ.ZMQ_SNDHWM, HIGH_WATER_MARK);
        options.put(ZMQ.ZMQ_RCVHWM, HIGH_WATER_MARK);
        options.put(ZMQ.ZMQ_RCVBUF, BUFFER_BYTES);
        options.put(ZMQ.ZMQ_SNDBUF, BUFFER_BYTES);
        options.put(ZMQ.ZMQ_RECONNECT_IVL, RECONNECT_MILLIS);
        options.put(ZMQ.ZMQ_HANDSHAKE_IVL, HANDSHAKE_MILLIS);
        options.put(ZMQ.ZMQ_TCP_KEEPALIVE, 1);
        options.put(ZMQ.ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_SECONDS);
        options.put(ZMQ.ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_SECONDS);
        options.put(ZMQ.ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES);
        if (type == SocketType.ROUTER) { // or messages to unknown and full peers are dropped
            options.put(ZMQ.ZMQ_ROUTER_MANDATORY, true);
        }
        if (type == SocketType.SUB) { // what it sends is its subscriptions, and above the mark they would be dropped
            options.put(ZMQ.ZMQ_SNDHWM, 0);
        }
    }

    /** The defaults. */
    static SocketSettings of(SocketType type) {
        return new SocketSettings(type);
    }

    private SocketSettings change(Consumer<SocketSettings> change) {
        SocketSettings copy = new SocketSettings(type);
        copy.options = new LinkedHashMap<>(options);
        copy.topics = topics;
        copy.maxMessageBytes = maxMessageBytes;
        copy.lingerMillis = lingerMillis;
        copy.waiting = waiting;
        copy.farewell = farewell;
        copy.undeliverable = undeliverable;
        copy.admission = admission;
        change.accept(copy);
        return copy;
    }

    /** Sets an option of JeroMQ's. */
    SocketSettings with(int option, Object value) {
        return change(s -> s.options.put(option, value));
    }

    SocketSettings topics(String... names) {
        return change(s -> s.topics = List.of(names));
    }

    SocketSettings maxMessageBytes(long bytes) {
        return change(s -> s.maxMessageBytes = bytes);
    }

    SocketSettings lingerMillis(int millis) {
        return change(s -> s.lingerMillis = millis);
    }

    SocketSettings waiting(boolean wait) {
        return change(s -> s.waiting = wait);
    }

    SocketSettings undeliverable(BiConsumer<? super ZmqMessage, ? super ZmqUndeliverableException> told) {
        return change(s -> s.undeliverable = told);
    }

    SocketSettings admission(Admission accepts) {
        return change(s -> s.admission = accepts);
    }

    /**
     * Has the socket receive {@link Frame#FAREWELL} when a peer is lost: behind all that the peer sent, where an event
     * may come before it. A connecting ROUTER and a bound DEALER get none.
     */
    SocketSettings farewell() {
        return change(s -> s.farewell = true);
    }

    SocketType type() {
        return type;
    }

    void requireSends() {
        if (!type.sends()) {
            throw new IllegalStateException("a " + type + " socket does not send");
        }
    }

    void requireReceives() {
        if (!type.receives()) {
            throw new IllegalStateException("a " + type + " socket does not receive");
        }
    }

    void require(SocketType only, String what) {
        if (type != only) {
            throw new IllegalStateException(what + " is for " + only + ", this is a " + type);
        }
    }

    boolean has(int option) {
        return options.containsKey(option);
    }

    /** How many messages a send may have asked its source for and not sent: as many as ZeroMQ may queue, at least 2. */
    int prefetch() {
        int mark = (int) options.getOrDefault(ZMQ.ZMQ_SNDHWM, 0);
        return mark == 0 ? MAX_PREFETCH : Math.max(2, Math.min(MAX_PREFETCH, mark));
    }

    long maxMessageBytes() {
        return maxMessageBytes;
    }

    int lingerMillis() {
        return lingerMillis;
    }

    boolean isRelaxed() {
        return Boolean.TRUE.equals(options.get(ZMQ.ZMQ_REQ_RELAXED));
    }

    /** Whether a message waits for a peer that is full. */
    boolean isWaiting() {
        return waiting;
    }

    /** Who hears of a message that cannot be sent, where that is not the end of the stream. */
    @Nullable
    BiConsumer<? super ZmqMessage, ? super ZmqUndeliverableException> undeliverable() {
        return undeliverable;
    }

    /** Who may log in, where the socket asks for it. */
    @Nullable
    Admission admission() {
        return admission;
    }

    /** Sets what has to be set before bind or connect. */
    void applyTo(SocketBase socket, BooleanSupplier closing) {
        options.forEach((option, value) -> {
            if (option != ZMQ.ZMQ_SNDBUF) {
                set(socket, option, value);
            }
        });
        set(socket, ZMQ.ZMQ_LINGER, 0); // the close sets it anew; JeroMQ's default is for ever
        // Without a maximum one hostile header of 2 GB ends the IO thread, and with it every socket of the context.
        set(socket, ZMQ.ZMQ_MAXMSGSIZE, maxMessageBytes);
        set(socket, ZMQ.ZMQ_MSG_ALLOCATOR, allocator(closing));
        if (type.publishes()) {
            set(socket, ZMQ.ZMQ_XPUB_NODROP, waiting);
        }
        topics.forEach(topic -> set(socket, ZMQ.ZMQ_SUBSCRIBE, bytes(topic)));
        if (farewell) {
            int option = type == SocketType.ROUTER ? ZMQ.ZMQ_DISCONNECT_MSG : ZMQ.ZMQ_HICCUP_MSG;
            set(socket, option, Frame.FAREWELL);
        }
    }

    private static void set(SocketBase socket, int option, Object value) {
        if (!socket.setSocketOpt(option, value)) {
            throw new ZmqException("ZeroMQ refuses option " + option + " with the value " + value);
        }
    }

    static byte[] bytes(String topic) {
        return topic.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * What allocates received frames. A length of 2^63 or more is negative to JeroMQ, which then does not compare it with the
     * maximum and passes on its low half, negative or up to 2 GB: what only a hostile peer sends is an empty frame here.
     */
    private MsgAllocator allocator(BooleanSupplier closing) {
        if (has(ZMQ.ZMQ_CURVE_SECRETKEY)) {
            return size -> new CurveMsg(checked(size), closing);
        }
        return admission == null ? size -> new Msg(checked(size)) : size -> new LoginMsg(checked(size), closing);
    }

    private int checked(int size) {
        return size < 0 || size > maxMessageBytes ? 0 : size;
    }

    /** Has a ROUTER that connects tell its peer so; a peer that connects itself knows, and a REQ would not bear it. */
    void applyGreetingTo(SocketBase socket) {
        if (farewell && type == SocketType.ROUTER) {
            set(socket, ZMQ.ZMQ_HELLO_MSG, Frame.GREETING);
        }
    }

    /** Sets the send buffer: before connect, but after bind, where a listener would throw. */
    void applySendBufferTo(SocketBase socket) {
        set(socket, ZMQ.ZMQ_SNDBUF, options.getOrDefault(ZMQ.ZMQ_SNDBUF, BUFFER_BYTES));
    }
}
