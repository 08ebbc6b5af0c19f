/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.frame.Frames;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.util.ResourceLeakDetector;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;

/** Messages over a TCP connection of reactor-netty, decompressed and compressed again on the other side. */
class NettyEchoTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final Frames FRAMES = Frames.chunked();

    /** Counts what is not yet released. */
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);

    private final ResourceLeakDetector.Level levelBefore = ResourceLeakDetector.getLevel();
    private LoopResources loop;
    private DisposableServer server;

    @BeforeEach
    void start() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        loop = LoopResources.create("echo-test", 1, true);
        Stage again = Zlib.decompress().then(Zlib.compress());
        server = TcpServer.create()
                .host("127.0.0.1")
                .port(0)
                .runOn(loop)
                .option(ChannelOption.ALLOCATOR, allocator)
                .childOption(ChannelOption.ALLOCATOR, allocator)
                .handle((in, out) -> out.send(NettyBuffers.to(FRAMES.encode(
                        FRAMES.decode(NettyBuffers.fromLent(in.receive())).map(again)))))
                .bindNow(TIMEOUT);
    }

    @AfterEach
    void stop() {
        server.disposeNow(TIMEOUT);
        loop.disposeLater(Duration.ZERO, TIMEOUT).block(TIMEOUT);
        ResourceLeakDetector.setLevel(levelBefore);
        assertThat(allocator.metric().usedDirectMemory()).isZero();
        assertThat(allocator.metric().usedHeapMemory()).isZero();
    }

    private Connection connect() {
        return TcpClient.create()
                .remoteAddress(server::address)
                .runOn(loop)
                .option(ChannelOption.ALLOCATOR, allocator)
                .connectNow(TIMEOUT);
    }

    @Test
    void messagesComeBack() {
        byte[] noise = new byte[1 << 20];
        new Random(1).nextBytes(noise);
        Connection connection = connect();
        Flux<byte[]> replies = FRAMES.decode(
                        NettyBuffers.fromOwned(connection.inbound().receive().retain()))
                .concatMap(frame -> Chunks.join(Zlib.decompress().apply(frame), noise.length))
                .take(2);
        Flux<byte[]> messages = Flux.just(noise, new byte[] {42});
        connection
                .outbound()
                .send(NettyBuffers.to(
                        FRAMES.encode(messages.map(bytes -> Zlib.compress().apply(Chunks.of(bytes))))))
                .then()
                .subscribe();
        assertThat(replies.collectList().block(TIMEOUT)).containsExactly(noise, new byte[] {42});
        connection.disposeNow(TIMEOUT);
    }

    @Test
    void nothingIsLeftWhenTheReplyIsCancelled() {
        Connection connection = connect();
        Flux<byte[]> endless = Flux.<byte[]>generate(sink -> sink.next(new byte[10_000]));
        connection
                .outbound()
                .send(NettyBuffers.to(
                        FRAMES.encode(endless.map(bytes -> Zlib.compress().apply(Chunks.of(bytes))))))
                .then()
                .subscribe();
        assertThat(NettyBuffers.fromOwned(connection.inbound().receive().retain())
                        .blockFirst(TIMEOUT)
                        .remaining())
                .isPositive();
        connection.disposeNow(TIMEOUT);
    }
}
