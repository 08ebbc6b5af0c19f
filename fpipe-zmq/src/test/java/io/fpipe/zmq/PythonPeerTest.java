/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** Client and server against those in Python, which were written from {@code docs/wire-format.md} alone. */
class PythonPeerTest {

    private static final String ANY_PORT = "tcp://127.0.0.1:*";
    private static final int OPEN = 2;
    private static final int DATA = 3;
    private static final int GOAWAY = 7;
    private static final int PING = 8;
    private static final int PONG = 9;
    private static final int LARGE = 20_000_000;

    private final Rig rig = new Rig(Wiring.TCP);

    @BeforeAll
    static void needsPython() {
        assumeTrue(PythonPeer.isAvailable(), "/usr/bin/python3 has no zmq module: apt install python3-zmq");
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private PythonPeer pythonServer(String... options) {
        return rig.track(PythonPeer.serve(ANY_PORT, options));
    }

    private ClientExchange client(PythonPeer server) {
        return client(server.endpoint());
    }

    private ClientExchange client(String endpoint) {
        return rig.track((ClientExchange)
                ZmqClient.create().runOn(rig.resources).connect(endpoint).openNow());
    }

    private PythonPeer pythonClient(String... options) {
        return rig.track(PythonPeer.call(rig.endpoint(), options));
    }

    /** Ends a server; it must have nothing to complain of. */
    private static void stopPeacefully(PythonPeer server) {
        assertThat(server.stop().end(0)).last().isEqualTo("violations of the clients: 0");
    }

    /** Waits for the end of a client; it must have nothing to complain of. */
    private static List<String> output(PythonPeer client, int code) {
        List<String> lines = client.end(code);
        assertThat(lines).last().isEqualTo("violations of the server: 0");
        return lines;
    }

    private static String ask(Stage remote, String text) {
        return Bytes.joinText(remote.apply(Flux.just(Bytes.utf8(text)))).block(Rig.SOON);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException ex) {
            throw new AssertionError(ex);
        }
    }

    /** The same bytes; tells what has passed, in the words of the peer. */
    private static Flux<ByteBuffer> counted(Flux<ByteBuffer> message, Consumer<String> told) {
        return Flux.defer(() -> {
            MessageDigest digest = sha256();
            AtomicLong length = new AtomicLong();
            return message.doOnNext(buffer -> {
                        length.addAndGet(buffer.remaining());
                        digest.update(buffer.duplicate());
                    })
                    .doOnComplete(() -> told.accept(
                            length + " bytes, SHA-256 " + HexFormat.of().formatHex(digest.digest())));
        });
    }

    private static Mono<String> summary(Flux<ByteBuffer> message) {
        return Mono.defer(() -> {
            AtomicReference<String> summary = new AtomicReference<>();
            return counted(message, summary::set).then(Mono.fromSupplier(summary::get));
        });
    }

    private static String summary(byte[] bytes) {
        return bytes.length + " bytes, SHA-256 " + HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static long number(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        assertThat(matcher.find()).as("%s in \"%s\"", pattern, line).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    // a client of a server in Python

    @Test
    void aPythonServerEchoesMessagesOfAllLengths() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        for (int length : new int[] {0, 1, 255, 8192, 65_536, 65_537, 1_000_000}) {
            byte[] bytes = Bytes.random(length, length);
            assertThat(Bytes.join(exchange.apply(Flux.just(ByteBuffer.wrap(bytes))))
                            .block(Rig.SOON))
                    .isEqualTo(bytes);
            assertThat(Bytes.join(exchange.apply(Flux.fromIterable(Bytes.mixed(bytes))))
                            .block(Rig.SOON))
                    .isEqualTo(bytes);
        }
        assertThat(Bytes.join(exchange.apply(Flux.empty())).block(Rig.SOON)).isEmpty();
        stopPeacefully(server);
    }

    @Test
    void aPythonServerStreamsLargeMessagesBothWays() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        byte[] bytes = Bytes.random(LARGE, 1);
        assertThat(summary(exchange.apply(Flux.fromIterable(Bytes.cut(bytes, 100_000))))
                        .block(Rig.SOON))
                .isEqualTo(summary(bytes));
        assertThat(ask(
                        message -> exchange.route("sum").apply(Flux.fromIterable(Bytes.cut(bytes, 1_000_000))),
                        "ignored"))
                .isEqualTo(summary(bytes) + "\n");
        stopPeacefully(server);
    }

