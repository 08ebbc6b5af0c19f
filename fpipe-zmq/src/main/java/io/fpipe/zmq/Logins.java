/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.util.Logger;
import reactor.util.Loggers;
import zmq.Msg;

/**
 * Answers, on the loop, whether a client may log in (ZAP, https://rfc.zeromq.org/spec/27/): one for a ZeroMQ context, as
 * JeroMQ looks for it at one address. It knows the sockets by domains that it makes up. While nobody is bound there JeroMQ
 * lets everybody in, so it is opened before and closed after all others, and takes them with it when it fails.
 */
final class Logins implements SocketHandler, Outgoing.Origin {

    static final String ADDRESS = "inproc://zeromq.zap.01";

    private static final Logger LOG = Loggers.getLogger(Logins.class);
    private static final int HEAD_FRAMES = 8;

    private final OwnedSocket socket;
    private final AtomicLong count = new AtomicLong();
    private final Map<String, Admission> domains = new ConcurrentHashMap<>();
    private final Map<String, OwnedSocket> servers = new ConcurrentHashMap<>();

    private volatile boolean closed;

    Logins(ZmqResources resources) {
        socket = resources.open(SocketSettings.of(SocketType.ROUTER), List.of(new Endpoint(ADDRESS, true)), this);
        socket.start();
    }

    OwnedSocket socket() {
        return socket;
    }

    /** Returns the domain of a new server. */
    String add(Admission admission) {
        String domain = "fpipe-" + count.incrementAndGet();
        domains.put(domain, admission);
        return domain;
    }

    void opened(String domain, OwnedSocket server) {
        servers.put(domain, server);
        if (closed) { // or closing() finds it
            fail(server);
        } else if (!domains.containsKey(domain)) { // it is gone already
            servers.remove(domain);
        }
    }

    boolean isClosed() {
        return closed;
    }

    void remove(String domain) {
        domains.remove(domain);
        servers.remove(domain);
    }

    /** Peer, empty, version, request id, domain, address, identity, mechanism, then what the client gives. */
    @Override
    public void received(List<Msg> parts, int from, int to) {
        if (to - from < HEAD_FRAMES) {
            return;
        }
        List<ByteBuffer> given =
                parts.subList(from + HEAD_FRAMES, to).stream().map(Msg::buf).toList();
        boolean accepted =
                accepts(text(parts.get(from + 4)), text(parts.get(from + 7)), text(parts.get(from + 5)), given);
        socket.send(new Outgoing(
                this,
                parts.get(from).buf(),
                bytes(""),
                bytes("1.0"),
                parts.get(from + 3).buf(),
                bytes(accepted ? "200" : "400"),
                bytes(accepted ? "OK" : "refused"),
                bytes(""), // a user would come ahead of the first message, and nobody reads it there
                bytes("")));
    }

    private boolean accepts(String domain, String mechanism, String address, List<ByteBuffer> given) {
        Admission admission = domains.get(domain);
        boolean accepted = false;
        try {
            accepted = admission != null && admission.accepts(mechanism, address, given);
        } catch (Throwable ex) { // an Error too: one client's login must not end the servers of all
            LOG.error("whether a client at " + address + " may log in with " + mechanism + " cannot be told", ex);
        }
        if (!accepted) {
            LOG.debug("a client at {} was refused a login with {}", address, mechanism);
        }
        return accepted;
    }

    private static String text(Msg part) {
        return StandardCharsets.UTF_8.decode(part.buf()).toString();
    }

    private static ByteBuffer bytes(String text) {
        return StandardCharsets.UTF_8.encode(text);
    }

    @Override
    public void disconnected() {
        // over inproc there is no such event
    }

    @Override
    public void sent(int count) {
        // nobody waits for it
    }

    @Override
    public void failed(Outgoing message, ZmqException reason) {
        // who asked has gone
    }

    @Override
    public void closing(@Nullable Throwable failure) {
        closed = true;
        servers.values().forEach(Logins::fail);
    }

    private static void fail(OwnedSocket server) {
        server.fail(new ZmqException(server + " cannot ask any more who may log in"));
    }

    @Override
    public void closed(@Nullable Throwable failure) {
        // nobody waits for it
    }
}
