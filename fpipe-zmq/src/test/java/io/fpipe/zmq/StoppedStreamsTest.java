/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.zmq.Rig.Wiring;
import io.fpipe.zmq.StoppedStreams.Direction;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Readers of a thousand streams stop at random bytes: the others go on, memory stays within the budget, and each ends
 * right when it goes on or cancels. {@code -Dstopped.seed=N} for other bytes (default: 1).
 */
class StoppedStreamsTest {

    private static final long SEED = Long.getLong("stopped.seed", 1);
    private static final long BUDGET = 16 << 20;

    static Stream<Arguments> ways() {
        return Stream.of(Wiring.INPROC, Wiring.TCP)
                .flatMap(wiring -> Arrays.stream(Direction.values()).map(way -> Arguments.of(wiring, way)));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void thoseWhoGoOnAndThoseWhoStopEndRight(Wiring wiring, Direction direction) {
        try (StoppedStreams streams = new StoppedStreams(wiring, direction, BUDGET, 60_000, SEED)) {
            assertThat(streams.run()).startsWith("windows");
        }
    }

    /** What the readers have not read yet when half of them stop, more than 50 MB, would not fit. */
    @ParameterizedTest
    @EnumSource(Direction.class)
    void aHeapMuchSmallerThanTheMessagesIsEnough(Direction direction) {
        int megabytes = 40;
        long budget = 10 << 20;
        try (OtherJvm small =
                OtherJvm.start(StoppedStreams.class, megabytes, "TCP", direction.name(), "" + budget, "" + 300_000)) {
            String said = small.line();
            assertThat(said).startsWith("windows");
            long heap = Long.parseLong(said.replaceAll(".*heap (\\d+).*", "$1"));
            assertThat(heap).as(said).isLessThan((long) megabytes << 20);
        }
    }
}