    /** No request ends before all replies have begun. */
    @Test
    void aPythonServerInterleavesCalls() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        int calls = 20;
        AtomicInteger begun = new AtomicInteger();
        Sinks.One<Boolean> allBegun = Sinks.one();
        List<String> replies = Flux.range(0, calls)
                .flatMapSequential(
                        i -> {
                            Flux<ByteBuffer> rest = allBegun.asMono()
                                    .thenMany(Flux.fromIterable(Bytes.cut(Bytes.random(300_000, i), 7777)));
                            return summary(exchange.route("upper")
                                    .apply(Flux.concat(Flux.just(Bytes.utf8("head " + i)), rest))
                                    .switchOnFirst((first, all) -> {
                                        assertThat(Bytes.text(first.get())).isEqualTo("HEAD " + i);
                                        if (begun.incrementAndGet() == calls) {
                                            allBegun.tryEmitValue(true);
                                        }
                                        return all;
                                    }));
                        },
                        calls)
                .collectList()
                .block(Rig.SOON);
        assertThat(replies)
                .isEqualTo(IntStream.range(0, calls)
                        .mapToObj(i -> summary(upper(Bytes.join(
                                List.of(Bytes.utf8("head " + i), ByteBuffer.wrap(Bytes.random(300_000, i)))))))
                        .toList());
        stopPeacefully(server);
    }

    private static byte[] upper(byte[] bytes) {
        byte[] changed = bytes.clone();
        for (int i = 0; i < changed.length; i++) {
            if (changed[i] >= 'a' && changed[i] <= 'z') {
                changed[i] = (byte) (changed[i] - 'a' + 'A');
            }
        }
        return changed;
    }

    /** The second call passes the first one, and gives it time enough to send what it must not. */
    @Test
    void aPythonServerSendsNoMoreThanTheCreditToAReaderThatStopped() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        StepVerifier.create(exchange.route("endless").apply(Flux.empty()), 0)
                .expectSubscription()
                .then(() -> assertThat(
                                summary(exchange.apply(Bytes.endless(10_000).take(200)))
                                        .block(Rig.SOON))
                        .isEqualTo(summary(new byte[2_000_000])))
                .thenCancel()
                .verify(Rig.SOON);
        String line = server.line("of endless");
        assertThat(line).endsWith("cancelled by the client");
        assertThat(number(Pattern.compile("sent (\\d+) bytes"), line)).isBetween(65_536L - 256, 65_536L);
        stopPeacefully(server);
    }

    @Test
    void aPythonServerThatReadsSlowlyHoldsTheSourceBack() {
        PythonPeer server = pythonServer("--window", "20000");
        ClientExchange exchange = client(server);
        AtomicLong sent = new AtomicLong();
        AtomicLong ahead = new AtomicLong();
        AtomicLong got = new AtomicLong();
        StepVerifier.create(exchange.route("slow")
                        .apply(Bytes.endless(1000).take(1000).doOnNext(buffer -> {
                            long lead = sent.addAndGet(1000) - got.get();
                            ahead.accumulateAndGet(lead, Math::max);
                        }))
                        .doOnNext(buffer -> got.addAndGet(buffer.remaining()))
                        .then())
                .expectComplete()
                .verify(Rig.SOON);
        assertThat(got).hasValue(1_000_000);
        // its window, what the client has gathered for the next frame and the window of the reply
        assertThat(ahead.get()).isBetween(5_000L, 20_000L + 2 * 65_536);
        stopPeacefully(server);
    }

    @Test
    void whatAPythonHandlerFailsWithReachesTheCaller() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        CountDownLatch cancelled = new CountDownLatch(1);
        StepVerifier.create(exchange.route("fail")
                        .apply(Flux.concat(Flux.just(Bytes.utf8("four")), Flux.never())
                                .doOnCancel(cancelled::countDown)))
                .expectNextCount(1)
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(ZmqRemoteException.class)
                        .hasMessage("cannot digest 4 bytes")
                        .extracting("code")
                        .isEqualTo(ZmqRemoteException.FAILED))
                .verify(Rig.SOON);
        Rig.await(cancelled);
        assertThat(ask(exchange, "next")).isEqualTo("next");
        stopPeacefully(server);
    }

    @Test
    void aPythonHandlerHearsThatItsCallFailedOrWasCancelled() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        StepVerifier.create(exchange.route("endless")
                        .apply(Flux.never())
                        .scan(0L, (sum, buffer) -> sum + buffer.remaining())
                        .takeUntil(sum -> sum > 1_000_000)
                        .then())
                .expectComplete()
                .verify(Rig.SOON);
        assertThat(server.line("of endless")).endsWith("cancelled by the client");
        Sinks.Many<ByteBuffer> request = Sinks.many().unicast().onBackpressureBuffer();
        StepVerifier.create(exchange.apply(request.asFlux()).map(Bytes::text))
                .expectSubscription()
                .then(() -> request.tryEmitNext(Bytes.utf8("one")))
                .expectNext("one")
                .then(() -> request.tryEmitError(new IllegalStateException("no more")))
                .expectErrorMessage("no more")
                .verify(Rig.SOON);
        assertThat(server.line("got 3, sent 3")).endsWith("aborted by the client, FAILED: no more");
        stopPeacefully(server);
    }

    @Test
    void aPythonServerRefusesUnknownRoutes() {
        PythonPeer server = pythonServer("--routes-only");
        ClientExchange exchange = client(server);
        for (Stage unknown : List.of(exchange, exchange.route("größe"))) {
            StepVerifier.create(unknown.apply(Bytes.endless(1000)))
                    .expectErrorSatisfies(ex -> assertThat(ex)
                            .isInstanceOf(ZmqRemoteException.class)
                            .extracting("code")
                            .isEqualTo(ZmqRemoteException.UNKNOWN_ROUTE))
                    .verify(Rig.SOON);
        }
        assertThat(ask(exchange.route("echo"), "known")).isEqualTo("known");
        stopPeacefully(server);
    }

    /** The handler says that it does not read the request, so the source is cancelled and the reply goes on. */
    @Test
    void aPythonHandlerSeesMetadataAndDeadline() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        CountDownLatch cancelled = new CountDownLatch(1);
        Stage described = exchange.route(
                "describe", o -> o.deadline(Duration.ofSeconds(30)).metadata("größe", "zoë"));
        String json = Bytes.joinText(described.apply(Bytes.endless(1000).doOnCancel(cancelled::countDown)))
                .block(Rig.SOON);
        Rig.await(cancelled);
        assertThat(json)
                .contains("\"route\": \"describe\"", "\"gr\\u00f6\\u00dfe\": \"zo\\u00eb\"")
                .containsPattern("\"deadline\": (30\\.0|2\\d\\.\\d+)");
        stopPeacefully(server);
    }

    /** Both have pinged each other many times while nothing else was sent. */
    @Test
    void pythonAndJavaKeepEachOtherAliveUntilTheDeadline() {
        PythonPeer server = pythonServer("--ping", "0.05");
        ClientExchange exchange = rig.track((ClientExchange) ZmqClient.create()
                .runOn(rig.resources)
                .limits(o -> o.ping(Duration.ofMillis(50), Duration.ofMillis(500)))
                .connect(server.endpoint())
                .openNow());
        StepVerifier.create(exchange.route("never", o -> o.deadline(Duration.ofMillis(1500)))
                        .apply(Flux.never()))
                .expectError(TimeoutException.class)
                .verify(Rig.SOON);
        assertThat(server.line("of never")).containsAnyOf("cancelled by the client", "the time of the call has passed");
        stopPeacefully(server);
    }

    @Test
    void aPythonServerTakesMessagesWithoutReply() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        exchange.tell("echo", Bytes.endless(1000).take(300), o -> o).block(Rig.SOON);
        assertThat(server.line("of echo")).endsWith("got 300000, sent 0 bytes, complete");
        StepVerifier.create(exchange.tell("fail", Flux.just(Bytes.utf8("four")), o -> o))
                .expectErrorMessage("cannot digest 4 bytes")
                .verify(Rig.SOON);
        stopPeacefully(server);
    }

    @Test
    void aKilledPythonServerFailsItsCallsAndTheNextOneServes() {
        ClientExchange exchange = rig.client();
        PythonPeer server = rig.track(PythonPeer.serve(rig.endpoint()));
        StepVerifier.create(exchange.route("endless")
                        .apply(Flux.never())
                        .scan(0L, (sum, buffer) -> sum + buffer.remaining())
                        .doOnNext(sum -> {
                            if (sum > 2_000_000) {
                                server.killSoon();
                            }
                        })
                        .then())
                .expectError(ZmqDisconnectedException.class)
                .verify(Rig.SOON);
        server.kill();
        PythonPeer next = rig.track(PythonPeer.serve(rig.endpoint()));
        assertThat(ask(exchange, "next")).isEqualTo("next");
        stopPeacefully(next);
    }

    @Test
    void aPythonServerThatShutsDownLetsCallsEnd() {
        PythonPeer server = pythonServer();
        ClientExchange exchange = client(server);
        Sinks.Many<ByteBuffer> request = Sinks.many().unicast().onBackpressureBuffer();
        StepVerifier.create(exchange.apply(request.asFlux()).map(Bytes::text))
                .expectSubscription()
                .then(() -> request.tryEmitNext(Bytes.utf8("one")))
                .expectNext("one")
                .then(server::stop)
                .then(() -> server.line("shutting down"))
                .then(() -> request.tryEmitNext(Bytes.utf8("two")))
                .expectNext("two")
                .then(request::tryEmitComplete)
                .expectComplete()
                .verify(Rig.SOON);
        assertThat(server.end(0)).last().isEqualTo("violations of the clients: 0");
    }

    // a client in Python

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 8192, 65_536, 65_537, LARGE})
    void aPythonClientStreamsBothWays(int length) {
        AtomicReference<String> seen = new AtomicReference<>();
        rig.serve(bytes -> counted(bytes, seen::set));
        assertThat(output(pythonClient("--bytes", Integer.toString(length)), 0))
                .contains("call 1: sent " + seen.get(), "call 1: got " + seen.get());
        assertThat(seen.get()).startsWith(length + " bytes");
        if (length < LARGE) {
            assertThat(output(pythonClient("--whole", "--bytes", Integer.toString(length)), 0))
                    .contains("call 1: sent " + seen.get(), "call 1: got " + seen.get());
        }
    }

    /** No reply begins before all calls are open. */
    @Test
    void aPythonClientInterleavesCalls() {
        int calls = 20;
        AtomicInteger begun = new AtomicInteger();
        Sinks.One<Boolean> allBegun = Sinks.one();
        rig.serve(bytes -> {
            if (begun.incrementAndGet() == calls) {
                allBegun.tryEmitValue(true);
            }
            return allBegun.asMono().thenMany(bytes);
        });
        List<String> lines = output(pythonClient("--calls", "20", "--bytes", "300000"), 0);
        for (int i = 1; i <= calls; i++) {
            String call = "call " + i + ": ";
            String sent = lines.stream()
                    .filter(line -> line.startsWith(call + "sent 300000 bytes"))
                    .findFirst()
                    .orElseThrow();
            assertThat(lines).contains(sent.replace("sent", "got"));
        }
    }

    @Test
    void aPythonClientThatReadsSlowlyHoldsTheHandlerBack() {
        rig.serve(bytes -> Bytes.endless(1000).take(1000));
        List<String> lines = output(pythonClient("--bytes", "0", "--pause", "1", "--window", "20000"), 0);
        assertThat(lines).contains("call 1: got " + summary(new byte[1_000_000]));
        String waited = lines.stream()
                .filter(line -> line.contains("waited for the reader"))
                .findFirst()
                .orElseThrow();
        assertThat(number(Pattern.compile("at most (\\d+) bytes waited"), waited))
                .isBetween(10_000L, 20_000L);
    }

    @Test
    void aPythonClientHearsWhatAHandlerFailsWith() {
        rig.serve(bytes -> Flux.concat(bytes.take(1), Flux.error(new IllegalStateException("größer als gedacht"))));
        assertThat(output(pythonClient("--bytes", "1000000"), 1))
                .contains("call 1: failed, Aborted: FAILED: größer als gedacht");
    }

    @Test
    void aHandlerHearsThatAPythonClientCancels() {
        CountDownLatch cancelled = new CountDownLatch(1);
        rig.serve(bytes -> Bytes.endless(1000).doOnCancel(cancelled::countDown));
        String got = output(pythonClient("--bytes", "1000000", "--cancel-after", "1000000"), 0)
                .get(2);
        assertThat(got).startsWith("call 1: got 1").endsWith(", then cancelled");
        Rig.await(cancelled);
    }

    /** The request is cancelled, the reply goes on. */
    @Test
    void aPythonClientStopsARequestThatNobodyReads() {
        rig.serve(bytes -> bytes.take(1).thenMany(Bytes.endless(1000).take(500)));
        List<String> lines = output(pythonClient("--bytes", Integer.toString(LARGE)), 0);
        assertThat(lines).contains("call 1: got " + summary(new byte[500_000]));
        assertThat(number(Pattern.compile("sent (\\d+) bytes"), lines.get(1))).isLessThan(LARGE);
    }

    @Test
    void aPythonClientIsRefusedUnknownRoutes() {
        rig.track(rig.server(s -> s.route("a", Stage.identity())).serve().block(Rig.SOON));
        assertThat(output(pythonClient("--route", "b", "--bytes", "1000000"), 1))
                .contains("call 1: failed, Aborted: UNKNOWN_ROUTE: there is no route \"b\"");
        assertThat(output(pythonClient("--route", "a", "--bytes", "1000000"), 0))
                .hasSize(5);
    }

    @Test
    void aHandlerSeesTheMetadataOfAPythonClient() {
        AtomicReference<ZmqCall> seen = new AtomicReference<>();
        rig.serve(bytes -> Flux.deferContextual(context -> {
            seen.set(ZmqCall.from(context));
            return bytes;
        }));
        output(
                pythonClient(
                        "--bytes",
                        "70000",
                        "--route",
                        "größe",
                        "--metadata",
                        "k=v=w",
                        "--metadata",
                        "empty=",
                        "--deadline",
                        "30"),
                0);
        assertThat(seen.get().route()).isEqualTo("größe");
        assertThat(seen.get().metadata()).isEqualTo(Map.of("k", "v=w", "empty", ""));
        assertThat(seen.get().remaining().orElseThrow()).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(30));
    }

    /** Both have pinged each other many times while nothing else was sent. */
    @Test
    void javaAndPythonKeepEachOtherAliveUntilTheDeadline() {
        CountDownLatch cancelled = new CountDownLatch(1);
        rig.serve(
                bytes -> Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown),
                s -> s.limits(o -> o.ping(Duration.ofMillis(50), Duration.ofMillis(500))));
        assertThat(output(pythonClient("--bytes", "0", "--ping", "0.05", "--deadline", "1.5"), 4))
                .first()
                .asString()
                .startsWith("call 1: failed, DeadlineExceeded");
        Rig.await(cancelled);
    }

    @Test
    void aPythonClientTellsWithoutAReply() {
        AtomicReference<String> seen = new AtomicReference<>();
        rig.serve(bytes -> counted(bytes, seen::set));
        assertThat(output(pythonClient("--no-reply", "--bytes", "300000"), 0))
                .contains("call 1: sent " + seen.get(), "call 1: got " + summary(new byte[0]));
    }

    @Test
    void aPythonClientHearsThatItsServerIsGone() {
        try (Child server = Child.server(rig.endpoint())) {
            PythonPeer client = pythonClient("--bytes", "0");
            client.line("first bytes");
            server.kill();
            assertThat(output(client, 3)).first().asString().contains("failed, Lost", "the connection", "acknowledged");
        }
        ZmqBinding server = rig.serve(bytes -> Bytes.endless(1000));
        PythonPeer client = pythonClient("--bytes", "0");
        client.line("first bytes");
        server.dispose();
        assertThat(output(client, 3))
                .first()
                .asString()
                .contains("failed, Lost", "acknowledged")
                .containsAnyOf("has gone away", "was lost"); // the monitor may be faster than the GOAWAY
    }

    // what the peers in Python make of others that do wrong

    private RawPeer rawClient(PythonPeer server) {
        RawPeer raw = new RawPeer(ZmqSocket.dealer().connect(server.endpoint()).runOn(rig.resources), false);
        rig.track(raw.connection());
        return raw;
    }

    @Test
    void aPythonServerAnswersViolationsAsSpecified() {
        PythonPeer server = pythonServer();
        RawPeer raw = rawClient(server);
        byte[] bytes = new byte[65_536];
        raw.incarnation = 5;
        raw.send(OPEN, 0, 1, 0, "without HELLO");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.hello(7, 65_536);
        raw.send(PING, 0, 0, 42, "");
        assertThat(raw.next(PONG, 0).argument()).isEqualTo(42);
        raw.send(DATA, 0, 1, 0, "of no stream");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 2, 6, new byte[] {1, 0, 2, (byte) 0xC3, '(', 0});
        raw.nextAbort(2, ZmqRemoteException.MALFORMED);
        raw.send(OPEN, 0, 3, 100, "metadata that is not there");
        raw.nextAbort(3, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 4, 8, route("never"));
        raw.send(DATA, 0, 4, 1, "with a gap");
        raw.nextAbort(4, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 5, 8, route("never"));
        raw.send(DATA, 0, 5, 0, bytes);
        raw.send(DATA, 0, 5, 65_536, "x");
        raw.nextAbort(5, ZmqRemoteException.CREDIT_EXCEEDED);
        raw.send(OPEN, RawPeer.END, 6, 0, "good");
        assertThat(raw.next(DATA, 6).text()).isEqualTo("good");
        raw.send(OPEN, 0, 7, 8, route("never"));
        raw.clearInbox();
        for (int i = 0; i < 13; i++) { // four are counted already
            raw.send(OPEN, 0, 7, 8, route("never"));
        }
        raw.next(GOAWAY);
        assertThat(ask(client(server), "others go on")).isEqualTo("others go on");
        assertThat(server.stop().end(0)).last().isEqualTo("violations of the clients: 17");
    }

    private static byte[] route(String name) {
        byte[] text = Bytes.of(Bytes.utf8(name));
        return Bytes.join(List.of(ByteBuffer.wrap(new byte[] {1, 0, (byte) text.length}), ByteBuffer.wrap(text)));
    }

    @Test
    void aPythonServerLosesAClientThatIsSilent() {
        PythonPeer server = pythonServer("--ping", "0.05");
        RawPeer raw = rawClient(server);
        raw.hello(7, 65_536);
        raw.send(OPEN, 0, 1, 8, route("never"));
        assertThat(raw.next(PING).stream()).isZero();
        assertThat(raw.next(GOAWAY).argument()).isZero();
        assertThat(server.line("of never")).contains("was silent");
        stopPeacefully(server);
    }

    @Test
    void aPythonClientReportsAServerThatSendsBeyondTheCredit() {
        RawPeer raw = new RawPeer(ZmqSocket.router().bind(rig.endpoint()).runOn(rig.resources), true);
        rig.track(raw.connection());
        PythonPeer client = pythonClient("--bytes", "0", "--window", "4096", "--pause", "10000");
        RawPeer.Received hello = raw.next();
        assertThat(hello.type()).isEqualTo(1);
        assertThat(hello.argument()).isEqualTo(4096);
        raw.incarnation = hello.incarnation();
        raw.send(1, 0, 0, 4096, new byte[] {0, 1, 0, 0});
        long stream = raw.next(OPEN).stream();
        raw.send(DATA, 0, stream, 0, new byte[4096]);
        raw.send(DATA, 0, stream, 4096, new byte[4096]); // may be granted before it comes
        raw.send(DATA, 0, stream, 8192, new byte[9000]);
        raw.next(5); // CANCEL
        assertThat(client.line("violation 1")).contains("more than the credit");
    }
}
