/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.echo;

import static io.fpipe.examples.echo.EchoPipeline.INBOUND;
import static io.fpipe.examples.echo.EchoPipeline.OUTBOUND;
import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.examples.echo.EchoPipeline.Request;
import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqClient;
import io.fpipe.zmq.ZmqExchange;
import io.fpipe.zmq.ZmqServer;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

/** The server and the client that README.md shows. */
@Timeout(60)
class ReadmeTest {

    @Test
    void callsTheServer() {
        ZmqBinding binding = ZmqServer.create()
                .bind("tcp://127.0.0.1:*") // any free port
                .serveNow(INBOUND, body -> Mono.just(new Request(body, body instanceof List<?>)), OUTBOUND);

        ZmqExchange remote = ZmqClient.create().connect(binding.endpoint()).openNow();
        Function<Request, Mono<Object>> call = OUTBOUND.then(remote).into(INBOUND);

        Object answer = call.apply(new Request("abc", false)).block(); // abc

        assertThat(answer).isEqualTo("abc");
        assertThat(call.apply(new Request(List.of(1, 2), true)).block()).isEqualTo(List.of(1, 2));
        remote.dispose();
        binding.dispose();
    }
}
