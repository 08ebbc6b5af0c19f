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
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
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

    @Test
    void leavesAPeerAloneThatHasGreeted() {
        try (Rig rig = new Rig(Rig.Wiring.TCP)) {
            CountDownLatch nudged = new CountDownLatch(1);
            HandshakeWatch watch = new HandshakeWatch(rig.resources.loop(), nudged::countDown);
            watch.connected();
            watch.over();
            CountDownLatch later = new CountDownLatch(1);
            rig.later(60, later::countDown); // the first look is after 20 ms
            Rig.await(later);
            assertThat(nudged.getCount()).isOne();
        }
    }
}
