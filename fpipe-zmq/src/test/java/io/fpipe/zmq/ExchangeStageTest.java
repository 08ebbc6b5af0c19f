/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import io.fpipe.reactor.test.StageCheck;
import io.fpipe.zmq.Rig.Wiring;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kit on an exchange with a server that returns what it gets: it must be no more than a stage. */
class ExchangeStageTest {

    @ParameterizedTest
    @EnumSource(names = {"INPROC", "TCP"})
    void isTheIdentity(Wiring wiring) {
        try (Rig rig = new Rig(wiring)) {
            ZmqBinding server = rig.serve(Stage.identity(), s -> s.window(4096));
            ClientExchange exchange = rig.client(client -> client.window(4096));
            StageCheck<byte[], byte[]> check = StageCheck.stage(exchange);
            for (int length : wiring == Wiring.INPROC ? new int[] {0, 1, 40} : new int[] {3}) {
                check = check.sample(Bytes.random(length, length), Bytes.random(length, length));
            }
            check.verify();
            rig.awaitNoStreams(exchange, server);
            assertThat(exchange.isDisposed()).isFalse();
        }
    }
}
