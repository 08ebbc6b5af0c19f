/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.fpipe.examples.benchmarks.Rates;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Calls, streams and large objects there and back, against what else does that. */
@Command(
        name = "exchange",
        description =
                "Calls of 64 bytes to 64 KiB with 1 to 256 in flight; 1 GB there and back in one stream and in each of 16; a"
                        + " million integers and 400 MB there and back. fpipe, JeroMQ by hand (REQ and REP for one call"
                        + " at a time, DEALER and ROUTER for more), RSocket, gRPC, and HTTP/1.1 of reactor-netty, within"
                        + " a process and between two. Prints tables and writes them as JSON. Takes about 20 minutes.",
        mixinStandardHelpOptions = true)
public final class ExchangeBenchmark implements Callable<Integer> {

    @Option(names = "--quick", description = "Shorter and fewer rounds, streams of 30 MB: a few minutes in all.")
    private boolean quick;

    @Option(
            names = "--parts",
            split = ",",
            defaultValue = "calls,streams,integers,bytes",
            description = "What to measure; default: ${DEFAULT-VALUE}.")
    private List<String> parts = List.of();

    @Option(
            names = "--where",
            split = ",",
            defaultValue = "inproc,process,processes",
            description = "Which rows: inproc, tcp within a process, tcp between two; default: ${DEFAULT-VALUE}.")
    private List<String> places = List.of();

    @Option(names = "--sizes", split = ",", description = "Only calls of so many bytes: 64, 4096, 65536.")
    private @Nullable List<Long> sizes;

    @Option(names = "--in-flight", split = ",", description = "Only so many calls or streams at once: 1, 16, 256.")
    private @Nullable List<Integer> inFlight;

    @Option(
            names = "--contestants",
            split = ",",
            defaultValue = "fpipe,fpipe-loop,jeromq,rsocket,rsocket-channel,grpc,grpc-bidi,http",
            description = "Who takes part; default: ${DEFAULT-VALUE}.")
    private List<String> names = List.of();

    @Option(names = "--out", description = "The folder for exchange.json; default: target/exchange.")
    private @Nullable Path out;

    @Override
    public Integer call() throws Exception {
        Path target = target();
        Path folder = Files.createDirectories(out == null ? target.resolve("exchange") : out);
        List<Entrant> entrants = names.stream().map(Entrant::of).toList();
        List<String> json;
        try (Contest contest = new Contest(target, folder.resolve("exchange.log"), entrants, quick)) {
            json = run(contest);
        }
        Path file = folder.resolve("exchange.json");
        Files.writeString(file, "[\n  " + String.join(",\n  ", json) + "\n]\n");
        System.out.println("\nwritten: " + file);
        return 0;
    }

    private List<String> run(Contest contest) throws InterruptedException, IOException {
        Rates.printMachine();
        System.out.printf(
                Locale.ROOT,
                "Each process has %s. Medians of %d rounds after a warm-up (rows of more than 4 GB: 2 rounds, no warm-up);"
                        + " each answer is checked. The ratio is fpipe's rate by the contestant's.%nAllocation, CPU and heap are the client's process's; the"
                        + " last column is the thread that the source ran on. 400 MB are one message of fpipe and of"
                        + " JeroMQ,%nand chunks of 64 KiB on one channel, stream or POST of the others. Who has no such row: a channel or"
                        + " bidirectional call is no single%ncall, a unary one no stream; inproc is ZeroMQ's; one loop"
                        + " for both ends is within a process; objects are coded by fpipe and by hand.%n",
                String.join(" ", Entrant.JVM_OPTIONS),
                contest.rounds());
        List<String> json = new ArrayList<>();
        for (Row row : Row.all(quick ? 30_000_000L : 1_000_000_000L)) {
            if (chosen(row)) {
                json.addAll(contest.run(row));
            }
        }
        return json;
    }

    private boolean chosen(Row row) {
        return parts.contains(row.part())
                && places.contains(row.where())
                && (sizes == null || !row.isCalls() || sizes.contains(row.size()))
                && (inFlight == null || inFlight.contains(row.inFlight()));
    }

    /** The folder that the classes and libraries are in. */
    private static Path target() throws URISyntaxException, IOException {
        Path classes = Path.of(ExchangeBenchmark.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path target = classes.toRealPath().getParent();
        if (target == null) {
            throw new IllegalStateException(classes + " is in no folder");
        }
        return target;
    }
}
