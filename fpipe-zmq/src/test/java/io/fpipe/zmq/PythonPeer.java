/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;

/** A process of {@code examples/python-peer}: FPIPE/1 by an implementation that shares nothing with this one. */
final class PythonPeer implements Disposable {

    /** Python may take its time to start on a machine that is busy. */
    private static final Duration SOON = Duration.ofSeconds(20);

    private static final String PYTHON = "/usr/bin/python3";
    private static final String END = "(end of output)";

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private String endpoint = "";

    private PythonPeer(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "python-output");
        reader.setDaemon(true);
        reader.start();
    }

    /** Whether there is a Python with ZeroMQ. */
    static boolean isAvailable() {
        try {
            Process process = command(List.of(PYTHON, "-c", "import zmq"))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException ex) {
            return false;
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    /** Starts a server and waits until it serves. */
    static PythonPeer serve(String endpoint, String... options) {
        PythonPeer peer = start("serve", endpoint, options);
        String line = peer.line();
        assertThat(line).startsWith("serving tcp://");
        peer.endpoint = line.substring("serving ".length());
        return peer;
    }

    /** Starts a client. */
    static PythonPeer call(String endpoint, String... options) {
        return start("call", endpoint, options);
    }

    /** Runs a script, without fpipe's protocol. */
    static PythonPeer run(String script, String... arguments) {
        List<String> all = new ArrayList<>(List.of(PYTHON, "-u", "-c", script));
        all.addAll(List.of(arguments));
        return start(all);
    }

    private static PythonPeer start(String command, String endpoint, String... options) {
        Path script = Path.of(System.getProperty("basedir", "")).resolve("../examples/python-peer/fpipe_peer.py");
        List<String> arguments = new ArrayList<>(List.of(PYTHON, script.toString(), command, endpoint));
        arguments.addAll(List.of(options));
        return start(arguments);
    }

    private static PythonPeer start(List<String> arguments) {
        try {
            return new PythonPeer(command(arguments).start());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static ProcessBuilder command(List<String> arguments) {
        ProcessBuilder builder = new ProcessBuilder(arguments).redirectErrorStream(true);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        return builder.redirectInput(new java.io.File("/dev/null"));
    }

    private void read() {
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
            }
        } catch (IOException ex) {
            lines.add(ex.toString()); // the process was killed
        }
        lines.add(END);
    }

    String endpoint() {
        return endpoint;
    }

    /** The next line that it prints. */
    String line() {
        try {
            String line = lines.poll(SOON.toMillis(), TimeUnit.MILLISECONDS);
            assertThat(line).as("a line of output").isNotNull();
            return line;
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    /** The next line that contains a text; others are passed over. */
    String line(String text) {
        for (String line = line(); !line.equals(END); line = line()) {
            if (line.contains(text)) {
                return line;
            }
        }
        throw new AssertionError("no line with \"" + text + "\" was printed");
    }

    /** Waits until it ends by itself, with a code; returns what it had still to print. */
    List<String> end(int code) {
        List<String> rest = new ArrayList<>();
        for (String line = line(); !line.equals(END); line = line()) {
            rest.add(line);
        }
        waitFor();
        assertThat(process.exitValue()).as("the exit code after %s", rest).isEqualTo(code);
        return rest;
    }

    /** Asks it to end, with SIGTERM. */
    PythonPeer stop() {
        process.toHandle().destroy(); // Process.destroy() would close its output, too
        return this;
    }

    /** Ends it with SIGKILL, without waiting. */
    void killSoon() {
        process.destroyForcibly();
    }

    /** Ends it with SIGKILL. */
    void kill() {
        killSoon();
        waitFor();
    }

    private void waitFor() {
        try {
            assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    @Override
    public void dispose() {
        kill();
    }
}
