/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Single sockets, from Flux to Flux, against what else brings messages from one thread to another. */
@Command(
        name = "sockets",
        description =
                "Messages one way, from a source on a thread of its own to a sink: fpipe's PUSH and PULL from Flux to"
                        + " Flux, two blocking threads of plain JeroMQ, libzmq in C, RSocket, reactor-netty TCP and"
                        + " spring-integration-zeromq; within a process and between two; the times of single round"
                        + " trips; and up to 1000 sockets on one loop. Prints tables, and writes them as JSON and as"
                        + " a plot. Takes about 15 minutes.",
        mixinStandardHelpOptions = true)
public final class SocketsBenchmark implements Callable<Integer> {

    private static final int[] SIZES = {64, 1 << 10, 64 << 10, 1 << 20};
    private static final int[] FEW_SIZES = {64, 64 << 10};
    private static final int[] MANY = {1, 10, 100, 1000};

    @Option(names = "--quick", description = "Shorter and fewer rounds: about two minutes in all.")
    private boolean quick;

    @Option(
            names = "--sizes",
            split = ",",
            description = "The bytes of a message, at least 16; default: 64,1024,65536,1048576; with --quick 64,65536"
                    + " but for tcp.")
    private int @Nullable [] sizes;

    @Option(
            names = "--parts",
            split = ",",
            defaultValue = "inproc,tcp,processes,roundtrips,many",
            description = "What to measure; default: ${DEFAULT-VALUE}.")
    private List<String> parts = List.of();

    @Option(
            names = "--entrants",
            split = ",",
            defaultValue = "fpipe,jeromq,jeromq-1m,libzmq,rsocket,netty,spring",
            description = "Who takes part; default: ${DEFAULT-VALUE}.")
    private List<String> names = List.of();

    @Option(names = "--out", description = "The folder for sockets.json and sockets.svg; default: target/sockets.")
    private @Nullable Path out;

    @Override
    public Integer call() throws Exception {
        Path target = target();
        Path folder = Files.createDirectories(out == null ? target.resolve("sockets") : out);
        int rounds = quick ? 3 : 7;
        Report report = new Report();
        report.printMachine(rounds);
        try (Contest contest =
                new Contest(target, folder.resolve("sockets.log"), entrants(), rounds, quick ? 0.1 : 1.0)) {
            contest.warmUp();
            List<Result> results = new ArrayList<>();
            for (String transport : parts) {
                if (List.of("inproc", "tcp", "processes").contains(transport)) {
                    for (int size : sizesFor(transport)) {
                        List<Result> measured = contest.oneWay(transport, size);
                        report.print(measured);
                        results.addAll(measured);
                    }
                }
            }
            List<Result.Latency> latencies =
                    parts.contains("roundtrips") ? contest.roundTrips(quick ? 5_000 : 30_000) : List.of();
            report.printLatencies(latencies);
            List<Result.Many> many =
                    parts.contains("many") ? contest.many(MANY, quick ? 200_000 : 2_000_000) : List.of();
            report.printMany(many);
            Path json = folder.resolve("sockets.json");
            Files.writeString(json, report.json(results, latencies, many, contest.skipped()));
            Path plot = folder.resolve("sockets.svg");
            Files.writeString(plot, new Plot(results).svg());
            System.out.println("written: " + json + ", " + plot);
        }
        return 0;
    }

    private int[] sizesFor(String transport) {
        if (sizes != null) {
            return sizes;
        }
        return quick && !transport.equals("tcp") ? FEW_SIZES : SIZES;
    }

    private List<Entrant> entrants() {
        List<Entrant> entrants = new ArrayList<>();
        for (String name : names) {
            Entrant entrant = Entrant.of(name);
            if (entrant == null) {
                throw new IllegalArgumentException("there is no entrant " + name);
            }
            entrants.add(entrant);
        }
        return entrants;
    }

    /** The folder that the classes and libraries are in. */
    private static Path target() throws URISyntaxException, IOException {
        Path classes = Path.of(SocketsBenchmark.class
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
