/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

class HandshakeWatchTest {

    /** Without help, one of 20 to 40 does. */
    @Test
    void noConnectWaitsForTheHandshakeToTimeOut() {
        try (Rig there = new Rig(Rig.Wiring.TCP)) {
            there.serve(Stage.identity());
            for (int i = 0; i < 100; i++) {
                try (Rig here = new Rig(Rig.Wiring.TCP)) {
                    ClientExchange exchange = here.client(client -> client.connect(there.endpoint()));
                    long start = System.nanoTime();
                    exchange.apply(Flux.just(Bytes.utf8("x"))).blockLast(Rig.SOON);
                    assertThat(Duration.ofNanos(System.nanoTime() - start))
                            .as("connect " + i)
                            .isLessThan(Duration.ofMillis(SocketSettings.HANDSHAKE_MILLIS));
                }
            }
        }
    }

    @Test
    void looksAfterAPeerThatDoesNotGreetABoundedNumberOfTimes() throws IOException {
        CountDownLatch nudges = new CountDownLatch(6);
        try (Rig rig = new Rig(Rig.Wiring.TCP);
                ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            HandshakeWatch watch = new HandshakeWatch(rig.resources.loop(), nudges::countDown);
            watch.connected();
            rig.client(client -> client.connect("tcp://127.0.0.1:" + silent.getLocalPort()));
            try (Socket connection = silent.accept()) {
                assertThat(connection.isConnected()).isTrue();
                Rig.await(nudges);
            }
            rig.await("only the client's socket", () -> rig.resources.openSockets() == 1);
        }
    }

    /** The greeting may have been read in the turn that forgot the connection. */
    @Test
    void looksOnceAfterAPeerThatHasGreeted() {
        assertThat(nudges(HandshakeWatch::greeted)).isOne();
    }

    @Test
    void leavesAConnectionAloneThatIsLost() {
        assertThat(nudges(HandshakeWatch::over)).isZero();
    }

    /** Whatever waits of the connection before: after it, the next look would come 640 ms after the last. */
    @Test
    void looksSoonAfterANewConnection() {
        try (Rig rig = new Rig(Rig.Wiring.TCP)) {
            List<String> order = new CopyOnWriteArrayList<>();
            CountDownLatch five = new CountDownLatch(5);
            HandshakeWatch watch = new HandshakeWatch(rig.resources.loop(), () -> {
                order.add("look");
                five.countDown();
            });
            watch.connected();
            Rig.await(five);
            order.clear();
            watch.connected();
            watch.greeted();
            CountDownLatch later = new CountDownLatch(1);
            rig.later(200, () -> {
                order.add("later");
                later.countDown();
            });
            Rig.await(later);
            assertThat(order).containsExactly("look", "later");
        }
    }

    /** How many looks there are in the time of two: the first is after 20 ms, the second after 40 more. */
    private static int nudges(Consumer<HandshakeWatch> event) {
        AtomicInteger nudges = new AtomicInteger();
        try (Rig rig = new Rig(Rig.Wiring.TCP)) {
            HandshakeWatch watch = new HandshakeWatch(rig.resources.loop(), nudges::incrementAndGet);
            watch.connected();
            event.accept(watch);
            CountDownLatch later = new CountDownLatch(1);
            rig.later(100, later::countDown);
            Rig.await(later);
        }
        return nudges.get();
    }

    /** A peer may send all of its greeting before it reads; without the look after it, one of 30 to 1000 is forgotten. */
    @Test
    void aPeerThatGreetsAtOnceIsGreeted() throws IOException {
        byte[] greeting = new byte[64];
        greeting[0] = (byte) 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3;
        System.arraycopy("CURVE".getBytes(StandardCharsets.US_ASCII), 0, greeting, 12, 5);
        greeting[32] = 1;
        ZmqKeyPair keys = ZmqKeyPair.generate();
        try (Rig rig = new Rig(Rig.Wiring.TCP);
                ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 100; i++) {
                Disposable client = ZmqClient.create()
                        .runOn(rig.resources)
                        .curve(keys.publicKey(), keys)
                        .connect("tcp://127.0.0.1:" + server.getLocalPort())
                        .openNow();
                try (Socket connection = server.accept()) {
                    connection.setSoTimeout(SocketSettings.HANDSHAKE_MILLIS);
                    connection.getOutputStream().write(greeting);
                    assertThat(connection.getInputStream().readNBytes(64)).hasSize(64);
                } finally {
                    client.dispose();
                }
            }
        }
    }
}
