/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Measures the entrants row by row, one after the other; rows of one task share their processes. */
final class Contest implements AutoCloseable {

    private static final int WARM_UPS = 40;

    /** Until the just-in-time compilers do not take a processor any more. */
    private static final double WARM_SECONDS = 4;

    private static final int FIRST_CALLS = 500;
    private static final int MOST_CALLS = 4_000_000;
    private static final int WARM_INTEGERS = 30;
    private static final int WARM_OBJECTS = 3;

    /** Rows of so many bytes warm up while they are measured, and have fewer rounds. */
    private static final long LONG = 4_000_000_000L;

    private static final int LONG_ROUNDS = 2;

    private final Path target;
    private final Path log;
    private final List<Entrant> entrants;
    private final int rounds;
    private final double seconds;
    private final Map<Entrant, Participant> open = new EnumMap<>(Entrant.class);
    private String present = "";

    Contest(Path target, Path log, List<Entrant> entrants, boolean quick) {
        this.target = target;
        this.log = log;
        this.entrants = entrants;
        this.rounds = quick ? 3 : 5;
        this.seconds = quick ? 0.2 : 0.8;
    }

    int rounds() {
        return rounds;
    }

    /** Measures and prints a row; returns its lines as JSON. */
    List<String> run(Row row) throws InterruptedException, IOException {
        System.out.printf("%n%s%n", row.title());
        List<Line> lines = new ArrayList<>();
        List<String> absent = new ArrayList<>();
        String now = row.task() + " " + row.where();
        if (!now.equals(present)) {
            close();
            present = now;
        }
        for (Entrant entrant : entrants) {
            if (entrant.has(row.task(), row.where())) {
                try {
                    Participant participant = participant(entrant, row);
                    if (row.isCalls()) {
                        lines.add(calls(row, participant));
                    } else {
                        lines.add(whole(row, participant));
                        close(entrant); // the first round of the next is to be cold, and its heap free
                    }
                } catch (IllegalStateException e) {
                    System.out.printf("  %-26s not measured: %s%n", entrant.title(), e.getMessage());
                    close(entrant);
                }
            } else {
                absent.add(entrant.title());
            }
        }
        print(row, lines);
        if (!absent.isEmpty()) {
            System.out.println("  has no such row: " + String.join("; ", absent));
        }
        return lines.stream().map(line -> line.json(row.title())).toList();
    }

    private Participant participant(Entrant entrant, Row row) throws InterruptedException, IOException {
        Participant participant = open.get(entrant);
        if (participant == null) {
            participant = new Participant(entrant, row.task(), row.where(), target, log);
            open.put(entrant, participant);
        }
        return participant;
    }

    private void close(Entrant entrant) {
        Participant participant = open.remove(entrant);
        if (participant != null) {
            participant.close();
        }
    }

    @Override
    public void close() {
        List.copyOf(open.keySet()).forEach(this::close);
    }

    /** Makes more and more calls until they take about as long as a round should. */
    private Line calls(Row row, Participant participant) throws InterruptedException {
        int count = FIRST_CALLS;
        double cold = 0;
        double warm = 0;
        for (int i = 0; i < WARM_UPS && (i < 3 || warm < WARM_SECONDS); i++) {
            double took = participant.run(order(row, count)).nanos() / 1e9;
            cold = i == 0 ? took : cold;
            warm += took;
            count = (int) Math.min(MOST_CALLS, Math.max(FIRST_CALLS, count * Math.min(8, seconds / took)));
        }
        Line line = new Line(participant.entrant(), count, row.size(), cold);
        for (int round = 0; round < rounds; round++) {
            line.add(participant.run(order(row, count)));
        }
        return line;
    }

    private static String order(Row row, int count) {
        return String.format(Locale.ROOT, row.order(), count);
    }

    private Line whole(Row row, Participant participant) throws InterruptedException {
        Line line = new Line(
                participant.entrant(),
                1,
                row.size(),
                participant.run(row.order()).nanos() / 1e9);
        boolean isLong = row.size() > LONG;
        int warmUps = row.part().equals("integers") ? WARM_INTEGERS : WARM_OBJECTS;
        for (int i = 0; i < (isLong ? 0 : warmUps); i++) {
            participant.run(row.order());
        }
        for (int round = 0; round < (isLong ? LONG_ROUNDS : rounds); round++) {
            line.add(participant.run(row.order()));
        }
        return line;
    }

    private static void print(Row row, List<Line> lines) {
        if (row.isCalls()) {
            System.out.printf(
                    "  %-26s %10s %8s %9s %9s %9s %9s %11s %7s %8s  %s%n",
                    "", "calls/s", "ratio", "p50 us", "p99", "p99.9", "max", "B/call", "CPU us", "heap MiB", "source");
        } else {
            System.out.printf(
                    "  %-26s %8s %17s %8s %8s %9s %12s %8s %8s  %s%n",
                    "", "seconds", "range", "cold", "ratio", "MB/s", "MiB alloc", "CPU s", "heap MiB", "source");
        }
        double ours = 0;
        for (Line line : lines) {
            ours = line.entrant() == Entrant.FPIPE ? line.rate() : ours;
        }
        for (Line line : lines) {
            String ratio = ours == 0 ? "" : String.format(Locale.ROOT, "%.2f", ours / line.rate());
            System.out.println(row.isCalls() ? line.calls(ratio) : line.seconds(ratio));
        }
    }
}
