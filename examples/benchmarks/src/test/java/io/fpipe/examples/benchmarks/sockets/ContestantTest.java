/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** RSocket is not among them: its libraries are on the class path of its own process only. */
class ContestantTest {

    private static final int COUNT = 2000;

    private static Named<Supplier<Contestant>> contestant(String name, Supplier<Contestant> supplier) {
        return Named.of(name, supplier);
    }

    static Stream<Arguments> oneWay() {
        var fpipe = contestant("fpipe", FpipeContestant::new);
        var jeromq = contestant("JeroMQ", () -> new JeroMqContestant(0));
        var larger = contestant("JeroMQ with larger buffers", () -> new JeroMqContestant(1 << 20));
        var netty = contestant("reactor-netty", NettyContestant::new);
        var spring = contestant("spring-integration", SpringContestant::new);
        return Stream.of(
                Arguments.of(fpipe, "inproc", 64),
                Arguments.of(fpipe, "tcp", 64),
                Arguments.of(fpipe, "tcp", 65_536),
                Arguments.of(jeromq, "inproc", 64),
                Arguments.of(jeromq, "tcp", 64),
                Arguments.of(larger, "tcp", 65_536),
                Arguments.of(netty, "tcp", 64),
                Arguments.of(netty, "tcp", 65_536),
                Arguments.of(spring, "tcp", 64));
    }

    @ParameterizedTest
    @MethodSource("oneWay")
    void bringsEachMessageInOrder(Supplier<Contestant> supplier, String transport, int size) throws Exception {
        Run[] self = new Run[1];
        Run run = new Run(size, COUNT, () -> self[0].go());
        self[0] = run;
        try (Contestant contestant = supplier.get()) {
            String address = contestant.bind(transport, run);
            Thread sender = new Thread(() -> {
                try {
                    contestant.send(address, run);
                } catch (Exception e) {
                    run.fail(e);
                }
            });
            sender.start();
            assertThat(run.await()).startsWith("arrived " + COUNT + " " + Run.checksum(COUNT) + " ");
            sender.join();
            assertThat(run.sourceThread()).isNotEqualTo("none");
        }
    }

    static Stream<Named<Supplier<Contestant>>> roundTrips() {
        return Stream.of(
                contestant("fpipe", FpipeContestant::new),
                contestant("JeroMQ", () -> new JeroMqContestant(0)),
                contestant("reactor-netty", NettyContestant::new));
    }

    @ParameterizedTest
    @MethodSource("roundTrips")
    void answersEachCall(Supplier<Contestant> supplier) throws Exception {
        int[] answered = {0};
        try (Contestant contestant = supplier.get()) {
            contestant.roundTrips(100, () -> answered[0]++);
        }
        assertThat(answered[0]).isEqualTo(101);
    }
}
