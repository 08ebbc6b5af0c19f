/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.fpipe.examples.benchmarks.sockets.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/** The rounds of an entrant in one row: so many calls, of so many bytes each way. */
final class Line {

    private final Entrant entrant;
    private final long count;
    private final long bytes;
    private final double cold;
    private final List<Took> rounds = new ArrayList<>();

    /** The seconds of the first round of all do not count with the others. */
    Line(Entrant entrant, long count, long bytes, double cold) {
        this.entrant = entrant;
        this.count = count;
        this.bytes = bytes;
        this.cold = cold;
    }

    void add(Took round) {
        rounds.add(round);
    }

    Entrant entrant() {
        return entrant;
    }

    private Figures perSecond() {
        return figures(took -> took.nanos(), 0, true);
    }

    double rate() {
        return perSecond().median();
    }

    private Figures figures(ToLongFunction<Took> figure, double unit, boolean rate) {
        Figures figures = new Figures();
        for (Took took : rounds) {
            long value = figure.applyAsLong(took);
            figures.add(rate ? count * 1e9 / value : value / unit);
        }
        return figures;
    }

    private double median(ToLongFunction<Took> figure, double unit) {
        return figures(figure, unit, false).median();
    }

    private double max() {
        return figures(Took::max, 1e3, false).highest();
    }

    /** A line of calls: how many a second, and their times in microseconds. */
    String calls(String ratio) {
        return String.format(
                Locale.ROOT,
                "  %-26s %,10.0f %8s %9.1f %9.1f %9.1f %9.0f %,11.0f %7.1f %8.1f  %s",
                entrant.title(),
                rate(),
                ratio,
                median(Took::p50, 1e3),
                median(Took::p99, 1e3),
                median(Took::p999, 1e3),
                max(),
                median(Took::allocated, (double) count),
                median(Took::cpu, 1e3 * count),
                median(Took::heap, 1 << 20),
                rounds.get(0).thread());
    }

    /** A line of what takes long: seconds, and megabytes a second in each direction. */
    String seconds(String ratio) {
        Figures seconds = figures(Took::nanos, 1e9, false);
        return String.format(
                Locale.ROOT,
                "  %-26s %8.3f %17s %8.3f %8s %,9.0f %,12.1f %8.2f %8.1f  %s",
                entrant.title(),
                seconds.median(),
                String.format(Locale.ROOT, "%.3f to %.3f", seconds.lowest(), seconds.highest()),
                cold,
                ratio,
                bytes / seconds.median() / 1e6,
                median(Took::allocated, 1 << 20),
                median(Took::cpu, 1e9),
                median(Took::heap, 1 << 20),
                rounds.get(0).thread());
    }

    String json(String row) {
        return String.format(
                Locale.ROOT,
                "{\"row\": \"%s\", \"contestant\": \"%s\", \"calls\": %d, \"bytes\": %d, \"perSecond\": %s,"
                        + " \"secondsCold\": %.4f, \"seconds\": %s, \"p50Micros\": %.2f, \"p99Micros\": %.2f,"
                        + " \"p999Micros\": %.2f, \"maxMicros\": %.2f, \"allocatedPerCall\": %.0f,"
                        + " \"cpuMicrosPerCall\": %.3f, \"heapBytes\": %.0f, \"thread\": \"%s\"}",
                row,
                entrant.id(),
                count,
                bytes,
                perSecond().json(),
                cold,
                figures(Took::nanos, 1e9, false).json(),
                median(Took::p50, 1e3),
                median(Took::p99, 1e3),
                median(Took::p999, 1e3),
                max(),
                median(Took::allocated, (double) count),
                median(Took::cpu, 1e3 * count),
                median(Took::heap, 1),
                rounds.get(0).thread());
    }
}
