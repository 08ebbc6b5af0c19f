/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.zmq.Rig.Wiring;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Server and client against sockets of pyzmq that know nothing of fpipe; what docs/plain-peers.md shows is run here. */
class PlainPythonTest {

    private record Request(Object body, boolean compress) {}

    private static final Serializer<Request> OUTBOUND = FpipeCond.<Request>objects()
            .when(
                    Request::compress,
                    Request::body,
                    Cbor.serializer().then(Zlib.compress()).then(Prefixes.prepend(1)))
            .otherwise(Request::body, Cbor.serializer().then(Prefixes.prepend(0)));

    private static final Deserializer<Object> INBOUND = FpipeCond.bytes()
            .whenPrefix(1, Prefixes.skip(1).then(Zlib.decompress()))
            .whenPrefix(0, Prefixes.skip(1))
            .into(Cbor.deserializer());

    /** Asks with two DEALERs, one with a delimiter and a hop, many at once; and counts what comes back as it should. */
    private static final String DEALERS = """
            import sys, zmq
            context = zmq.Context.instance()
            hops, bare = context.socket(zmq.DEALER), context.socket(zmq.DEALER)
            for socket in hops, bare:
                socket.connect(sys.argv[1])
            texts = [b"\\x00\\x78\\x26" + b"%038d" % i for i in range(2000)]
            for i, text in enumerate(texts):
                hops.send_multipart([b"%d" % i, b"", text[:5], text[5:]])
                bare.send(text)
            good = 0
            for i in range(len(texts)):
                number, empty, body = hops.recv_multipart()
                good += empty == b"" and body == texts[int(number)]
            got = sorted(bare.recv() for _ in texts)
            print(good, got == texts)
            """;

    /** A REP that takes the prefix for what it is, and answers in kind. */
    private static final String REP = """
            import zlib, zmq
            rep = zmq.Context.instance().socket(zmq.REP)
            print("serving tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))
            while True:
                request = rep.recv()
                if request[0] == 1:
                    rep.send(b"\\x01" + zlib.compress(zlib.decompress(request[1:])))
                else:
                    rep.send(b"\\x00" + request[1:])
            """;

    /** Two proxies in a row, as many services have in front of them. */
    private static final String PROXIES = """
            import sys, threading, zmq
            context = zmq.Context.instance()
            def proxy(back):
                front, behind = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
                port = front.bind_to_random_port("tcp://127.0.0.1")
                behind.connect(back)
                threading.Thread(target=zmq.proxy, args=(front, behind), daemon=True).start()
                return "tcp://127.0.0.1:%d" % port
            print("serving " + proxy(proxy(sys.argv[1])))
            threading.Event().wait()
            """;

    /** Asks twice with a REQ; its first request fails there. */
    private static final String FAILING = """
            import sys, zmq
            req = zmq.Context.instance().socket(zmq.REQ)
            req.connect(sys.argv[1])
            for request in b"\\x07what is this?", b"\\x00\\x65hello":
                req.send(request)
                print(req.recv())
            """;

    private final Rig rig = new Rig(Wiring.TCP);

    @BeforeAll
    static void needsPython() {
        assumeTrue(PythonPeer.isAvailable(), "/usr/bin/python3 has no zmq module: apt install python3-zmq");
    }

    @AfterEach
    void close() {
        rig.close();
    }

    /** Returns what it gets, compressed if it is a list. */
    private void serve() {
        rig.track(rig.server(server -> server)
                .serveNow(INBOUND, body -> Mono.just(new Request(body, body instanceof List<?>)), OUTBOUND));
    }

    private PythonPeer run(String script, String... arguments) {
        return rig.track(PythonPeer.run(script, arguments));
    }

