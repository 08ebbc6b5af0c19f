/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.bytes;
import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static io.fpipe.zmq.Probe.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the options do, what they refuse, and that a copy changes nothing of what it was made of. */
class SocketOptionsTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String TCP = "tcp://127.0.0.1:*";
    private static final String INPROC = "inproc://name";

    private final ZmqResources resources = ZmqResources.create(o -> o.name("options-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket on(ZmqSocket socket) {
        return socket.runOn(resources).linger(Duration.ZERO);
    }

    private static Probe receive(ZmqConnection connection) {
        Probe probe = new Probe(Long.MAX_VALUE);
        connection.receive().subscribe(probe);
        return probe;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void refused(String why, ThrowingCallable call) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(why);
    }

    // ---- refusals

    @Test
    void valuesThatMakeNoSenseAreRefusedWithTheirNumbers() {
        ZmqSocket socket = ZmqSocket.dealer();
        refused("at least 1, was 0", () -> socket.highWaterMark(0));
        refused("at least 1, was -1", () -> socket.sendHighWaterMark(-1));
        refused("at least 1, was -5", () -> socket.receiveHighWaterMark(-5));
        refused("at least 1000, was 999", () -> socket.highWaterMarkBytes(999, 1000));
        refused("at least 1, was 0", () -> socket.highWaterMarkBytes(1, 0));
        refused("at least 1, was 0", () -> socket.maxMessageBytes(0));
        refused("at least 8192, was 8191", () -> socket.bufferBytes(8191));
        refused("was PT-0.001S", () -> socket.linger(Duration.ofMillis(-1)));
        refused("24 days", () -> socket.linger(Duration.ofDays(25)));
        refused("was PT0S", () -> socket.handshakeTimeout(Duration.ZERO));
        refused("was PT0.5S", () -> socket.tcpKeepAlive(Duration.ofMillis(500), Duration.ofSeconds(1), 1));
        refused("was PT0S", () -> socket.tcpKeepAlive(Duration.ofSeconds(1), Duration.ZERO, 1));
        refused(
                "probes must be at least 1",
                () -> socket.tcpKeepAlive(Duration.ofSeconds(1), Duration.ofSeconds(1), 0));
        refused("has 0", () -> socket.routingId(bytes("")));
        refused("has 256", () -> socket.routingId(ByteBuffer.allocate(256).put(0, (byte) 1)));
        refused("begin with 0", () -> socket.routingId(ByteBuffer.allocate(5)));
        refused("empty", () -> socket.helloMessage(bytes("")));
    }

    /** 0 never connects again in JeroMQ, and -1 connects thousands of times a second. */
    @Test
    void aReconnectIntervalOfNothingIsRefused() {
        ZmqSocket socket = ZmqSocket.push();
        refused("was PT0S", () -> socket.reconnectInterval(Duration.ZERO));
        refused("was PT-0.001S", () -> socket.reconnectInterval(Duration.ofMillis(-1)));
        refused("was PT0.000001S", () -> socket.reconnectInterval(Duration.ofNanos(1000)));
        refused("was PT0.099S", () -> socket.reconnectInterval(Duration.ofMillis(100), Duration.ofMillis(99)));
        assertThatCode(() -> socket.reconnectInterval(Duration.ofMillis(1))).doesNotThrowAnyException();
    }

    @Test
    void optionsThatATypeHasNoUseForAreRefused() {
        List<ThrowingCallable> calls = List.of(
                () -> ZmqSocket.push().routingId(bytes("x")),
                () -> ZmqSocket.pull().probe(true),
                () -> ZmqSocket.req().helloMessage(bytes("x")),
                () -> ZmqSocket.push().waitForFullPeers(true),
                () -> ZmqSocket.dealer().relaxed(true));
        for (ThrowingCallable call : calls) {
            assertThatIllegalStateException().isThrownBy(call).withMessageContaining("is not for a ");
        }
    }

    @Test
    void heartbeatsAreRefusedWithTheReason() {
        assertThatThrownBy(() -> ZmqSocket.push().heartbeat(Duration.ofSeconds(1)))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("no demand")
                .hasMessageContaining("tcpKeepAlive");
    }

    @Test
    void aCopyChangesNothingOfWhatItWasMadeOf() throws Exception {
        ZmqSocket plain = on(ZmqSocket.pull()).bind(TCP);
        plain.maxMessageBytes(10).bind("inproc://more").plainServer(c -> false);

        ZmqConnection pull = plain.openNow();
        assertThat(pull.endpoints()).hasSize(1);
        on(ZmqSocket.push())
                .connect(pull.endpoint())
                .openNow()
                .send(Mono.just(message("x".repeat(20))))
                .subscribe();
        assertThat(receive(pull).nextText()).hasSize(20);
    }

    // ---- effects

    @Test
    void everyOptionIsAcceptedByTheEngineForEachType() {
        List<ZmqSocket> types = List.of(
                ZmqSocket.pull(),
                ZmqSocket.push(),
                ZmqSocket.pub().waitForFullPeers(true),
                ZmqSocket.sub("a", ""),
                ZmqSocket.xpub().waitForFullPeers(true),
                ZmqSocket.pair(),
                ZmqSocket.dealer().routingId(bytes("d")).probe(true).helloMessage(bytes("h")),
                ZmqSocket.router()
                        .routingId(bytes("r"))
                        .probe(true)
                        .helloMessage(bytes("h"))
                        .waitForFullPeers(false),
                ZmqSocket.req().routingId(bytes("q")).probe(true).relaxed(true),
                ZmqSocket.rep().routingId(bytes("p")));
        UnaryOperator<ZmqSocket> all = s -> s.highWaterMark(7)
                .highWaterMarkBytes(1 << 20, 1024)
                .maxMessageBytes(1 << 20)
                .bufferBytes(1 << 16)
                .linger(Duration.ofMillis(10))
                .reconnectInterval(Duration.ofMillis(10), Duration.ofMillis(100))
                .handshakeTimeout(Duration.ofSeconds(1))
                .queueOnlyToConnectedPeers(true)
                .tcpKeepAlive(false)
                .tcpKeepAlive(Duration.ofSeconds(10), Duration.ofSeconds(5), 3)
                .onUndeliverable((m, why) -> {});
        for (ZmqSocket type : types) {
            ZmqConnection bound =
                    all.apply(on(type)).plainServer(c -> true).bind(TCP).openNow();
            ZmqConnection connected = all.apply(on(type))
                    .plain("a", "b")
                    .connect(bound.endpoint())
                    .openNow();
            assertThat(connected
                            .events()
                            .filter(e -> e.kind() == ZmqEvent.Kind.CONNECTED)
                            .blockFirst(LIMIT))
                    .as("a connection of %s", type)
                    .isNotNull();
        }
    }

    @Test
    void aByteBudgetBoundsWhatIsQueued() throws Exception {
        ZmqSocket pull = on(ZmqSocket.pull()).highWaterMarkBytes(10_000, 1000);
        ZmqConnection bound = pull.bind(INPROC).openNow();
        ZmqConnection push = on(ZmqSocket.push())
                .highWaterMarkBytes(20_000, 1000)
                .connect(INPROC)
                .openNow();
        Probe none = new Probe(0);
        bound.receive().subscribe(none);
        AtomicLong taken = new AtomicLong();
        for (int i = 0; i < 100; i++) {
            push.sendBytes(Mono.just(ByteBuffer.allocate(1000))).subscribe(v -> {}, e -> {}, taken::incrementAndGet);
        }
        assertThat(new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS)).isFalse();
        assertThat(taken).as("messages taken").hasValue(30); // over inproc one queue, of both marks
    }

    @Test
    void aRouterKnowsAPeerByItsRoutingId() throws Exception {
        ZmqConnection router = on(ZmqSocket.router()).bind(TCP).openNow();
        Probe atRouter = receive(router);
        for (ZmqSocket socket : List.of(ZmqSocket.dealer(), ZmqSocket.req())) {
            String id = "worker " + socket; // each its own: a ROUTER refuses a second peer of one that is not gone yet
            ZmqConnection peer =
                    on(socket).routingId(bytes(id)).connect(router.endpoint()).openNow();
            peer.send(Mono.just(message("x"))).block(LIMIT);
            assertThat(text(atRouter.next().frame(0))).isEqualTo(id);
        }
    }

    @Test
    void aRouterProbesAndGreetsItsPeers() throws Exception {
        ZmqConnection router = on(ZmqSocket.router()).bind(TCP).openNow();
        Probe atRouter = receive(router);
        ZmqConnection worker = on(ZmqSocket.dealer())
                .routingId(bytes("w"))
                .probe(true)
                .connect(router.endpoint())
                .openNow();
        assertThat(atRouter.nextText()).isEmpty();
        router.send(Mono.just(to(bytes("w"), "go"))).block(LIMIT);
        assertThat(receive(worker).nextText()).isEqualTo("go");

        on(ZmqSocket.dealer())
                .helloMessage(bytes("here I am"))
                .connect(router.endpoint())
                .openNow();
        assertThat(atRouter.nextText()).isEqualTo("here I am");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void queuesForPeersThatAreNotThereYetUnlessToldOtherwise(boolean only) throws Exception {
        ZmqConnection there = on(ZmqSocket.pull()).bind(TCP).openNow();
        String absent = "tcp://127.0.0.1:" + freePort();
        ZmqConnection push = on(ZmqSocket.push())
                .queueOnlyToConnectedPeers(only)
                .connect(there.endpoint())
                .connect(absent)
                .openNow();
        Probe probe = receive(there);

        push.send(Flux.range(0, 10).map(i -> message("" + i))).block(LIMIT);

        int expected = only ? 10 : 5;
        for (int i = 0; i < expected; i++) {
            probe.next();
        }
        assertThat(probe.poll(50)).isNull();
        if (!only) {
            ZmqConnection late = on(ZmqSocket.pull()).bind(absent).openNow();
            StepVerifier.create(late.receive().take(5)).expectNextCount(5).verifyComplete();
        }
    }

    @Test
    void aConnectionThatSaysNothingIsClosedWhenTheTimeIsOver() throws Exception {
        ZmqConnection pull = on(ZmqSocket.pull())
                .handshakeTimeout(Duration.ofMillis(100))
                .bind(TCP)
                .openNow();
        int port = Integer.parseInt(pull.endpoint().substring(pull.endpoint().lastIndexOf(':') + 1));
        long begin = System.nanoTime();
        try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port)) {
            silent.setSoTimeout(10_000);
            silent.getInputStream().readAllBytes();
        }
        assertThat(System.nanoTime() - begin).isBetween(90_000_000L, 5_000_000_000L);
    }
}
