/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.examples.benchmarks.Works.Cell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/** Prints what was measured. */
final class StagesTable {

    private static final String ROW = "| %-20s | %-13s | %7s | %19s | %19s | %13s | %13s | %11s |%n";

    private StagesTable() {}

    /**
     * Prints the table and where it comes from.
     *
     * @param lines what was measured
     * @param forks virtual machines for each contestant
     * @param heap of each
     * @param seconds how long it took in all
     */
    static void print(List<Line> lines, int forks, String heap, double seconds) {
        System.out.printf(
                Locale.ROOT,
                "%s: %s, %d processors, %s, Java %s (%s)%n",
                LocalDate.now(ZoneId.systemDefault()),
                processor(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name"),
                System.getProperty("java.version"),
                System.getProperty("java.vm.vendor"));
        System.out.printf(
                Locale.ROOT,
                "Forks of each contestant: %d, with a heap of %s; %.0f s in all%n%n",
                forks,
                heap,
                seconds);
        System.out.printf(
                ROW,
                "work",
                "data",
                "buffers",
                "by hand, µs",
                "fpipe, µs",
                "fpipe/by hand",
                "by hand, MB/s",
                "fpipe, MB/s");
        System.out.printf("|---|---|---|---|---|---|---|---|%n");
        for (Line line : lines) {
            System.out.printf(
                    ROW,
                    line.cell.work(),
                    line.cell.data(),
                    line.cell.kib() + " KiB",
                    line.byHand,
                    line.fpipe,
                    line.ratio(),
                    line.rate(line.byHand),
                    line.rate(line.fpipe));
        }
        System.out.printf(
                "%nTimes of one message, ± half of the interval of 99.9 %% confidence; the ratio's follows from"
                        + " both as independent errors.%nMB/s: plain bytes, also where none of them is touched.%n");
    }

    /** The processor's name where the system tells it. */
    private static String processor() {
        try (Stream<String> facts = Files.lines(Path.of("/proc/cpuinfo"))) {
            return facts.filter(fact -> fact.startsWith("model name"))
                    .map(fact -> fact.substring(fact.indexOf(':') + 2))
                    .findFirst()
                    .orElse("unknown processor");
        } catch (IOException ex) {
            return "unknown processor";
        }
    }

    /**
     * A mean and its error.
     *
     * @param mean in microseconds
     * @param error half of the interval
     */
    record Time(double mean, double error) {

        static Time of(Collection<RunResult> results, String contestant) {
            Result<?> result = results.stream()
                    .filter(one -> one.getParams().getBenchmark().endsWith("." + contestant))
                    .findFirst()
                    .orElseThrow()
                    .getPrimaryResult();
            return new Time(result.getScore(), result.getScoreError());
        }

        double relativeError() {
            return error / mean;
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,.0f ± %,.0f", mean, error);
        }
    }

    /**
     * A line of the table.
     *
     * @param cell what was measured
     * @param bytes the plain bytes of a message
     * @param byHand by hand
     * @param fpipe with fpipe
     */
    record Line(Cell cell, long bytes, Time byHand, Time fpipe) {

        static Line of(Cell cell, Collection<RunResult> results) {
            return new Line(cell, Works.of(cell).bytes(), Time.of(results, "byHand"), Time.of(results, "fpipe"));
        }

        String ratio() {
            double ratio = fpipe.mean / byHand.mean;
            double error = ratio * Math.hypot(fpipe.relativeError(), byHand.relativeError());
            return String.format(Locale.ROOT, "%.3f ± %.3f", ratio, error);
        }

        String rate(Time time) {
            return String.format(Locale.ROOT, "%,.0f", bytes / time.mean);
        }
    }
}
