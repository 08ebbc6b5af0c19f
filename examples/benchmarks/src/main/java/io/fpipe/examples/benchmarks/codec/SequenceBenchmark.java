/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.codec;

import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Lz4;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import reactor.core.publisher.Flux;

/** More objects than the heap can hold, written, compressed, decompressed and read again. */
@Command(
        name = "sequence",
        description =
                "A CBOR sequence of 100,000,000 integers of an iterator, written, compressed with LZ4, decompressed"
                        + " and read again, in a process with a heap of 64 MB.",
        mixinStandardHelpOptions = true)
public final class SequenceBenchmark implements Callable<Integer> {

    private static final String HEAP = "64m";
    private static final long LONGEST_MINUTES = 10;

    @Option(names = "--count", defaultValue = "100000000", description = "How many; default: ${DEFAULT-VALUE}.")
    private int count;

    @Option(names = "--child", hidden = true, description = "The part of the process with the small heap.")
    private boolean child;

    @Override
    public Integer call() throws Exception {
        if (child) {
            run();
            return 0;
        }
        Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-Xmx" + HEAP,
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.fpipe.examples.benchmarks.BenchmarksMain",
                        "sequence",
                        "--child",
                        "--count",
                        String.valueOf(count))
                .inheritIO()
                .start();
        if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IllegalStateException("not done within " + LONGEST_MINUTES + " minutes");
        }
        return process.exitValue();
    }

    private void run() {
        AtomicLong plain = new AtomicLong();
        AtomicLong packed = new AtomicLong();
        AtomicLong sum = new AtomicLong();
        long start = System.nanoTime();
        Stage there = Stage.of(bytes -> bytes.doOnNext(buffer -> plain.addAndGet(buffer.remaining())))
                .then(Lz4.compress())
                .then(Stage.of(bytes -> bytes.doOnNext(buffer -> packed.addAndGet(buffer.remaining()))));
        Stage back = Lz4.decompress(options -> options.unlimited());
        Long received = Cbor.sequenceSerializer(Integer.class)
                .then(there)
                .then(back)
                .intoMany(Cbor.sequenceDeserializer(Integer.class))
                .apply(Flux.fromStream(() -> IntStream.range(0, count).boxed()))
                .doOnNext(sum::addAndGet)
                .count()
                .block();
        double seconds = (System.nanoTime() - start) / 1e9;
        long expected = (long) count * (count - 1) / 2;
        if (received == null || received != count || sum.get() != expected) {
            throw new IllegalStateException(
                    received + " of " + count + " integers came, sum " + sum + ", not " + expected);
        }
        System.out.printf(
                Locale.ROOT,
                "%,d integers, %,d bytes of CBOR, %,d with LZ4, in %.1f s (%,.0f/s); sum equal; heap at most %d MB, of which"
                        + " %d MB are used now; Java %s%n",
                count,
                plain.get(),
                packed.get(),
                seconds,
                count / seconds,
                Runtime.getRuntime().maxMemory() >> 20,
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20,
                System.getProperty("java.version"));
    }
}
