/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.stopped;

import io.fpipe.zmq.ZmqResources;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * What stands between a source and a reader.
 *
 * @param name what the table calls it
 * @param buffer the length of the source's buffers
 * @param reads how many bytes the reader reads before it stops
 * @param setUp puts it between
 */
record Layer(String name, int buffer, long reads, SetUp setUp) {

    /** Puts a layer between a source and its reader. */
    interface SetUp {
        Between between(Source source, ZmqResources resources);
    }

    /**
     * A layer that stands.
     *
     * @param readers what is read, by readers who stop
     * @param others what goes through the same beside it, without end; null where there is nothing
     */
    record Between(List<Flux<ByteBuffer>> readers, @Nullable Flux<ByteBuffer> others) {

        static Between of(Flux<ByteBuffer> reader) {
            return new Between(List.of(reader), null);
        }
    }
}
