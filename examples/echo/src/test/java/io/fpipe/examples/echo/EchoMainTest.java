/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqResources;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class EchoMainTest {

    /** The lines of one run, from the heading to the second warm round. */
    private static final List<String> STEPS = List.of(
            "  object +bytes sent +received +time +speed",
            "  \"abc\" +5 +5 +[0-9.]+ ms +[0-9.]+ MB/s  came back as abc",
            "  list 0\\.\\.999,999, compressed +[0-9,]{9} +[0-9,]{9} +[0-9.]+ ms +[0-9.]+ MB/s  length 1000000, equal",
            "  100,000 bytes, cold +100,006 +100,006 +[0-9.]+ ms +[0-9.]+ MB/s  equal, another array",
            "  100,000 bytes, warm 1 +100,006 +100,006 +[0-9.]+ ms +[0-9.]+ MB/s  equal(, best)?",
            "  100,000 bytes, warm 2 +100,006 +100,006 +[0-9.]+ ms +[0-9.]+ MB/s  equal(, best)?");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return EchoMain.run(new PrintWriter(out, true), new PrintWriter(err, true), false, args);
    }

    private static void assertSteps(List<String> lines) {
        assertThat(lines).hasSameSizeAs(STEPS);
        for (int i = 0; i < lines.size(); i++) {
            assertThat(lines.get(i)).matches(STEPS.get(i));
        }
        assertThat(lines).filteredOn(line -> line.endsWith(", best")).isNotEmpty();
    }

    @Test
    void runsAllStepsOverInprocAndTcpInOneProcess() {
        int code = run("--size", "100000", "--rounds", "2");

        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(14);
        assertThat(lines.get(0)).isEqualTo("echo over inproc://echo");
        assertSteps(lines.subList(1, 7));
        assertThat(lines.get(7)).matches("echo over tcp://127\\.0\\.0\\.1:[0-9]+");
        assertSteps(lines.subList(8, 14));
    }

    @Test
    void runsTheClientAgainstAServerThatIsThere() {
        ZmqResources resources = ZmqResources.create();
        try {
            ZmqBinding binding = EchoPipeline.serve("tcp://127.0.0.1:*", resources);

            int code = run("--client", binding.endpoint(), "--size", "100000", "--rounds", "2");

            assertThat(err.toString()).isEmpty();
            assertThat(code).isZero();
            List<String> lines = out.toString().lines().toList();
            assertThat(lines.get(0)).isEqualTo("echo over " + binding.endpoint());
            assertSteps(lines.subList(1, lines.size()));
        } finally {
            resources.dispose();
        }
    }

    @Test
    void servesUntilItIsTerminated() throws Exception {
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        EchoMain.class.getName(),
                        "--server",
                        "tcp://127.0.0.1:*")
                .redirectErrorStream(true)
                .start();
        try (BufferedReader lines = server.inputReader()) {
            assertThat(lines.readLine()).matches("serving on tcp://127\\.0\\.0\\.1:[0-9]+, Ctrl-C stops");

            server.toHandle().destroy(); // unlike Process.destroy it leaves the streams open

            assertThat(lines.readLine()).isEqualTo("stopped");
            assertThat(lines.readLine()).isNull();
            assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(server.exitValue()).isEqualTo(128 + 15);
        } finally {
            server.destroyForcibly();
        }
    }

    @Test
    void saysThatNobodyAnswers() throws IOException {
        String endpoint = "tcp://127.0.0.1:" + freePort();

        assertThat(run("--client", endpoint, "--timeout", "1")).isEqualTo(1);

        assertThat(err.toString().lines()).containsExactly("echo: no answer from " + endpoint + " within 1 s");
    }

    @Test
    void saysThatAnAddressIsInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String endpoint = "tcp://127.0.0.1:" + taken.getLocalPort();

            assertThat(run("--server", endpoint)).isEqualTo(1);

            assertThat(err.toString().lines())
                    .singleElement()
                    .asString()
                    .startsWith("echo: ")
                    .contains(endpoint);
        }
    }

    @ParameterizedTest
    @CsvSource({"--server, tcp:/127.0.0.1", "--client, tcp://127.0.0.1:port", "--client, nonsense"})
    void saysThatAnEndpointDoesNotParse(String option, String endpoint) {
        assertThat(run(option, endpoint)).isEqualTo(1);

        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("echo: ")
                .contains(endpoint);
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--size 0       | --size must be at least 1, was 0",
                "--rounds -1    | --rounds must be at least 0, was -1",
                "--timeout 0    | --timeout must be at least 1, was 0",
                "--size many    | Invalid value for option '--size': 'many' is not an int",
                "--bogus        | Unknown option: '--bogus'",
                "--server a --client b"
                        + " | --server=ENDPOINT, --client=ENDPOINT are mutually exclusive (specify only one)"
            })
    void saysWhatIsWrongWithTheCommandLine(String args, String message) {
        assertThat(run(args.split(" "))).isEqualTo(2);

        assertThat(err.toString().lines()).containsExactly("echo: " + message + "; see --help");
    }

    @Test
    void explainsItsOptions() {
        assertThat(run("--help")).isZero();

        assertThat(out.toString()).contains("--server", "--client", "--size", "--rounds", "--timeout", "Exit codes:");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
