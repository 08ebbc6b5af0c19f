/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.io.File;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class ExchangeLeakTest {

    private static int descriptors() {
        String[] all = new File("/proc/self/fd").list();
        assertThat(all).isNotNull();
        return all.length;
    }

    /** Threads of fpipe's resources: their names begin so. */
    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("fpipe-zmq"))
                .filter(thread -> !thread.getName().startsWith("fpipe-zmq-shared"))
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    @EnabledOnOs(OS.LINUX)
    void nothingIsLeftOfClientsAndServersThatAreDisposed(Wiring wiring) {
        Set<Thread> before = threads();
        try (Rig rig = new Rig(wiring)) {
            round(rig, wiring); // what is made once and kept
            int open = descriptors();
            for (int i = 0; i < 99; i++) {
                round(rig, wiring);
            }
            // JeroMQ closes some of a socket's descriptors after it has said that the socket is gone
            rig.await("descriptors are given back", () -> descriptors() <= open + 4);
        }
        Set<Thread> left = threads();
        left.removeAll(before);
        left.forEach(Rig::join);
        assertThat(left).noneMatch(Thread::isAlive);
    }

    /** One server and one client, and a call that ends and one that does not. */
    private static void round(Rig rig, Wiring wiring) {
        ZmqBinding server = rig.serve(Stage.identity(), s -> wiring.isTcp() ? s.bind("tcp://127.0.0.1:*") : s);
        ClientExchange exchange = rig.client(client -> client.connect(server.endpoint()));
        assertThat(Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8("x")))).block(Rig.SOON))
                .isEqualTo("x");
        StepVerifier.create(exchange.apply(Flux.never()))
                .expectSubscription()
                .then(exchange::dispose)
                .expectError(ZmqException.class)
                .verify(Rig.SOON);
        server.dispose();
        StepVerifier.create(exchange.onDispose()).expectComplete().verify(Rig.SOON);
        StepVerifier.create(server.onDispose()).expectComplete().verify(Rig.SOON);
        rig.awaitNoStreams(exchange, server);
    }
}
