/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.ArrayList;
import java.util.List;
import reactor.core.scheduler.Schedulers;

/** One of a client's endpoints: a {@link ClientLink} while there is a connection, and a new one when it is lost. */
final class ClientLine {

    private static final long RECONNECT_NANOS = 100_000_000;

    /** A handshake with keys is work for the server: who is refused does not try as often. */
    private static final long REFUSED_NANOS = 1_000_000_000;

    private final ClientExchange exchange;
    private final ZmqResources resources;
    private final Endpoint endpoint;
    private final ExchangeSettings settings;
    private final Handshakes handshakes;

    private volatile ClientLink link;

    ClientLine(ClientExchange exchange, ZmqResources resources, Endpoint endpoint, ExchangeSettings settings) {
        this.exchange = exchange;
        this.resources = resources;
        this.endpoint = endpoint;
        this.settings = settings;
        this.handshakes = new Handshakes(settings.security());
        this.link = open(endpoint);
    }

    /** Opens a line to each endpoint, or none. */
    static List<ClientLine> open(
            ClientExchange exchange, ZmqResources resources, List<Endpoint> endpoints, ExchangeSettings settings) {
        List<ClientLine> lines = new ArrayList<>();
        try {
            for (Endpoint endpoint : endpoints) {
                lines.add(new ClientLine(exchange, resources, endpoint, settings));
            }
        } catch (Throwable ex) {
            lines.forEach(line -> line.link.discard());
            throw ex;
        }
        return List.copyOf(lines);
    }

    private ClientLink open(Endpoint where) {
        return new ClientLink(exchange, this, resources, where, settings);
    }

    ClientLink link() {
        return link;
    }

    /** How the last ones went; on the loop. */
    Handshakes handshakes() {
        return handshakes;
    }

    /** The link's server is lost: a new socket takes over, on a thread that may resolve a name; on the loop. */
    void reconnect(ClientLink lost) {
        if (!exchange.isDisposed() && lost == link) {
            long nanos = handshakes.isRefused() ? REFUSED_NANOS : RECONNECT_NANOS;
            resources.loop().schedule(nanos, () -> Schedulers.boundedElastic().schedule(this::relink));
        }
    }

    private void relink() {
        if (exchange.isDisposed()) {
            return;
        }
        ClientLink next;
        try {
            next = open(endpoint.again(link.address()));
        } catch (Throwable ex) { // no descriptors, or the name does not resolve now; AssertionErrors of JeroMQ, too
            resources.loop().execute(() -> reconnect(link));
            return;
        }
        link = next;
        next.start();
        if (exchange.isDisposed()) {
            resources.loop().execute(() -> next.dispose(exchange.disposal()));
        }
    }
}
