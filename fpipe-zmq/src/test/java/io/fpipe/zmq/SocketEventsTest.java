/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.ZmqEvent.Kind.ACCEPTED;
import static io.fpipe.zmq.ZmqEvent.Kind.CLOSED;
import static io.fpipe.zmq.ZmqEvent.Kind.CONNECTED;
import static io.fpipe.zmq.ZmqEvent.Kind.DISCONNECTED;
import static io.fpipe.zmq.ZmqEvent.Kind.HANDSHAKE_FAILED;
import static io.fpipe.zmq.ZmqEvent.Kind.LISTENING;
import static io.fpipe.zmq.ZmqEvent.Kind.PEER_UP;
import static io.fpipe.zmq.ZmqEvent.Kind.RETRIED;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class SocketEventsTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final ZmqResources resources = ZmqResources.create(o -> o.name("events-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket push() {
        return ZmqSocket.push().runOn(resources).linger(Duration.ZERO);
    }

    private ZmqConnection pull(String endpoint) {
        return ZmqSocket.pull().runOn(resources).bind(endpoint).openNow();
    }

    private static void await(ZmqConnection connection, ZmqEvent.Kind... kinds) {
        Flux<ZmqEvent> events = connection.events();
        for (ZmqEvent.Kind kind : kinds) {
            assertThat(events.filter(e -> e.kind() == kind).blockFirst(LIMIT)).isNotNull();
        }
    }

    @Test
    void tellsOfThePeersThatComeAndGoAndOfTheEnd() {
        ZmqConnection pull = pull("tcp://127.0.0.1:*");
        ZmqConnection push = push().connect(pull.endpoint()).openNow();
        await(push, CONNECTED, PEER_UP);
        await(pull, LISTENING, ACCEPTED, PEER_UP);
        push.dispose();
        await(pull, DISCONNECTED);

        Mono<List<ZmqEvent>> all = pull.events().collectList().cache();
        all.subscribe();
        pull.dispose();

        List<ZmqEvent> events = all.block(LIMIT);
        assertThat(events).extracting(ZmqEvent::kind).containsSubsequence(LISTENING, ACCEPTED, PEER_UP, DISCONNECTED);
        assertThat(events).extracting(ZmqEvent::kind).contains(CLOSED);
        assertThat(events.get(0).endpoint()).isEqualTo(pull.endpoint());
    }

    @Test
    void tellsOfEachTryAndThenOfTheConnection() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String endpoint = "tcp://127.0.0.1:" + port;
        ZmqConnection push = push().reconnectInterval(Duration.ofMillis(20), Duration.ofMillis(40))
                .connect(endpoint)
                .openNow();
        StepVerifier.create(push.events().filter(e -> e.kind() == RETRIED).take(3))
                .assertNext(e -> assertThat(e.detail()).matches("in [0-9]+ ms"))
                .expectNextCount(2)
                .expectComplete()
                .verify(LIMIT);

        pull(endpoint);

        await(push, CONNECTED, PEER_UP);
    }

    @Test
    void tellsOfAPeerThatBreaksTheProtocol() throws Exception {
        ZmqConnection pull = pull("tcp://127.0.0.1:*");
        int port = Integer.parseInt(pull.endpoint().substring(pull.endpoint().lastIndexOf(':') + 1));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            ByteBuffer bytes = ByteBuffer.allocate(80).put((byte) 0xff).position(9);
            bytes.put((byte) 0x7f).put((byte) 3).put((byte) 0).put("NULL".getBytes(StandardCharsets.US_ASCII));
            bytes.position(64).put((byte) 4).put((byte) 6).put("\5BOGUS".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(bytes.array(), 0, bytes.position());
            await(pull, ACCEPTED, HANDSHAKE_FAILED, DISCONNECTED);
        }
        assertThat(pull.events().filter(e -> e.kind() == HANDSHAKE_FAILED).blockFirst(LIMIT))
                .hasFieldOrPropertyWithValue("detail", "protocol error 0x10000001");
    }

    @Test
    void withoutDemandTheLatestIsKept() {
        ZmqConnection pull = pull("tcp://127.0.0.1:*");
        StepVerifier.create(pull.events().map(ZmqEvent::kind), 0)
                .expectSubscription()
                .then(() -> {
                    for (int i = 0; i < 5; i++) {
                        push().connect(pull.endpoint())
                                .openNow()
                                .send(Mono.just(message("x")))
                                .block(LIMIT);
                    }
                    pull.receive().take(5).blockLast(LIMIT);
                    pull.dispose();
                    pull.onDispose().block(LIMIT);
                })
                .thenRequest(1)
                .expectNextCount(1)
                .expectComplete()
                .verify(LIMIT);
    }

    @Test
    void whoComesLateGetsTheLastOnes() {
        ZmqConnection pull = pull("tcp://127.0.0.1:*");
        for (int i = 0; i < 40; i++) {
            ZmqConnection push = push().connect(pull.endpoint()).openNow();
            await(push, PEER_UP);
            push.dispose();
            push.onDispose().block(LIMIT);
        }
        // three for each peer
        pull.events().filter(e -> e.kind() == DISCONNECTED).take(20).blockLast(LIMIT);
        pull.dispose();
        pull.onDispose().block(LIMIT);

        StepVerifier.create(pull.events()).expectNextCount(64).expectComplete().verify(LIMIT);
    }

    /** The kernel makes one once in a while, where it gives the port of a server that is gone to whoever connects to it. */
    @Test
    void aConnectionOfASocketWithItselfEnds() throws Exception {
        try (SocketChannel channel = SocketChannel.open()) {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            channel.connect(channel.getLocalAddress());
            assertThat(channel.write(ByteBuffer.allocate(8))).isEqualTo(8);
            EventHook.endIfItself(channel);
            assertThat(channel.read(ByteBuffer.allocate(8))).as("the end").isEqualTo(-1);
        }
    }

    @Test
    void aConnectionWithSomebodyElseGoesOn() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                SocketChannel channel = SocketChannel.open(server.getLocalSocketAddress());
                Socket accepted = server.accept()) {
            EventHook.endIfItself(channel);
            accepted.getOutputStream().write(new byte[8]);
            assertThat(channel.read(ByteBuffer.allocate(8))).isEqualTo(8);
        }
    }
}
