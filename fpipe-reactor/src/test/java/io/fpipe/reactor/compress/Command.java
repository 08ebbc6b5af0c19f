/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs a command of the system from file to file. Where it is not installed the test is skipped and says so; on Debian
 * {@code apt-get install -y lz4 zstd gzip} installs all that the tests use.
 */
final class Command {

    private final Path folder;
    private final String name;

    /** Skips the test if there is no such command. */
    Command(Path folder, String name) {
        this.folder = folder;
        this.name = name;
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, name))),
                "the command " + name + " is not installed: apt-get install -y " + name);
    }

    byte[] run(byte[] input, String... options) throws IOException, InterruptedException {
        Path in = Files.write(folder.resolve("in"), input);
        Path out = folder.resolve("out");
        List<String> words = Stream.concat(Stream.of(name), Stream.of(options)).toList();
        Process process = new ProcessBuilder(words)
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s ended", words).isTrue();
        assertThat(process.exitValue()).as("%s", words).isZero();
        return Files.readAllBytes(out);
    }
}
