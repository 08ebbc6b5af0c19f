/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An entrant and its processes: one, and a second that sends to it when one process is to send to another. */
final class Participant implements AutoCloseable {

    private static final int WARM_UPS = 12;
    private static final int FIRST_BYTES = 16 << 20;
    private static final int FIRST_MESSAGES = 50_000;
    private static final int FEWEST_MESSAGES = 20;
    private static final int MOST_MESSAGES = 40_000_000;

    private final Entrant entrant;
    private final List<String> command;
    private final Path log;
    private WorkerProcess worker;
    private @Nullable WorkerProcess sender;

    Participant(Entrant entrant, Path target, Path log) throws IOException, InterruptedException {
        this.entrant = entrant;
        this.command = entrant.command(target);
        this.log = log;
        this.worker = new WorkerProcess(command, log);
    }

    Entrant entrant() {
        return entrant;
    }

    /** What a round took from the first message to the last, and the thread of the source. */
    record Round(double seconds, String thread) {}

    /** Runs more and more messages until a round takes about so many seconds; returns how many they are then. */
    int warmUp(String transport, int size, double seconds) throws InterruptedException, IOException {
        int count = Math.min(FIRST_MESSAGES, Math.max(FEWEST_MESSAGES, FIRST_BYTES / size));
        for (int i = 0; i < WARM_UPS; i++) {
            double took = oneWay(transport, size, count).seconds();
            double factor = seconds / Math.max(took, seconds / 100);
            if (factor < 1.5) {
                return Math.max(FEWEST_MESSAGES, (int) (count * factor));
            }
            count = (int) Math.min(MOST_MESSAGES, count * Math.min(factor, 5));
        }
        return count;
    }

    /** Sends so many messages of one size, and checks what has arrived. */
    Round oneWay(String transport, int size, int count) throws InterruptedException, IOException {
        String[] arrived;
        String thread;
        if (transport.equals("processes")) {
            WorkerProcess from = sender();
            worker.order("receive " + size + " " + count);
            from.order("send " + worker.answer("at")[1] + " " + size + " " + count);
            worker.answer("first");
            from.order("go");
            arrived = worker.answer("arrived");
            from.order("end");
            thread = from.answer("sent")[1];
        } else {
            worker.order("oneway " + transport + " " + size + " " + count);
            arrived = worker.answer("arrived");
            thread = arrived[4];
        }
        if (Integer.parseInt(arrived[1]) != count || Long.parseLong(arrived[2]) != Run.checksum(count)) {
            throw new IllegalStateException("of " + count + " messages arrived: " + String.join(" ", arrived));
        }
        return new Round(Long.parseLong(arrived[3]) / 1e9, thread);
    }

    private WorkerProcess sender() throws IOException {
        WorkerProcess second = sender;
        if (second == null) {
            second = new WorkerProcess(command, log);
            sender = second;
        }
        return second;
    }

    /** Calls of 64 bytes, one after the other; returns the nanoseconds of p50, p99, p99.9 and of all. */
    long[] roundTrips(int calls) throws InterruptedException {
        worker.order("roundtrips " + calls);
        String[] words = worker.answer("latencies");
        return new long[] {
            Long.parseLong(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]), Long.parseLong(words[4])
        };
    }

    /** Sends so many messages in all to many sockets; returns the seconds. */
    double many(int sockets, int count) throws InterruptedException {
        worker.order("many " + sockets + " " + count);
        return Long.parseLong(worker.answer("nanoseconds")[1]) / 1e9;
    }

    /** Begins anew after a failure. */
    void restart() throws IOException {
        close();
        worker = new WorkerProcess(command, log);
    }

    @Override
    public void close() {
        worker.close();
        if (sender != null) {
            sender.close();
            sender = null;
        }
    }
}