    /** A script of the document, with another endpoint. */
    private static String script(int index, String shown, String endpoint) throws IOException {
        Path document = Path.of(System.getProperty("basedir", "")).resolve("../docs/plain-peers.md");
        List<String> blocks = Pattern.compile("```python\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(document))
                .results()
                .map((MatchResult block) -> block.group(1))
                .toList();
        assertThat(blocks).hasSize(2);
        assertThat(blocks.get(index)).contains(shown);
        return blocks.get(index).replace(shown, endpoint);
    }

    @Test
    void theReqOfTheDocumentGetsItsAnswers() throws IOException {
        serve();
        assertThat(run(script(0, "tcp://127.0.0.1:5555", rig.endpoint())).end(0))
                .containsExactly("equal", "equal");
    }

    @Test
    void theLineOfTheDocumentGetsItsAnswer() throws IOException {
        serve();
        Path document = Path.of(System.getProperty("basedir", "")).resolve("../docs/plain-peers.md");
        MatchResult line = Pattern.compile("python3 -c '(.*)'\n")
                .matcher(Files.readString(document))
                .results()
                .findFirst()
                .orElseThrow();
        String script = line.group(1).replace("tcp://127.0.0.1:5555", rig.endpoint());
        assertThat(run(script).end(0)).containsExactly("b'\\x00ehello'");
    }

    @Test
    void theRepOfTheDocumentIsCalled() throws IOException {
        String endpoint = rig.endpoint();
        run(script(1, "tcp://127.0.0.1:5556", endpoint));
        ZmqExchange remote = ZmqClient.create()
                .connect(endpoint)
                .requestTimeout(Duration.ofSeconds(20))
                .plain()
                .openNow();
        Function<Request, Mono<Object>> call = OUTBOUND.then(remote).into(INBOUND);
        assertThat(call.apply(new Request("hello", true)).block(Duration.ofSeconds(20)))
                .isEqualTo("hello");
        remote.dispose();
    }

    @Test
    void theServerOfTheDocumentAnswersAFailureWithItsByte() {
        ZmqServer server = ZmqServer.create()
                .bind("tcp://127.0.0.1:*")
                .limits(limits -> limits.maxPlainMessageBytes(1 << 20))
                .plainTimeout(Duration.ofSeconds(5))
                .plainErrorReply(error -> ByteBuffer.wrap(new byte[] {(byte) 0xFF}));
        ZmqBinding binding = rig.track(server.runOn(rig.resources).serveNow(INBOUND, Mono::just, Cbor.serializer()));
        assertThat(run(FAILING, binding.endpoint()).end(0)).containsExactly("b'\\xff'", "b'ehello'");
    }

    @Test
    void dealersAskManyAtOnceBesidesAnFpipeClient() {
        serve();
        PythonPeer dealers = run(DEALERS, rig.endpoint());
        Function<Request, Mono<Object>> call = OUTBOUND.then(rig.client()).into(INBOUND);
        List<Integer> numbers = IntStream.range(0, 1000).boxed().toList();
        assertThat(Flux.range(0, 200)
                        .flatMap(i -> call.apply(new Request(numbers, i % 2 == 0)), 20)
                        .collectList()
                        .block(Duration.ofSeconds(20)))
                .hasSize(200)
                .containsOnly(numbers);
        assertThat(dealers.end(0)).containsExactly("2000 True");
    }

    @Test
    void aRepOfPythonAnswersManyCalls() {
        PythonPeer rep = run(REP);
        ZmqExchange remote = rig.track(ZmqClient.create()
                .runOn(rig.resources)
                .connect(rep.line("serving").substring("serving ".length()))
                .plain()
                .openNow());
        Function<Request, Mono<Object>> call = OUTBOUND.then(remote).into(INBOUND);
        List<Integer> numbers = IntStream.range(0, 100_000).boxed().toList();
        assertThat(call.apply(new Request(numbers, true)).block(Rig.SOON)).isEqualTo(numbers);
        assertThat(call.apply(new Request(numbers, false)).block(Rig.SOON)).isEqualTo(numbers);
        List<Object> replies = Flux.range(0, 1000)
                .flatMap(
                        i -> call.apply(new Request(i, i % 2 == 0)).filter(reply -> ((Number) reply).intValue() == i),
                        100)
                .collectList()
                .block(Duration.ofSeconds(20));
        assertThat(replies).hasSize(1000);
    }

    @Test
    void aRepOfPythonThatDiesFailsItsCalls() {
        PythonPeer rep = run("""
                import zmq
                rep = zmq.Context.instance().socket(zmq.REP)
                print("serving tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))
                print("got", rep.recv())
                rep.recv()
                """);
        ZmqExchange remote = rig.track(ZmqClient.create()
                .runOn(rig.resources)
                .connect(rep.line("serving").substring("serving ".length()))
                .plain()
                .openNow());
        Mono<byte[]> call = Bytes.join(remote.apply(Flux.just(Bytes.utf8("x")))).cache();
        call.subscribe(reply -> {}, error -> {});
        // out of turn: the peer ends with an error, and its connection with it
        assertThat(rep.line("got")).contains("b'x'");
        assertThatThrownBy(() -> call.block(Duration.ofSeconds(20))).isInstanceOf(ZmqDisconnectedException.class);
    }

    @Test
    void aReqAsksThroughTwoProxies() throws IOException {
        serve();
        String front = run(PROXIES, rig.endpoint()).line("serving").substring("serving ".length());
        assertThat(run(script(0, "tcp://127.0.0.1:5555", front)).end(0)).containsExactly("equal", "equal");
    }

    @Test
    void aHandlerThatFailsLeavesNoReqWaiting() {
        serve();
        assertThat(run(FAILING, rig.endpoint()).end(0)).containsExactly("b''", "b'\\x00ehello'");
    }
}
