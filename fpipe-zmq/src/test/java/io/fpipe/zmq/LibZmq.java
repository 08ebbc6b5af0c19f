/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A socket of libzmq in a process of Python, which does what it is told; see {@code zmq_peer.py}. Where Python cannot use
 * libzmq the test is skipped and says so; on Debian {@code apt-get install python3-zmq} installs what it needs.
 */
final class LibZmq implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final List<String> PYTHONS =
            List.of(System.getProperty("python", "python3"), "/usr/bin/python3", "/usr/local/bin/python3");
    private static final @Nullable String PYTHON =
            PYTHONS.stream().filter(LibZmq::usesLibZmq).findFirst().orElse(null);

    private final Process process;
    private final BufferedReader out;
    private final BufferedWriter in;

    /** How many commands are not answered yet. */
    private int open;

    /** Skips the test if there is no libzmq. */
    LibZmq() {
        assumeTrue(
                PYTHON != null,
                "none of " + PYTHONS
                        + " has the module zmq with libzmq 4: apt-get install python3-zmq, or -Dpython=PATH");
        try {
            Path script = Path.of(LibZmq.class.getResource("/zmq_peer.py").toURI());
            process = new ProcessBuilder(PYTHON, script.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException | URISyntaxException ex) {
            throw new AssertionError(ex);
        }
        out = process.inputReader(StandardCharsets.UTF_8);
        in = process.outputWriter(StandardCharsets.UTF_8);
    }

    private static boolean usesLibZmq(String python) {
        try {
            Process version = new ProcessBuilder(
                            python, "-c", "import sys, zmq; sys.exit(zmq.zmq_version_info()[0] != 4)")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return version.waitFor(20, TimeUnit.SECONDS) && version.exitValue() == 0;
        } catch (IOException | InterruptedException ex) {
            return false;
        }
    }

    /** Gives a command and does not wait for its answer. */
    LibZmq begin(Object... words) {
        try {
            in.write(String.join(" ", Stream.of(words).map(String::valueOf).toList()) + "\n");
            in.flush();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        open++;
        return this;
    }

    /** The answer to the first command that has none yet. */
    String answer() {
        String line = Mono.fromCallable(out::readLine)
                .subscribeOn(Schedulers.boundedElastic())
                .block(LIMIT);
        assertThat(line).as("answer of the Python process").isNotNull().doesNotStartWith("error");
        open--;
        return line;
    }

    /** Gives a command and returns the answer. */
    String call(Object... words) {
        return begin(words).answer();
    }

    boolean isBusy() {
        return open > 0;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
