/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqClient;
import io.fpipe.zmq.ZmqExchange;
import io.fpipe.zmq.ZmqServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import reactor.core.publisher.Flux;

/** A message that fits into the memory of neither side, there and back between two processes. */
@Command(
        name = "large",
        description =
                "A message of 8 GB from a client through a server and back, checked by CRC-32C: two processes with"
                        + " a heap of 128 MB each, then two with 4 GB each.",
        mixinStandardHelpOptions = true)
final class LargeBenchmark implements Callable<Integer> {

    private static final int CHUNK = 64 << 10;
    private static final long LONGEST_MINUTES = 10;

    @Option(
            names = "--bytes",
            defaultValue = "8000000000",
            description = "The length of the message; default: ${DEFAULT-VALUE}.")
    private long bytes;

    @Option(names = "--rounds", defaultValue = "3", description = "Messages for each heap; default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--serve", hidden = true, description = "The part of the server.")
    private boolean serve;

    @Option(names = "--client", hidden = true, description = "The part of the client.")
    private String client = "";

    @Override
    public Integer call() throws Exception {
        if (serve) {
            return serve();
        } else if (!client.isEmpty()) {
            return send(client);
        }
        Rates.printMachine();
        double small = best("128m");
        double large = best("4g");
        System.out.printf(Locale.ROOT, "speed with 128m relative to 4g: %.2f%n", large / small);
        return 0;
    }

    /** Runs a server and a client with the given heap and returns the best of the client's times. */
    private double best(String heap) throws IOException, InterruptedException {
        Process server = start(heap, "--serve");
        try (BufferedReader announced = server.inputReader(StandardCharsets.UTF_8)) {
            Process sender = start(
                    heap, "--client", announced.readLine(), "--bytes", String.valueOf(bytes), "--rounds", "" + rounds);
            double best = Double.MAX_VALUE;
            try (BufferedReader times = sender.inputReader(StandardCharsets.UTF_8)) {
                for (String line = times.readLine(); line != null; line = times.readLine()) {
                    double seconds = Double.parseDouble(line);
                    best = Math.min(best, seconds);
                    System.out.printf(
                            Locale.ROOT,
                            "%,d bytes there and back, tcp, heap %s each: %.2f s, %,.0f MB/s each way, CRC-32C equal%n",
                            bytes,
                            heap,
                            seconds,
                            bytes / seconds / 1e6);
                }
            }
            if (!sender.waitFor(1, TimeUnit.MINUTES) || sender.exitValue() != 0 || best == Double.MAX_VALUE) {
                throw new IllegalStateException("the client with a heap of " + heap + " failed");
            }
            return best;
        } finally {
            server.destroy();
            server.waitFor(1, TimeUnit.MINUTES);
        }
    }

    private static Process start(String heap, String... arguments) throws IOException {
        String java = ProcessHandle.current().info().command().orElse("java");
        List<String> command =
                new ArrayList<>(List.of(java, "-Xmx" + heap, "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(BenchmarksMain.class.getName(), "large"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static int serve() {
        ZmqBinding binding = ZmqServer.create().bind("tcp://127.0.0.1:*").serveNow(Stage.identity());
        System.out.println(binding.endpoint());
        binding.onDispose().block(); // until the process is ended
        return 0;
    }

    private int send(String endpoint) {
        ZmqExchange remote = ZmqClient.create().connect(endpoint).openNow();
        for (int i = 0; i < rounds; i++) {
            CRC32C sent = new CRC32C();
            CRC32C received = new CRC32C();
            long start = System.nanoTime();
            Long count = remote.apply(message(bytes, sent))
                    .doOnNext(buffer -> received.update(buffer.duplicate()))
                    .reduce(0L, (sum, buffer) -> sum + buffer.remaining())
                    .block(Duration.ofMinutes(LONGEST_MINUTES));
            double seconds = (System.nanoTime() - start) / 1e9;
            if (count == null || count != bytes || sent.getValue() != received.getValue()) {
                throw new IllegalStateException(count + " of " + bytes + " bytes came back, CRC-32C "
                        + received.getValue() + " instead of " + sent.getValue());
            }
            System.out.println(seconds);
        }
        remote.dispose();
        remote.onDispose().block();
        return 0;
    }

    /** Random bytes of which each chunk begins with its number, made when they are asked for. */
    private static Flux<ByteBuffer> message(long length, CRC32C sent) {
        byte[] random = new byte[CHUNK];
        new Random(1).nextBytes(random);
        return Flux.generate(() -> 0L, (at, sink) -> {
            if (at >= length) {
                sink.complete();
                return at;
            }
            int n = (int) Math.min(CHUNK, length - at);
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK)
                    .put(random)
                    .putLong(0, at)
                    .position(0)
                    .limit(n);
            sent.update(chunk.duplicate());
            sink.next(chunk);
            return at + n;
        });
    }
}
