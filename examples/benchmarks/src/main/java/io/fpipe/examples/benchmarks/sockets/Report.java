/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;

/** Prints what was measured, and writes it as JSON. */
final class Report {

    private static final String MACHINE = String.format(
            Locale.ROOT,
            "%s %s %s, %d processors, Java %s (%s), each process with %s",
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            System.getProperty("os.arch"),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("java.version"),
            System.getProperty("java.vm.vendor"),
            String.join(" ", Entrant.JVM_OPTIONS));

    void printMachine(int rounds) {
        System.out.println(MACHINE);
        System.out.printf(
                "Medians of %d rounds after a warm-up, and the range; numbers and order of all messages are checked.%n",
                rounds);
    }

    /** Prints the results of one transport and size. */
    void print(List<Result> results) {
        if (results.isEmpty()) {
            return;
        }
        Result first = results.get(0);
        System.out.printf(Locale.ROOT, "%n%s, messages of %,d bytes%n", heading(first.transport()), first.size());
        System.out.printf(
                "  %-26s %12s %28s %9s %9s  %s%n", "", "messages/s", "lowest to highest", "MB/s", "fpipe is", "source");
        for (Result r : results) {
            System.out.printf(
                    Locale.ROOT,
                    "  %-26s %,12.0f %28s %,9.0f %9s  %s%n",
                    r.entrant().title(),
                    r.perSecond().median(),
                    String.format(
                            Locale.ROOT,
                            "%,.0f to %,.0f",
                            r.perSecond().lowest(),
                            r.perSecond().highest()),
                    r.megabytes(),
                    first.entrant() == Entrant.FPIPE
                            ? String.format(
                                    Locale.ROOT,
                                    "%.2f x",
                                    first.perSecond().median() / r.perSecond().median())
                            : "",
                    "thread " + r.thread());
        }
    }

    private static String heading(String transport) {
        return transport.equals("processes") ? "tcp, one process to another" : transport + ", within a process";
    }

    void printLatencies(List<Result.Latency> latencies) {
        if (latencies.isEmpty()) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "%ntcp, 64 bytes there and back within a process, one at a time, %,d calls a round; microseconds%n",
                latencies.get(0).calls());
        System.out.printf("  %-26s %8s %8s %8s %8s%n", "", "p50", "p99", "p99.9", "mean");
        for (Result.Latency l : latencies) {
            System.out.printf(
                    Locale.ROOT,
                    "  %-26s %8.1f %8.1f %8.1f %8.1f%n",
                    l.entrant().title(),
                    l.p50().median(),
                    l.p99().median(),
                    l.p999().median(),
                    l.mean().median());
        }
    }

    void printMany(List<Result.Many> many) {
        if (many.isEmpty()) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "%nfpipe, tcp, %,d messages of 64 bytes to so many sockets on one loop, from as many on another%n",
                many.get(0).count());
        for (Result.Many m : many) {
            System.out.printf(
                    Locale.ROOT,
                    "  %,5d %,12.0f messages/s (%,.0f to %,.0f)%n",
                    m.sockets(),
                    m.perSecond().median(),
                    m.perSecond().lowest(),
                    m.perSecond().highest());
        }
    }

    String json(List<Result> results, List<Result.Latency> latencies, List<Result.Many> many, List<String> skipped) {
        return "{\n  \"machine\": " + quoted(MACHINE)
                + ",\n  \"date\": " + quoted(LocalDate.now(ZoneOffset.UTC).toString())
                + ",\n  \"oneWay\": " + array(results.stream().map(Report::json).toList())
                + ",\n  \"roundTrips\": "
                + array(latencies.stream().map(Report::json).toList())
                + ",\n  \"manySockets\": "
                + array(many.stream().map(Report::json).toList())
                + ",\n  \"skipped\": "
                + array(skipped.stream().map(Report::quoted).toList()) + "\n}\n";
    }

    private static String json(Result r) {
        return String.format(
                Locale.ROOT,
                "{\"transport\": %s, \"entrant\": %s, \"bytes\": %d, \"messages\": %d, \"thread\": %s,"
                        + " \"medianPerSecond\": %.1f, \"perSecond\": %s}",
                quoted(r.transport()),
                quoted(r.entrant().id()),
                r.size(),
                r.count(),
                quoted(r.thread()),
                r.perSecond().median(),
                r.perSecond().json());
    }

    private static String json(Result.Latency l) {
        return String.format(
                Locale.ROOT,
                "{\"entrant\": %s, \"calls\": %d, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"mean\": %.2f}",
                quoted(l.entrant().id()),
                l.calls(),
                l.p50().median(),
                l.p99().median(),
                l.p999().median(),
                l.mean().median());
    }

    private static String json(Result.Many m) {
        return String.format(
                Locale.ROOT,
                "{\"sockets\": %d, \"messages\": %d, \"medianPerSecond\": %.1f, \"perSecond\": %s}",
                m.sockets(),
                m.count(),
                m.perSecond().median(),
                m.perSecond().json());
    }

    private static String array(List<String> elements) {
        return elements.isEmpty() ? "[]" : "[\n    " + String.join(",\n    ", elements) + "\n  ]";
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(' ');
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
