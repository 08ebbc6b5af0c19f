/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.zmq.FaultProxy.Fault;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Calls between two processes whose connection suffers: each ends with the right bytes or an error of those that are
 * documented, in bounded time, and then the exchange goes on. {@code -Dfault.rounds=1000} for more than a build does.
 */
class FaultTest {

    private static final int ROUNDS = Integer.getInteger("fault.rounds", 100);
    private static final long SEED = Long.getLong("fault.seed", 1);
    private static final List<Fault> FAULTS = List.of(Fault.values());
    private static final int CALLS = 3;
    private static final int LONGEST = 1 << 20;

    /** A flipped bit may be the end of a reply, which is then missed for as long as a reply may pause. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /** A wait for the reply begins anew with each frame of the request, and then may come the pause. */
    private static final Duration BOUND = Duration.ofSeconds(20);

    /** A flipped bit makes wrong bytes: what detects them has to be asked for. */
    private static final Stage APPEND = Digests.crc32c().append();

    private static final Stage VERIFY = Digests.crc32c().verify();

    @Test
    void everyCallEndsRightWhateverHappensToItsConnection() {
        try (Child server = Child.echo()) {
            long failed = 0;
            long happened = 0;
            for (int round = 0; round < ROUNDS; round++) {
                Random random = new Random(SEED + round);
                Fault fault = FAULTS.get(round % FAULTS.size());
                long at = random.nextInt(3) == 0 ? random.nextInt(400) : random.nextInt(CALLS * LONGEST / 2);
                try (FaultProxy proxy =
                                new FaultProxy(server.port(), fault, random.nextBoolean(), at, random.nextInt(200));
                        Rig rig = new Rig(Rig.Wiring.TCP)) {
                    ClientExchange exchange = rig.client(client -> client.connect(proxy.endpoint())
                            .requestTimeout(LONGEST_WAIT)
                            .idleTimeout(LONGEST_WAIT));
                    String what = "round " + round + " (-Dfault.seed=" + (SEED + round) + "), " + fault + " at " + at;
                    failed += calls(exchange, random, what).size();
                    boolean before = proxy.hasHappened();
                    failed += calls(exchange, random, what + ", second calls").size();
                    happened += proxy.hasHappened() ? 1 : 0;
                    List<Throwable> last = calls(exchange, random, what + ", last calls");
                    if (before) {
                        assertThat(last).as(what).isEmpty();
                    }
                    rig.await("no streams", () -> exchange.streamCount() == 0);
                }
            }
            assertThat(happened).as("faults that came to pass").isGreaterThan(ROUNDS / 3);
            assertThat(failed).as("calls that failed").isGreaterThan(ROUNDS / 4);
        }
    }

    /** Makes calls at the same time and returns the errors, each of a documented kind. */
    private static List<Throwable> calls(ZmqExchange exchange, Random random, String what) {
        List<byte[]> messages =
                random.ints(CALLS, 0, LONGEST).mapToObj(n -> bytes(random, n)).toList();
        return Flux.fromIterable(messages)
                .flatMap(
                        message -> APPEND.then(exchange)
                                .then(VERIFY)
                                .into(bytes -> Chunks.join(bytes, LONGEST))
                                .deserialize(Chunks.rechunk(10_000).apply(Flux.just(ByteBuffer.wrap(message))))
                                .doOnNext(answer -> assertThat(Arrays.equals(answer, message))
                                        .as(what)
                                        .isTrue())
                                .then(Mono.<Throwable>empty())
                                .onErrorResume(ex -> {
                                    assertThat(ex)
                                            .as(what)
                                            .isInstanceOfAny(
                                                    ZmqException.class,
                                                    TimeoutException.class,
                                                    CorruptStreamException.class);
                                    return Mono.just(ex);
                                }),
                        CALLS)
                .collectList()
                .timeout(BOUND, Mono.error(() -> new AssertionError("calls go on after " + BOUND + ": " + what)))
                .blockOptional()
                .orElseThrow();
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
