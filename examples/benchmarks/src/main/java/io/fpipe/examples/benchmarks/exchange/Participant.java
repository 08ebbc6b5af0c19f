/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.fpipe.examples.benchmarks.sockets.WorkerProcess;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An entrant that serves a task in one process and calls from the same or another. */
final class Participant implements AutoCloseable {

    private final Entrant entrant;
    private final WorkerProcess client;
    private final @Nullable WorkerProcess server;

    /** Starts its processes: two if the place is "processes". */
    Participant(Entrant entrant, Task task, String where, Path target, Path log)
            throws IOException, InterruptedException {
        this.entrant = entrant;
        client = new WorkerProcess(entrant.command(target), log);
        WorkerProcess serving = client;
        if (where.equals("processes")) {
            serving = new WorkerProcess(entrant.command(target), log);
            server = serving;
        } else {
            server = null;
        }
        try {
            serving.order("serve " + task + " " + (where.equals("inproc") ? "inproc" : "tcp"));
            client.order("connect " + task + " " + serving.answer("at")[1]);
            client.answer("connected");
        } catch (IllegalStateException e) {
            close();
            throw e;
        }
    }

    Entrant entrant() {
        return entrant;
    }

    /** Has the client do something, and returns what it took. */
    Took run(String order) throws InterruptedException {
        client.order(order);
        return Took.parse(client.answer("took"));
    }

    @Override
    public void close() {
        client.close();
        if (server != null) {
            server.close();
        }
    }
}
