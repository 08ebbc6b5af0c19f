/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.examples.benchmarks.Works.Cell;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stages, conds and frames against the same done by hand, with JMH. */
@Command(
        name = "stages",
        description =
                "Stages against the bare codec in a loop, a cond against switchOnFirst, and frames against Netty's"
                        + " decoders, with JMH: times with intervals of 99.9 %% confidence.",
        mixinStandardHelpOptions = true)
final class StagesBenchmark implements Callable<Integer> {

    private static final String HEAP = "1g";

    @Option(names = "--quick", description = "A rough answer: one fork, buffers of 64 KiB only.")
    private boolean quick;

    @Option(names = "--forks", description = "Virtual machines for each contestant. Default: 5, or 1 with --quick.")
    private @Nullable Integer forks;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Where JMH's results go. Default: ${DEFAULT-VALUE}.",
            defaultValue = "target/stages.json")
    private Path json = Path.of("target", "stages.json");

    @Option(
            names = "--profiler",
            paramLabel = "NAME",
            description = "A profiler of JMH, such as gc; prints its report.")
    private @Nullable String profiler;

    @Parameters(
            arity = "0..1",
            paramLabel = "REGEX",
            description = "Measures only what this is found in, such as \"lz4 .*text, 64 KiB\".")
    private Pattern select = Pattern.compile("");

    @Override
    public Integer call() throws Exception {
        List<Cell> cells = Works.cells(!quick).stream()
                .filter(cell -> select.matcher(cell.toString()).find())
                .toList();
        if (cells.isEmpty()) {
            System.err.println("Nothing is called \"" + select + "\". There are:");
            Works.cells(!quick).forEach(System.err::println);
            return 2;
        }
        List<RunResult> results = new ArrayList<>();
        List<StagesTable.Line> lines = new ArrayList<>();
        long start = System.nanoTime();
        for (Cell cell : cells) {
            System.err.printf("%d of %d: %s%n", lines.size() + 1, cells.size(), cell);
            List<RunResult> both = new ArrayList<>(new Runner(options(cell).build()).run());
            results.addAll(both);
            lines.add(StagesTable.Line.of(cell, both));
        }
        StagesTable.print(lines, runs(), HEAP, (System.nanoTime() - start) / 1e9);
        write(results);
        return 0;
    }

    private int runs() {
        return forks != null ? forks : quick ? 1 : 5;
    }

    private ChainedOptionsBuilder options(Cell cell) {
        TimeValue time = TimeValue.milliseconds(quick ? 150 : 400);
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(Pattern.quote(WorkBenchmark.class.getName()) + "\\.")
                .param("work", cell.work())
                .param("data", cell.data())
                .param("kib", Integer.toString(cell.kib()))
                .forks(runs())
                .warmupIterations(2)
                .warmupTime(TimeValue.milliseconds(quick ? 250 : 400))
                .measurementIterations(quick ? 5 : 3)
                .measurementTime(time)
                .jvmArgs("-Xms" + HEAP, "-Xmx" + HEAP)
                .shouldFailOnError(true)
                .verbosity(profiler == null ? VerboseMode.SILENT : VerboseMode.NORMAL);
        return profiler == null ? options : options.addProfiler(profiler);
    }

    private void write(List<RunResult> results) throws Exception {
        Path folder = json.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        try (PrintStream out = new PrintStream(Files.newOutputStream(json), false, StandardCharsets.UTF_8)) {
            ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
            if (out.checkError()) {
                throw new IOException("writing " + json + " failed");
            }
        }
        System.out.println("All samples are in " + json.toAbsolutePath());
    }
}
