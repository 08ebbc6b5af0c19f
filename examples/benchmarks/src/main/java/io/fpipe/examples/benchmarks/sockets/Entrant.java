/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Who takes part: what it is called, and how its processes are started. */
enum Entrant {
    FPIPE("fpipe", "fpipe", "#d62728"),
    JEROMQ("jeromq", "JeroMQ by hand, defaults", "#1f77b4"),
    JEROMQ_SAME("jeromq-1m", "JeroMQ by hand, 1 MiB", "#6baed6"),
    LIBZMQ("libzmq", "libzmq in C, defaults", "#2ca02c"),
    RSOCKET("rsocket", "RSocket", "#9467bd"),
    NETTY("netty", "reactor-netty TCP", "#ff7f0e"),
    SPRING("spring", "spring-integration-zeromq", "#7f7f7f");

    /** The same for all that run in a virtual machine. */
    static final List<String> JVM_OPTIONS = List.of("-Xms3g", "-Xmx3g");

    private final String id;
    private final String title;
    private final String colour;

    Entrant(String id, String title, String colour) {
        this.id = id;
        this.title = title;
        this.colour = colour;
    }

    String id() {
        return id;
    }

    String title() {
        return title;
    }

    String colour() {
        return colour;
    }

    /** Tells whether it can be measured so; the size of socket buffers means nothing to inproc. */
    boolean has(String transport) {
        return !transport.equals("inproc") || this == FPIPE || this == JEROMQ || this == LIBZMQ;
    }

    boolean hasRoundTrips() {
        return this != SPRING;
    }

    /** Returns how to start a process, after compiling the program if it is one in C. */
    List<String> command(Path target) throws IOException, InterruptedException {
        if (this == LIBZMQ) {
            return List.of(compile(target).toString());
        }
        String java = ProcessHandle.current().info().command().orElse("java");
        List<String> command = new ArrayList<>(List.of(java));
        command.addAll(JVM_OPTIONS);
        String libraries = this == RSOCKET ? "rsocket-lib" : "lib";
        String path = target.resolve("classes") + ":" + target.resolve(libraries) + "/*";
        command.addAll(List.of("-cp", path, Worker.class.getName(), id));
        return command;
    }

    private static Path compile(Path target) throws IOException, InterruptedException {
        Path source = target.resolve("libzmq.c");
        Path program = target.resolve("libzmq");
        Path log = target.resolve("libzmq.log");
        try (InputStream text = Entrant.class.getResourceAsStream("libzmq.c")) {
            if (text == null) {
                throw new IllegalStateException("libzmq.c is missing from the class path");
            }
            Files.copy(text, source, StandardCopyOption.REPLACE_EXISTING);
        }
        Process compiler;
        try {
            compiler = new ProcessBuilder("cc", "-O2", "-o", program + "", source + "", "-lzmq", "-lpthread")
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new IllegalStateException("there is no C compiler: " + e.getMessage(), e);
        }
        if (!compiler.waitFor(1, TimeUnit.MINUTES) || compiler.exitValue() != 0) {
            String error = Files.readAllLines(log).stream()
                    .filter(line -> line.contains("error"))
                    .findFirst()
                    .orElse("see " + log);
            throw new IllegalStateException("it cannot be compiled (libzmq's header is in libzmq3-dev): " + error);
        }
        return program;
    }

    /** Returns the entrant with that name, or null. */
    static @Nullable Entrant of(String id) {
        for (Entrant entrant : values()) {
            if (entrant.id.equals(id)) {
                return entrant;
            }
        }
        return null;
    }
}
