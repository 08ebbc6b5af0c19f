/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Another process: a server whose replies do not end, or a client whose request does not. */
final class Child implements AutoCloseable, Disposable {

    private static final String READY = "ready";

    private final Process process;
    private String said = "";

    private Child(Process process) {
        this.process = process;
    }

    /** Starts a server on a port of its own that answers everything with itself. */
    static Child echo() {
        return start("echo", "tcp://127.0.0.1:*");
    }

    /** The port of an echo. */
    int port() {
        return URI.create(said.substring(READY.length() + 1)).getPort();
    }

    /** Starts a server that answers "echo" with itself and all else with a reply without end. */
    static Child server(String endpoint) {
        return start("server", endpoint);
    }

    /** Starts a client that sends a request without end. */
    static Child client(String endpoint) {
        return start("client", endpoint);
    }

    private static Child start(String... args) {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Child.class.getName(),
                args[0],
                args[1]);
        try {
            Child child = new Child(
                    builder.redirectError(ProcessBuilder.Redirect.INHERIT).start());
            BufferedReader out =
                    new BufferedReader(new InputStreamReader(child.process.getInputStream(), StandardCharsets.UTF_8));
            String line = Mono.fromCallable(out::readLine)
                    .subscribeOn(Schedulers.boundedElastic())
                    .block(Duration.ofSeconds(20));
            assertThat(line).startsWith(READY);
            child.said = line;
            return child;
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Ends it as SIGKILL does. */
    void kill() {
        process.destroyForcibly();
        try {
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    /** Sends it a signal, such as STOP or CONT. */
    void signal(String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
            assertThat(kill.waitFor()).isZero();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    /** Ends it without waiting. */
    void killSoon() {
        process.destroyForcibly();
    }

    @Override
    public void dispose() {
        kill();
    }

    @Override
    public void close() {
        kill();
    }

    @SuppressWarnings("SystemOut") // this is how the parent knows
    public static void main(String[] args) {
        if (args[0].equals("echo")) {
            ZmqBinding binding = ZmqServer.create().bind(args[1]).serveNow(Stage.identity());
            System.out.println(READY + " " + binding.endpoint());
            binding.onDispose().block(Duration.ofMinutes(20)); // the parent kills it; if not, it ends by itself
            return;
        }
        Mono<Void> end = switch (args[0]) {
            case "server" ->
                ZmqServer.create()
                        .bind(args[1])
                        .serveNow(bytes -> bytes.switchOnFirst((first, rest) -> {
                            boolean echo =
                                    first.hasValue() && Bytes.text(first.get()).equals("echo");
                            return echo ? rest : Bytes.endless(1000);
                        }))
                        .onDispose();
            case "client" ->
                ZmqClient.create()
                        .connect(args[1])
                        .openNow()
                        .apply(Bytes.endless(1000))
                        .then();
            default -> throw new IllegalArgumentException(args[0]);
        };
        System.out.println(READY);
        end.block(Duration.ofMinutes(1)); // nobody kills it: it ends by itself
    }
}
