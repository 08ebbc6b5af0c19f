/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Who takes part: what it is called, what it takes part in, and how its processes are started. */
enum Entrant {
    FPIPE("fpipe", "fpipe", Set.of(Task.values())),
    FPIPE_LOOP("fpipe-loop", "fpipe, one loop for both", Set.of(Task.CALL, Task.CALLS)),
    JEROMQ("jeromq", "JeroMQ by hand", Set.of(Task.values())),
    RSOCKET("rsocket", "RSocket request-response", Set.of(Task.CALL, Task.CALLS)),
    RSOCKET_CHANNEL("rsocket-channel", "RSocket request-channel", Set.of(Task.CALLS, Task.STREAMS, Task.BYTES)),
    GRPC("grpc", "gRPC unary", Set.of(Task.CALL, Task.CALLS)),
    GRPC_BIDI("grpc-bidi", "gRPC bidi", Set.of(Task.CALLS, Task.STREAMS, Task.BYTES)),
    HTTP("http", "reactor-netty HTTP/1.1", Set.of(Task.CALL, Task.CALLS, Task.STREAMS, Task.BYTES));

    /** The same for all; a heap that shrinks between rounds would have its pages cleared within the time of the next. */
    static final List<String> JVM_OPTIONS = List.of("-Xms3g", "-Xmx3g");

    private final String id;
    private final String title;

    @SuppressWarnings("ImmutableEnumChecker") // it is made by Set.of
    private final Set<Task> tasks;

    Entrant(String id, String title, Set<Task> tasks) {
        this.id = id;
        this.title = title;
        this.tasks = tasks;
    }

    String id() {
        return id;
    }

    String title() {
        return title;
    }

    /** Tells whether it is measured so; inproc is ZeroMQ's, and one loop for both ends is in one process. */
    boolean has(Task task, String where) {
        boolean zmq = this == FPIPE || this == JEROMQ;
        return tasks.contains(task)
                && (zmq || !where.equals("inproc"))
                && (this != FPIPE_LOOP || where.equals("process"));
    }

    List<String> command(Path target) {
        List<String> command =
                new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java")));
        command.addAll(JVM_OPTIONS);
        boolean rsocket = this == RSOCKET || this == RSOCKET_CHANNEL;
        String path = target.resolve("classes") + ":" + target.resolve(rsocket ? "rsocket-lib" : "lib") + "/*";
        command.addAll(List.of("-cp", path, Worker.class.getName(), id));
        return command;
    }

    /** Makes a contestant, in the process that has its libraries. */
    static Contestant contestant(String id) {
        return switch (id) {
            case "fpipe" -> new FpipeContestant(false);
            case "fpipe-loop" -> new FpipeContestant(true);
            case "jeromq" -> new JeroMqContestant();
            case "rsocket" -> new RSocketContestant(false);
            case "rsocket-channel" -> new RSocketContestant(true);
            case "grpc" -> new GrpcContestant(false);
            case "grpc-bidi" -> new GrpcContestant(true);
            case "http" -> new HttpContestant();
            default -> throw new IllegalArgumentException("no such contestant: " + id);
        };
    }

    static Entrant of(String id) {
        for (Entrant entrant : values()) {
            if (entrant.id.equals(id)) {
                return entrant;
            }
        }
        throw new IllegalArgumentException("there is no contestant " + id);
    }
}
