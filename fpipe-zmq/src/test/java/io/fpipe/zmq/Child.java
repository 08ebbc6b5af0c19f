/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.net.URI;
import java.time.Duration;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Another process: a server whose replies do not end, or a client whose request does not. */
final class Child implements AutoCloseable, Disposable {

    private static final String READY = "ready";

    private final OtherJvm jvm;
    private final String said;

    private Child(OtherJvm jvm, String said) {
        this.jvm = jvm;
        this.said = said;
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
        OtherJvm jvm = OtherJvm.start(Child.class, 64, args);
        String line = jvm.line();
        assertThat(line).startsWith(READY);
        return new Child(jvm, line);
    }

    /** Ends it as SIGKILL does. */
    void kill() {
        jvm.kill();
    }

    /** Has it stand still, as SIGSTOP does. */
    void stop() {
        jvm.stop();
    }

    /** Has it go on, as SIGCONT does. */
    void goOn() {
        jvm.goOn();
    }

    /** Ends it without waiting. */
    void killSoon() {
        jvm.killSoon();
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
