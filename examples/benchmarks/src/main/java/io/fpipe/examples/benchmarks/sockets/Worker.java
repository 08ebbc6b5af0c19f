/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The process of a contestant. Reads orders from standard input, a line each, until it ends:
 * <ul>
 * <li>{@code oneway TRANSPORT SIZE COUNT}: both ends here; answers {@code arrived COUNT CHECKSUM NANOSECONDS THREAD}.</li>
 * <li>{@code receive SIZE COUNT}: answers {@code at ADDRESS}, {@code first}, {@code arrived ...} without the thread.</li>
 * <li>{@code send ADDRESS SIZE COUNT}: sends one message, the others after {@code go}; answers {@code sent THREAD}
 * to {@code end}.</li>
 * <li>{@code roundtrips COUNT}: answers {@code latencies P50 P99 P999 NANOSECONDS}.</li>
 * <li>{@code many SOCKETS COUNT}: that many pairs of sockets; answers {@code nanoseconds TIME}.</li>
 * </ul>
 * An answer may also be {@code error TEXT}. After each run the heap is collected and shrunk, outside the clock.
 */
final class Worker {

    private final String name;
    private final BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private Worker(String name) {
        this.name = name;
    }

    public static void main(String[] args) throws IOException {
        new Worker(args[0]).run();
        System.exit(0); // whatever threads a library leaves
    }

    private void run() throws IOException {
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            String answer;
            try {
                answer = obey(order.split(" "));
            } catch (Exception | LinkageError | OutOfMemoryError e) {
                e.printStackTrace();
                answer = "error " + e.toString().replace('\n', ' ');
            }
            System.gc();
            answer(answer);
        }
    }

    private String obey(String[] order) throws Exception {
        return switch (order[0]) {
            case "oneway" -> oneWay(order[1], Integer.parseInt(order[2]), Integer.parseInt(order[3]));
            case "receive" -> receive(Integer.parseInt(order[1]), Integer.parseInt(order[2]));
            case "send" -> send(order[1], Integer.parseInt(order[2]), Integer.parseInt(order[3]));
            case "roundtrips" -> roundTrips(Integer.parseInt(order[1]));
            case "many" -> "nanoseconds " + ManySockets.run(Integer.parseInt(order[1]), Integer.parseInt(order[2]));
            default -> throw new IllegalArgumentException("no such order: " + order[0]);
        };
    }

    private Contestant contestant() {
        return switch (name) {
            case "fpipe" -> new FpipeContestant();
            case "jeromq" -> new JeroMqContestant(0);
            case "jeromq-1m" -> new JeroMqContestant(1 << 20);
            case "rsocket" -> new RSocketContestant();
            case "netty" -> new NettyContestant();
            case "spring" -> new SpringContestant();
            default -> throw new IllegalArgumentException("no such contestant: " + name);
        };
    }

    private String oneWay(String transport, int size, int count) throws Exception {
        Run[] self = new Run[1];
        Run run = new Run(size, count, () -> self[0].go());
        self[0] = run;
        try (Contestant contestant = contestant()) {
            Thread sender = startSender(contestant, contestant.bind(transport, run), run);
            String arrived = run.await();
            sender.join();
            return arrived + " " + run.sourceThread();
        }
    }

    private String receive(int size, int count) throws Exception {
        Run run = new Run(size, count, () -> answer("first"));
        try (Contestant contestant = contestant()) {
            answer("at " + contestant.bind("tcp", run));
            return run.await();
        }
    }

    private String send(String address, int size, int count) throws Exception {
        Run run = new Run(size, count, () -> {});
        try (Contestant contestant = contestant()) {
            Thread sender = startSender(contestant, address, run);
            for (String line = orders.readLine(); line != null && !line.equals("end"); line = orders.readLine()) {
                run.go();
            }
            sender.join(1000);
            return "sent " + run.sourceThread();
        }
    }

    private static Thread startSender(Contestant contestant, String address, Run run) {
        Thread sender = new Thread(
                () -> {
                    try {
                        contestant.send(address, run);
                    } catch (Exception e) {
                        e.printStackTrace();
                        run.fail(e);
                    }
                },
                "source");
        sender.start();
        return sender;
    }

    private String roundTrips(int calls) throws Exception {
        long[] times = new long[calls];
        int[] answered = {-1};
        long[] last = {0};
        try (Contestant contestant = contestant()) {
            contestant.roundTrips(calls, () -> {
                long now = System.nanoTime();
                int i = answered[0]++;
                if (i >= 0 && i < calls) {
                    times[i] = now - last[0];
                }
                last[0] = now;
            });
        }
        if (answered[0] != calls) {
            throw new IllegalStateException(answered[0] + " of " + calls + " answers came");
        }
        long total = Arrays.stream(times).sum();
        Arrays.sort(times);
        return "latencies " + times[calls / 2] + " " + times[(int) (calls * 0.99)] + " " + times[(int) (calls * 0.999)]
                + " " + total;
    }

    private static synchronized void answer(String line) {
        System.out.println(line);
    }
}
