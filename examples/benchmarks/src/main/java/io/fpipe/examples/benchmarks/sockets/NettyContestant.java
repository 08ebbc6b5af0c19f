/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;

/** TCP of reactor-netty: each message behind its length in 4 bytes. */
final class NettyContestant implements Contestant {

    /** Up to here a message is copied behind its length; a larger one is written with it, from where it is. */
    private static final int COPY_BYTES = 4096;

    private final Scheduler source = Schedulers.newSingle("source", true);
    private final List<Connection> connections = new ArrayList<>();
    private @Nullable DisposableServer server;

    @Override
    public String bind(String transport, Run run) {
        DisposableServer bound = tcpServer()
                .handle((in, out) -> in.receive()
                        .doOnNext(frame -> arrived(frame, run))
                        .doOnError(run::fail)
                        .then())
                .bindNow();
        server = bound;
        return "127.0.0.1:" + bound.port();
    }

    private static TcpServer tcpServer() {
        return TcpServer.create().host("127.0.0.1").port(0).doOnConnection(NettyContestant::addDecoder);
    }

    private static void addDecoder(Connection connection) {
        connection.addHandlerLast(new LengthFieldBasedFrameDecoder(Integer.MAX_VALUE, 0, 4, 0, 4));
    }

    private static void arrived(ByteBuf frame, Run run) {
        int length = frame.readableBytes();
        int from = frame.readerIndex();
        if (length == run.size()) {
            run.arrived(length, frame.getLong(from), frame.getLong(from + length - 8));
        } else {
            run.arrived(length, -1, -1);
        }
    }

    private Connection connected(String address) {
        Connection connection = TcpClient.create()
                .host("127.0.0.1")
                .port(Integer.parseInt(address.substring(address.indexOf(':') + 1)))
                .doOnConnected(NettyContestant::addDecoder)
                .connectNow();
        connections.add(connection);
        return connection;
    }

    @Override
    public void send(String address, Run run) {
        Connection connection = connected(address);
        Flux<ByteBuf> frames = Flux.range(0, run.count())
                .map(i -> frame(connection.outbound().alloc(), run.message(i)))
                .subscribeOn(source);
        connection.outbound().send(frames).then().block();
    }

    private static ByteBuf frame(ByteBufAllocator allocator, byte[] message) {
        if (message.length <= COPY_BYTES) {
            return allocator.buffer(4 + message.length).writeInt(message.length).writeBytes(message);
        }
        byte[] length = ByteBuffer.allocate(4).putInt(message.length).array();
        return Unpooled.wrappedBuffer(length, message);
    }

    private static ByteBuf echoed(ByteBufAllocator allocator, ByteBuf frame) {
        int length = frame.readableBytes();
        return allocator.buffer(4 + length).writeInt(length).writeBytes(frame);
    }

    @Override
    public void roundTrips(int calls, Runnable answered) {
        DisposableServer echo = tcpServer()
                .handle((in, out) -> out.send(in.receive().map(frame -> echoed(out.alloc(), frame)), b -> true))
                .bindNow();
        server = echo;
        Connection connection = connected("127.0.0.1:" + echo.port());
        Sinks.Many<Integer> next = Sinks.many().unicast().onBackpressureBuffer();
        connection
                .outbound()
                .send(next.asFlux().map(i -> frame(connection.outbound().alloc(), new byte[64])), b -> true)
                .then()
                .subscribe();
        next.tryEmitNext(0);
        connection
                .inbound()
                .receive()
                .take(calls + 1L)
                .doOnNext(frame -> {
                    answered.run();
                    next.tryEmitNext(0);
                })
                .blockLast();
    }

    @Override
    public void close() {
        connections.forEach(Connection::disposeNow);
        if (server != null) {
            server.disposeNow();
        }
        source.dispose();
    }
}
