/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RSocket is not among them: its libraries are on the class path of its own process only. */
class ContestantTest {

    private static Contestant connected(String id, Task task) throws Exception {
        Contestant contestant = Entrant.contestant(id);
        contestant.connect(task, contestant.serve(task, "tcp"));
        return contestant;
    }

    @ParameterizedTest
    @CsvSource({
        "fpipe, CALL, 1, 64",
        "fpipe-loop, CALLS, 16, 65536",
        "jeromq, CALL, 1, 64",
        "jeromq, CALLS, 16, 4096",
        "grpc, CALLS, 16, 65536",
        "grpc-bidi, CALLS, 16, 4096",
        "http, CALLS, 16, 65536"
    })
    void answersEachCall(String id, Task task, int inFlight, int size) throws Exception {
        Calls calls = new Calls(size, 200, inFlight);
        try (Contestant contestant = connected(id, task)) {
            contestant.calls(calls);
            assertThat(calls.await()).isNotEmpty();
        }
        assertThat(LongStream.of(calls.times())).allMatch(nanos -> nanos > 0 && nanos < 60_000_000_000L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fpipe", "jeromq", "grpc-bidi", "http"})
    void bringsStreamsBackAsTheyWere(String id) throws Exception {
        Streams streams = new Streams(4, 40);
        try (Contestant contestant = connected(id, Task.STREAMS)) {
            contestant.streams(streams);
            assertThat(streams.await()).isNotEqualTo("none");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fpipe", "jeromq", "grpc-bidi", "http"})
    void bringsALongArrayBackAsAnother(String id) throws Exception {
        byte[] bytes = new byte[3_000_001];
        new Random(1).nextBytes(bytes);
        try (Contestant contestant = connected(id, Task.BYTES)) {
            Object back = contestant.there(Task.BYTES, bytes);
            assertThat(back).isNotSameAs(bytes).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @CsvSource({"fpipe, ZLIB", "fpipe, LZ4", "jeromq, ZLIB", "jeromq, LZ4"})
    void bringsIntegersBack(String id, Task task) throws Exception {
        List<Integer> integers = IntStream.range(0, 50_000).boxed().toList();
        try (Contestant contestant = connected(id, task)) {
            assertThat(contestant.there(task, integers)).isEqualTo(integers);
        }
    }

    @Test
    void failsWhenAnAnswerIsWrong() {
        Calls calls = new Calls(64, 2, 1);
        byte[] message = calls.message(1);
        message[63]++;
        calls.answered(ByteBuffer.wrap(message));
        assertThatThrownBy(calls::await).hasMessageContaining("64 bytes with 1 and");
    }

    @Test
    void failsWhenAStreamComesBackDifferent() {
        Streams streams = new Streams(1, 2);
        streams.came(0, ByteBuffer.wrap(streams.chunk(1)));
        streams.came(0, ByteBuffer.wrap(streams.chunk(0)));
        assertThatThrownBy(streams::await).hasMessageContaining("stream 0 came back different");
    }

    @Test
    void refusesBytesAfterTheEndOfALongArray() {
        Whole whole = new Whole();
        whole.add(Whole.chunk(new byte[3], 0));
        whole.add(Whole.chunk(new byte[3], 1));
        assertThatThrownBy(() -> whole.add(ByteBuffer.allocate(1))).hasMessage("1 bytes after the end");
    }
}
