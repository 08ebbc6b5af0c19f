/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.examples.benchmarks.Works.Cell;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Both contestants of a {@link Work}, each in virtual machines of its own. Public because JMH's code needs it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class WorkBenchmark {

    /** What is done. */
    @Param("")
    public String work = "";

    /** To which bytes. */
    @Param("")
    public String data = "";

    /** In source buffers of so many KiB. */
    @Param("64")
    public int kib;

    private @Nullable Work prepared;

    /**
     * Prepares and checks the work.
     *
     * @throws Exception if it does not give the right bytes
     */
    @Setup
    public void prepare() throws Exception {
        prepared = Works.of(new Cell(work, data, kib));
        prepared.check();
    }

    /**
     * A message through fpipe.
     *
     * @return the counts, so that nothing is optimized away
     * @throws Exception if it fails
     */
    @Benchmark
    public long fpipe() throws Exception {
        Counter output = Counter.create();
        Objects.requireNonNull(prepared).fpipe(output);
        return output.result();
    }

    /**
     * The same by hand.
     *
     * @return the counts, so that nothing is optimized away
     * @throws Exception if it fails
     */
    @Benchmark
    public long byHand() throws Exception {
        Counter output = Counter.create();
        Objects.requireNonNull(prepared).byHand(output);
        return output.result();
    }
}
