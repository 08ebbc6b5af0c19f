/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fpipe.reactor.Stage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Exchanges over CURVE with those in Python, whose CURVE is libzmq's, and files of keys that each of the two has made. */
class CurveInteropTest {

    private final Rig rig = new Rig(Rig.Wiring.TCP);

    @TempDir
    Path folder;

    private Path clients;

    @BeforeAll
    static void needsPython() {
        assumeTrue(
                PythonPeer.isAvailable()
                        && run("import zmq, zmq.auth; print(zmq.has('curve'))").equals("True"),
                "/usr/bin/python3 has no zmq module with CURVE: apt install python3-zmq");
    }

    @BeforeEach
    void makeKeys() throws IOException {
        clients = Files.createDirectories(folder.resolve("clients"));
        ZmqKeyPair.generate().write(folder, "ours");
        assertThat(run("import zmq.auth; zmq.auth.create_certificates('" + folder + "', 'theirs')"))
                .isEmpty();
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private static String run(String program) {
        try {
            Process python = new ProcessBuilder("/usr/bin/python3", "-c", program)
                    .redirectErrorStream(true)
                    .start();
            return new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException ex) {
            throw new AssertionError(ex);
        }
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private ZmqKeyPair ours() {
        return ZmqKeyPair.read(folder.resolve("ours.key_secret"));
    }

    private String theirs() {
        return ZmqKeyPair.readPublicKey(folder.resolve("theirs.key"));
    }

    @Test
    void eachReadsTheFilesOfTheOther() {
        ZmqKeyPair read = ZmqKeyPair.read(folder.resolve("theirs.key_secret"));
        assertThat(run("import zmq.auth; print(*(k.decode() for k in zmq.auth.load_certificate('"
                        + file("theirs.key_secret") + "')))"))
                .isEqualTo(read.publicKey() + " " + Z85.encode(read.secretBytes()));
        assertThat(theirs()).isEqualTo(read.publicKey());

        assertThat(run("import zmq.auth; print(*(k.decode() for k in zmq.auth.load_certificate('"
                        + file("ours.key_secret") + "')))"))
                .isEqualTo(ours().publicKey() + " " + Z85.encode(ours().secretBytes()));
        assertThat(run("import zmq.auth; print(zmq.auth.load_certificate('" + file("ours.key") + "'))"))
                .isEqualTo("(b'" + ours().publicKey() + "', None)");
    }

    private PythonPeer pythonClient(String... options) {
        String[] all = {"--keys", file("theirs.key_secret"), "--server-key", file("ours.key")};
        String[] both = Stream.of(all, options).flatMap(Stream::of).toArray(String[]::new);
        return rig.track(PythonPeer.call(rig.endpoint(), both));
    }

    @Test
    void aPythonClientTalksWithAServerThatKnowsIt() {
        rig.serve(Stage.identity(), s -> s.curve(ours(), theirs()::equals));
        PythonPeer client = pythonClient("--bytes", "3000000", "--calls", "3");
        assertThat(client.end(0)).last().isEqualTo("violations of the server: 0");
    }

    @Test
    void aPythonClientThatIsNotKnownGetsNothing() {
        rig.serve(
                message -> {
                    throw new AssertionError("it is not let in");
                },
                s -> s.curve(ours(), key -> false));
        assertThat(pythonClient("--bytes", "1000", "--deadline", "1").end(4))
                .anyMatch(line -> line.contains("DeadlineExceeded"));
    }

    private PythonPeer pythonServer() {
        return rig.track(PythonPeer.serve(
                "tcp://127.0.0.1:*", "--keys", file("theirs.key_secret"), "--clients", clients.toString()));
    }

    private ZmqExchange client(PythonPeer server, String serverKey) {
        return rig.track(ZmqClient.create()
                .runOn(rig.resources)
                .curve(serverKey, ours())
                .connect(server.endpoint())
                .openNow());
    }

    private static Mono<Throwable> failure(ZmqExchange exchange) {
        return exchange.apply(Flux.just(Bytes.utf8("let me in")))
                .then(Mono.<Throwable>empty())
                .onErrorResume(Mono::just);
    }

    @Test
    void aPythonServerThatKnowsTheClientTalksWithIt() throws IOException {
        Files.copy(folder.resolve("ours.key"), clients.resolve("ours.key"));
        PythonPeer server = pythonServer();
        ZmqExchange client = client(server, theirs());
        byte[] bytes = Bytes.random(3_000_000, 3);
        for (int i = 0; i < 3; i++) {
            assertThat(Bytes.join(client.apply(Flux.fromIterable(Bytes.cut(bytes, 50_000))))
                            .block(Duration.ofSeconds(20)))
                    .isEqualTo(bytes);
        }
        assertThat(server.stop().end(0)).last().isEqualTo("violations of the clients: 0");
    }

    @Test
    void aPythonServerRefusesAClientThatItDoesNotKnowAndOneThatMeansAnother() {
        PythonPeer server = pythonServer();

        assertThat(failure(client(server, theirs())).block(Rig.SOON))
                .isInstanceOf(ZmqRefusedException.class)
                .hasMessageContaining("login refused with status 400");
        assertThat(failure(client(server, ours().publicKey())).block(Rig.SOON))
                .isInstanceOf(ZmqRefusedException.class)
                .hasMessageContaining("as one does that has another key");
    }

    /** Echoes as a REP, with the keys of a file. */
    private static final String REP = """
            import sys, zmq, zmq.auth
            rep = zmq.Context.instance().socket(zmq.REP)
            rep.curve_publickey, rep.curve_secretkey = zmq.auth.load_certificate(sys.argv[1])
            rep.curve_server = True
            print("serving tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))
            while True:
                rep.send(rep.recv())
            """;

    @Test
    void aPlainClientCallsARepOverCurve() {
        PythonPeer server = rig.track(PythonPeer.run(REP, file("theirs.key_secret")));
        ZmqExchange remote = rig.track(ZmqClient.create()
                .runOn(rig.resources)
                .curve(theirs(), ours())
                .plain()
                .connect(server.line("serving").substring("serving ".length()))
                .openNow());
        byte[] bytes = Bytes.random(300_000, 4);
        Flux<ByteBuffer> request = Flux.fromIterable(Bytes.cut(bytes, 50_000));
        assertThat(Flux.range(0, 50)
                        .flatMap(i -> Bytes.join(remote.apply(request)))
                        .collectList()
                        .block(Duration.ofSeconds(30)))
                .hasSize(50)
                .allSatisfy(reply -> assertThat(reply).isEqualTo(bytes));
    }

    /** Asks as a REQ that has the right keys and knows nothing of fpipe, and prints what it gets within a second. */
    private static final String REQ = """
            import sys, zmq, zmq.auth
            req = zmq.Context.instance().socket(zmq.REQ)
            req.curve_publickey, req.curve_secretkey = zmq.auth.load_certificate(sys.argv[1])
            req.curve_serverkey = zmq.auth.load_certificate(sys.argv[2])[0]
            req.connect(sys.argv[3])
            req.send(b"hello")
            print(req.recv() if req.poll(1000) else "nothing")
            req.close(0)
            """;

    @Test
    void aServerWithCurveServesNoPlainPeers() {
        rig.serve(
                message -> {
                    throw new AssertionError("it has no credit");
                },
                s -> s.curve(ours(), theirs()::equals));
        PythonPeer req = rig.track(PythonPeer.run(REQ, file("theirs.key_secret"), file("ours.key"), rig.endpoint()));
        assertThat(req.end(0)).last().isEqualTo("nothing");
    }
}
