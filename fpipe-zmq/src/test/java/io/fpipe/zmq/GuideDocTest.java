/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** The code that the guide shows of remotes. */
class GuideDocTest {

    @Test
    void routes() {
        ZmqResources resources = ZmqResources.create();
        ZmqServer server = ZmqServer.create().bind("tcp://127.0.0.1:*").route("echo", Stage.identity());
        ZmqBinding binding = server.runOn(resources).serveNow();
        ZmqExchange remote =
                ZmqClient.create().connect(binding.endpoint()).runOn(resources).openNow();
        Stage echo = remote.route(
                "echo", call -> call.deadline(Duration.ofSeconds(2)).metadata("user", "ada"));
        assertThat(Bytes.joinText(echo.apply(Flux.just(Bytes.utf8("x")))).block(Rig.SOON))
                .isEqualTo("x");
        resources.dispose();
        resources.onDispose().block(Rig.SOON);
    }
}
