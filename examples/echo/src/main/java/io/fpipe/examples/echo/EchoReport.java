/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.echo;

import io.fpipe.reactor.codec.Cbor;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;

/** Prints what happened, a line a step; on a terminal also a bar while a large array is under way. */
final class EchoReport {

    private static final int BAR_COLUMNS = 79;

    private final PrintWriter out;
    private final boolean terminal;
    private volatile @Nullable ProgressBar bar;

    EchoReport(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** One object there and its answer back: bytes on the wire each way, and the time for both. */
    record Exchange(Object body, Object answer, long sent, long received, long nanos) {

        Exchange withoutAnswer() {
            return new Exchange(body, "", sent, received, nanos);
        }
    }

    void say(String text) {
        out.println(text);
    }

    void columns() {
        out.printf(Locale.ROOT, "  %-27s %13s %13s %12s %12s%n", "object", "bytes sent", "received", "time", "speed");
    }

    /** The speed is that of the object's own bytes, before compression, counted once for both ways. */
    void line(String object, Exchange exchange, String result) {
        double seconds = exchange.nanos() / 1e9;
        out.printf(
                Locale.ROOT,
                "  %-27s %,13d %,13d %9.1f ms %7.1f MB/s  %s%n",
                object,
                exchange.sent(),
                exchange.received(),
                seconds * 1e3,
                size(exchange.body()) / 1e6 / seconds,
                result);
    }

    private static long size(Object body) {
        return Cbor.serializer()
                .serialize(body)
                .mapNotNull(ByteBuffer::remaining)
                .reduce(0L, Long::sum)
                .blockOptional()
                .orElseThrow();
    }

    void startProgress(long bytes) {
        if (terminal) {
            bar = ProgressBar.builder()
                    .setTaskName("there and back")
                    .setInitialMax(bytes)
                    .setUnit(" MB", 1_000_000)
                    .setUpdateIntervalMillis(100)
                    // A fixed width: asking the terminal for its own would load native code.
                    .setConsumer(new ConsoleProgressBarConsumer(System.out, BAR_COLUMNS))
                    .clearDisplayOnFinish()
                    .build();
        }
    }

    void moved(int bytes) {
        ProgressBar current = bar;
        if (current != null) {
            current.stepBy(bytes);
        }
    }

    void endProgress() {
        ProgressBar current = bar;
        if (current != null) {
            bar = null;
            current.close();
        }
    }
}
