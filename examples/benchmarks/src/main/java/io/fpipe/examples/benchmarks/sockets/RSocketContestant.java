/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.ByteBufPayload;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** RSocket: the sink requests a stream from the source, which connects to it; round trips are its request-response. */
final class RSocketContestant implements Contestant {

    private final Scheduler source = Schedulers.newSingle("source", true);
    private @Nullable CloseableChannel server;
    private @Nullable RSocket client;

    @Override
    public String bind(String transport, Run run) {
        CloseableChannel bound = bind((setup, peer) -> {
            peer.requestStream(ByteBufPayload.create("go"))
                    .limitRate(run.window())
                    .subscribe(payload -> arrived(payload, run), run::fail);
            return Mono.just(new RSocket() {});
        });
        return "127.0.0.1:" + bound.address().getPort();
    }

    private CloseableChannel bind(SocketAcceptor acceptor) {
        CloseableChannel bound = RSocketServer.create(acceptor)
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .bindNow(TcpServerTransport.create("127.0.0.1", 0));
        server = bound;
        return bound;
    }

    private RSocket connect(String address, SocketAcceptor acceptor) {
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
        RSocket connected = RSocketConnector.create()
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .acceptor(acceptor)
                .connect(TcpClientTransport.create("127.0.0.1", port))
                .block();
        if (connected == null) {
            throw new IllegalStateException("not connected");
        }
        client = connected;
        return connected;
    }

    private static void arrived(Payload payload, Run run) {
        ByteBuf data = payload.sliceData();
        int length = data.readableBytes();
        if (length == run.size()) {
            run.arrived(length, data.getLong(data.readerIndex()), data.getLong(data.readerIndex() + length - 8));
        } else {
            run.arrived(length, -1, -1);
        }
        payload.release();
    }

    @Override
    public void send(String address, Run run) {
        connect(address, SocketAcceptor.forRequestStream(request -> {
            request.release();
            return Flux.range(0, run.count())
                    .map(i -> ByteBufPayload.create(run.message(i)))
                    .subscribeOn(source);
        }));
    }

    @Override
    public void roundTrips(int calls, Runnable answered) {
        CloseableChannel echo = bind(SocketAcceptor.forRequestResponse(Mono::just));
        RSocket peer = connect(
                "127.0.0.1:" + echo.address().getPort(), SocketAcceptor.forRequestResponse(request -> Mono.empty()));
        Flux.range(0, calls + 1)
                .concatMap(i -> peer.requestResponse(ByteBufPayload.create(new byte[64])), 1)
                .doOnNext(answer -> {
                    answered.run();
                    answer.release();
                })
                .blockLast();
    }

    @Override
    public void close() {
        if (client != null) {
            client.dispose();
        }
        if (server != null) {
            server.dispose();
            server.onClose().block();
        }
        source.dispose();
    }
}
