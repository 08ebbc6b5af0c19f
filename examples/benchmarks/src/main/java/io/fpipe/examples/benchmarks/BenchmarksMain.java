/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.examples.benchmarks.codec.CodecBenchmark;
import io.fpipe.examples.benchmarks.codec.SequenceBenchmark;
import io.fpipe.examples.benchmarks.exchange.ExchangeBenchmark;
import io.fpipe.examples.benchmarks.sockets.SocketsBenchmark;
import io.fpipe.examples.benchmarks.stopped.StoppedBenchmark;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of the benchmarks. */
@Command(
        name = "benchmarks",
        description = "Measures fpipe side by side with the same work done by hand, in one run.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "BENCHMARK",
        subcommands = {
            SocketsBenchmark.class,
            ExchangeBenchmark.class,
            StagesBenchmark.class,
            CodecBenchmark.class,
            SequenceBenchmark.class,
            LargeBenchmark.class,
            StoppedBenchmark.class
        })
public final class BenchmarksMain implements Runnable {

    /**
     * Runs a benchmark.
     *
     * @param args the name of the benchmark and its options
     */
    public static void main(String[] args) {
        System.exit(new CommandLine(new BenchmarksMain()).execute(args));
    }

    /** Without a benchmark: says which there are. */
    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
