/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Another process, of Java, to be talked to, stopped and killed. It ends by itself when its input ends. */
final class OtherJvm implements AutoCloseable {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final Process process;
    private final BufferedReader said;

    /** Sends signals: its own kill takes no time, and comes in the order in which it was asked for. */
    private Process shell;

    private OtherJvm(Process process) {
        this.process = process;
        this.said = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts the main method of a test class with a heap of some megabytes. */
    static OtherJvm start(Class<?> main, int megabytes, String... args) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                OtherJvm.class.desiredAssertionStatus() ? "-ea" : "-da",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx" + megabytes + "m",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                main.getName()));
        command.addAll(List.of(args));
        try {
            return new OtherJvm(new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** The next line that it prints. */
    String line() {
        return Mono.fromCallable(said::readLine)
                .subscribeOn(Schedulers.boundedElastic())
                .blockOptional(SOON)
                .orElseThrow(() -> new AssertionError("the process has ended"));
    }

    /** Gives it a line to read. */
    void tell(String line) {
        write(process, line);
    }

    private static void write(Process to, String line) {
        try {
            to.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            to.getOutputStream().flush();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Sends SIGSTOP, at once. */
    void stop() {
        signal("STOP");
    }

    /** Sends SIGCONT, at once. */
    void goOn() {
        signal("CONT");
    }

    private synchronized void signal(String name) {
        if (shell == null) {
            try {
                shell = new ProcessBuilder("sh").start();
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }
        write(shell, "kill -" + name + " " + process.pid());
    }

    /** Sends SIGKILL, at once; returns before it has ended. */
    void killSoon() {
        process.destroyForcibly();
    }

    /** Sends SIGKILL and waits for the end. */
    void kill() {
        killSoon();
        try {
            assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS))
                    .as("killed")
                    .isTrue();
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
        synchronized (this) {
            if (shell != null) {
                shell.destroyForcibly();
            }
        }
    }

    @Override
    public void close() {
        kill();
    }
}
