/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.stopped;

import com.sun.management.OperatingSystemMXBean;
import io.fpipe.examples.benchmarks.Rates;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.zmq.ZmqResources;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import reactor.core.publisher.Flux;

/** Stops a reader at each layer and prints what the source, the process and the others do meanwhile. */
@Command(
        name = "stopped",
        description = "What happens when a reader stops, at each layer: how much is taken from a source that offers"
                + " 100,000 buffers a second before it stops, processor time and growth of the heap while it stands"
                + " still, what others get through the same connection, and whether all of it arrives in the end.",
        mixinStandardHelpOptions = true)
public final class StoppedBenchmark implements Callable<Integer> {

    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private static final long LOOK_MILLIS = 100;
    private static final int STANDS_STILL = 3;
    private static final int LOOKS = 50;

    @Option(
            names = "--seconds",
            defaultValue = "3",
            description = "How long a reader stands still; default: ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--layers",
            defaultValue = ".*",
            description = "The layers to be measured, as a regular expression; default: all.")
    private Pattern chosen = Pattern.compile(".*");

    @Override
    public Integer call() throws InterruptedException {
        Rates.printMachine();
        System.out.println();
        System.out.println("| layer | offered | taken until it stopped | heap held | stopped | CPU | heap grew by"
                + " | others meanwhile | lost in the end |");
        System.out.println("|---|---|---|---|---|---|---|---|---|");
        for (Layer layer : Layers.all()) {
            if (chosen.matcher(layer.name()).find()) {
                measure(layer);
            }
        }
        return 0;
    }

    private void measure(Layer layer) throws InterruptedException {
        ZmqResources resources = ZmqResources.create();
        Source source = new Source(layer.buffer());
        AtomicLong read = new AtomicLong();
        long empty = heap();
        Layer.Between between = layer.setUp().between(source, resources);
        List<Reader> readers = between.readers().stream()
                .map(flux -> flux.subscribeWith(new Reader(layer.reads(), read)))
                .toList();
        boolean stopped = awaitStandstill(source::taken);
        long taken = source.taken();
        long bytes = source.takenBytes();
        long held = heap() - empty;
        long offered = source.offered();
        long cpu = SYSTEM.getProcessCpuTime();
        long start = System.nanoTime();

        TimeUnit.SECONDS.sleep(seconds);

        double passed = System.nanoTime() - start;
        double used = (SYSTEM.getProcessCpuTime() - cpu) / passed;
        boolean stands = source.taken() == taken;
        double grown = Math.max(0, heap() - empty - held); // what was there before may have gone
        long refused = source.offered() - offered;
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %.1f MB | %s | %.1f %% | %.1f MB | %s ",
                layer.name(),
                refused == 0 ? "when asked" : String.format(Locale.ROOT, "%,d", source.offered()),
                stopped
                        ? String.format(Locale.ROOT, "%,d buffers, %,d bytes", taken, bytes)
                        : "all: " + String.format(Locale.ROOT, "%,d", source.taken()),
                held / 1e6,
                stands ? seconds + " s" : "never",
                100 * used,
                grown / 1e6,
                others(between.others()));
        finish(source, readers, read);
        resources.dispose();
        resources.onDispose().block();
    }

    private static String others(@Nullable Flux<ByteBuffer> others) {
        if (others == null) {
            return "–";
        }
        AtomicLong bytes = new AtomicLong();
        try {
            others.doOnNext(buffer -> bytes.addAndGet(buffer.remaining()))
                    .take(Duration.ofSeconds(1))
                    .blockLast();
        } catch (LimitExceededException ex) {
            return String.valueOf(ex.getMessage());
        }
        return String.format(Locale.ROOT, "%,.0f MB/s", bytes.get() / 1e6);
    }

    /** Reads all that was taken from the source. */
    private static void finish(Source source, List<Reader> readers, AtomicLong read) throws InterruptedException {
        source.end();
        readers.forEach(Reader::goOn);
        awaitStandstill(read::get);
        long lost = source.takenBytes() - read.get();
        System.out.printf(Locale.ROOT, "| %,d bytes |%n", lost);
    }

    /** Waits until a number has not changed for a while; returns whether it has come to that. */
    private static boolean awaitStandstill(LongSupplier number) throws InterruptedException {
        long before = -1;
        int same = 0;
        for (int look = 0; look < LOOKS && same < STANDS_STILL; look++) {
            long now = number.getAsLong();
            same = now == before ? same + 1 : 0;
            before = now;
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        return same == STANDS_STILL;
    }

    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
