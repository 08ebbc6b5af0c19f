/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;
import zmq.Msg;

/**
 * One of the endpoints of a client that calls peers which are not fpipe. A client that connects gets a new link, with a
 * new socket, for each connection: JeroMQ would send what is queued in the old socket to whoever is reached next.
 */
final class PlainLine {

    private static final long RECONNECT_NANOS = 100_000_000;
    private static final long EVENT_GRACE_NANOS = 50_000_000;

    /** Long enough for the farewell to come first, behind all replies, if it comes at all. */
    private static final long FAREWELL_NANOS = 1_000_000_000;

    private static final ByteBuffer DELIMITER = ByteBuffer.allocate(0);

    private final PlainExchange exchange;
    private final ZmqResources resources;
    private final EventLoop loop;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;

    private volatile Link link;

    PlainLine(PlainExchange exchange, ZmqResources resources, Endpoint endpoint, ExchangeSettings settings) {
        this.exchange = exchange;
        this.resources = resources;
        this.loop = resources.loop();
        this.endpoint = endpoint;
        this.settings = settings;
        this.link = new Link(endpoint);
    }

    /** Opens a line to each endpoint, or none. */
    static List<PlainLine> open(
            PlainExchange exchange, ZmqResources resources, List<Endpoint> endpoints, ExchangeSettings settings) {
        List<PlainLine> lines = new ArrayList<>();
        try {
            for (Endpoint endpoint : endpoints) {
                lines.add(new PlainLine(exchange, resources, endpoint, settings));
            }
        } catch (Throwable ex) {
            lines.forEach(line -> {
                line.link.over = true;
                line.link.socket.start();
                line.link.socket.close(0);
            });
            throw ex;
        }
        return List.copyOf(lines);
    }

    void start() {
        link.start();
    }

    Link link() {
        return link;
    }

    private void reconnect() {
        if (!exchange.isDisposed()) {
            loop.schedule(RECONNECT_NANOS, () -> Schedulers.boundedElastic().schedule(this::relink));
        }
    }

    private void relink() {
        if (exchange.isDisposed()) {
            return;
        }
        Link next;
        try {
            next = new Link(endpoint.again(link.address()));
        } catch (Throwable ex) { // no descriptors, or the name does not resolve now; AssertionErrors of JeroMQ, too
            loop.execute(this::reconnect);
            return;
        }
        link = next;
        next.start();
        if (exchange.isDisposed()) {
            loop.execute(next::dispose);
        }
    }

    /** One connection; all on the loop, but for what ZeroMQ tells. */
    final class Link implements SocketHandler, Outgoing.Origin {

        private final OwnedSocket socket;
        private final Map<Long, PlainCall> calls = new HashMap<>();

        /** Those whose request is in ZeroMQ's queue. */
        private final Set<PlainCall> queued = ConcurrentHashMap.newKeySet();

        private boolean ready;
        private boolean over;
        private boolean closed;

        Link(Endpoint where) {
            socket = resources.open(settings.socket(SocketType.DEALER), List.of(where), this);
        }

        void start() {
            socket.start();
            if (endpoint.isInproc()) { // there are no events
                loop.execute(this::up);
            }
        }

        private void up() {
            if (!over) {
                ready = true;
                exchange.sendWaiting();
            }
        }

        boolean isReady() {
            return ready && !over;
        }

        boolean isClosed() {
            return closed;
        }

        String address() {
            return socket.address();
        }

        int callCount() {
            return calls.size();
        }

        void send(PlainCall call) {
            calls.put(call.number(), call);
            queued.add(call);
            call.sent(this);
            ByteBuffer hop = ByteBuffer.allocate(8).putLong(call.number()).flip();
            socket.send(new Outgoing(this, () -> unqueued(call), hop, DELIMITER, call.request()));
        }

        private void unqueued(PlainCall call) {
            if (queued.remove(call)) {
                call.release();
            }
        }

        /** The caller waits no longer; a reply that comes nevertheless is dropped. */
        void forget(PlainCall call) {
            calls.remove(call.number());
        }

        @Override
        public void received(List<Msg> parts, int from, int to) {
            Frame frame = Frame.read(parts, from, to);
            if (frame != null && frame.isFarewell()) {
                lost();
                return;
            }
            boolean reply = to - from > 2
                    && parts.get(from).size() == 8
                    && parts.get(from + 1).size() == 0;
            if (!reply) {
                ProtocolLog.notReply(socket, parts.subList(from, to));
                return;
            }
            PlainCall call = calls.get(parts.get(from).buf().getLong());
            if (call == null) {
                ProtocolLog.lateReply(socket);
                return;
            }
            List<ByteBuffer> body = new ArrayList<>(1);
            long bytes = 0;
            for (Msg part : parts.subList(from + 2, to)) {
                bytes += part.size();
                if (part.size() > 0) {
                    body.add(part.buf());
                }
            }
            call.answer(body, bytes);
        }

        @Override
        public void happened(ZmqEvent event) {
            if (event.kind() == ZmqEvent.Kind.PEER_UP) {
                up();
            }
        }

        /**
         * May come before the last replies. The farewell comes only behind a whole handshake; after one that failed JeroMQ
         * may not connect again. A client that is bound has this event only, and its socket goes on.
         */
        @Override
        public void disconnected() {
            if (!endpoint.bind()) {
                loop.schedule(FAREWELL_NANOS, this::lost);
                return;
            }
            List<PlainCall> sent = List.copyOf(calls.values());
            List<PlainCall> stuck = List.copyOf(queued); // JeroMQ drops what is queued for the peer that is gone
            loop.schedule(EVENT_GRACE_NANOS, () -> {
                sent.forEach(call -> call.fail(loss()));
                stuck.forEach(this::unqueued);
            });
        }

        private ZmqDisconnectedException loss() {
            return new ZmqDisconnectedException("lost " + address() + ": the connection was lost", 0);
        }

        private void lost() {
            if (!over) {
                over = true;
                fail(loss());
                socket.close(0);
                reconnect();
            }
        }

        private void fail(Throwable reason) {
            List.copyOf(calls.values()).forEach(call -> call.fail(reason));
        }

        void dispose() {
            if (!closed) {
                over = true;
                socket.close(ExchangeSettings.LINGER_MILLIS);
            }
        }

        @Override
        public void closed(@Nullable Throwable failure) {
            closed = true;
            queued.forEach(this::unqueued);
            if (failure != null && !over) {
                over = true;
                fail(failure);
                reconnect();
            }
            exchange.finishIfClosed();
        }

        @Override
        public void sent(int count) {
            // the number of calls, not the socket, says how much may be sent
        }

        @Override
        public void failed(Outgoing message, ZmqException reason) { // the socket is closed
            Runnable taken = message.taken();
            if (taken != null) {
                taken.run();
            }
        }
    }
}
