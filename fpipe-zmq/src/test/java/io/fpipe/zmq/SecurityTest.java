/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Who may talk to a server does, over a connection that is as secure as was asked for, and nobody else. */
class SecurityTest {

    private static final ZmqKeyPair SERVER = ZmqKeyPair.generate();
    private static final ZmqKeyPair CLIENT = ZmqKeyPair.generate();

    private final Rig rig = new Rig(Rig.Wiring.TCP);
    private final AtomicInteger calls = new AtomicInteger();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    enum Kind {
        NULL,
        PLAIN,
        CURVE
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private Flux<ByteBuffer> echo(Flux<ByteBuffer> message) {
        calls.incrementAndGet();
        return message;
    }

    private ZmqServer secured(ZmqServer server, Kind kind) {
        return switch (kind) {
            case NULL -> server;
            case PLAIN -> server.plainLogin(this::isBob);
            case CURVE -> server.curve(SERVER, this::isClient);
        };
    }

    private static ZmqClient secured(ZmqClient client, Kind kind) {
        return switch (kind) {
            case NULL -> client;
            case PLAIN -> client.plainLogin("bob", "secret");
            case CURVE -> client.curve(SERVER.publicKey(), CLIENT);
        };
    }

    private boolean isBob(ZmqCredentials credentials) {
        asked.add(credentials.toString());
        return credentials.user().equals("bob") && credentials.password().equals("secret");
    }

    private boolean isClient(String key) {
        asked.add(key);
        return key.equals(CLIENT.publicKey());
    }

    private ZmqBinding server(Kind kind) {
        return rig.track(secured(ZmqServer.create().runOn(rig.resources), kind)
                .bind("tcp://127.0.0.1:*")
                .serveNow(this::echo));
    }

    private ZmqExchange client(ZmqBinding server, UnaryOperator<ZmqClient> options) {
        return rig.track(options.apply(ZmqClient.create().runOn(rig.resources))
                .connect(server.endpoint())
                .openNow());
    }

    private static Mono<String> ask(ZmqExchange exchange, String text) {
        return Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8(text))));
    }

    private static Mono<Throwable> failure(ZmqExchange exchange) {
        return ask(exchange, "let me in").then(Mono.<Throwable>empty()).onErrorResume(Mono::just);
    }

    @ParameterizedTest
    @EnumSource
    void whoHasTheSameSecurityTalks(Kind kind) {
        ZmqBinding server = server(kind);
        ZmqExchange client = client(server, c -> secured(c, kind));

        assertThat(ask(client, "hello").block(Rig.SOON)).isEqualTo("hello");
        byte[] bytes = Bytes.random(3_000_000, 1);
        assertThat(Bytes.join(client.apply(Flux.fromIterable(Bytes.mixed(bytes))))
                        .block(Rig.SOON))
                .isEqualTo(bytes);

        switch (kind) {
            case NULL -> assertThat(asked).isEmpty();
            case PLAIN -> assertThat(asked).hasSize(1).first().asString().contains("user=bob", "address=127.0.0.1");
            case CURVE -> assertThat(asked).containsExactly(CLIENT.publicKey());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "CURVE"})
    void aServerThatConnectsAsksToo(Kind kind) {
        ZmqExchange client = rig.track(secured(ZmqClient.create().runOn(rig.resources), kind)
                .bind(rig.endpoint())
                .openNow());
        rig.track(secured(ZmqServer.create().runOn(rig.resources), kind)
                .connect(rig.endpoint())
                .serveNow(this::echo));

        assertThat(ask(client, "hello").block(Rig.SOON)).isEqualTo("hello");
        assertThat(asked).isNotEmpty();
    }

    @Test
    void whoHasAnotherSecurityNeverGetsThrough() {
        List<Mono<Throwable>> failures = new ArrayList<>();
        for (Kind serverKind : Kind.values()) {
            ZmqBinding server = server(serverKind);
            for (Kind clientKind : Kind.values()) {
                if (serverKind != clientKind) {
                    ZmqExchange client =
                            client(server, c -> secured(c, clientKind).requestTimeout(Duration.ofSeconds(2)));
                    failures.add(failure(client)
                            .doOnNext(ex -> assertThat(ex)
                                    .as("of a client with %s at a server with %s", clientKind, serverKind)
                                    .isInstanceOf(TimeoutException.class)
                                    .hasMessageContaining("asks for other security than " + clientKind)));
                }
            }
        }

        assertThat(Flux.merge(failures).collectList().block(Rig.SOON)).hasSize(6);
        assertThat(calls).hasValue(0);
        assertThat(asked).isEmpty();
    }

    private void isRefused(Kind kind, UnaryOperator<ZmqClient> stranger, String why) {
        ZmqBinding server = server(kind);
        ZmqExchange good = client(server, c -> secured(c, kind));
        assertThat(ask(good, "first").block(Rig.SOON)).isEqualTo("first");
        ZmqExchange refused = client(server, stranger);

        assertThat(failure(refused).block(Rig.SOON))
                .isInstanceOf(ZmqRefusedException.class)
                .hasMessageStartingWith("no connection to " + server.endpoint() + ": " + kind)
                .hasMessageContaining(why);

        assertThat(ask(good, "second").block(Rig.SOON)).isEqualTo("second");
        assertThat(calls).hasValue(2);
    }

    @Test
    void aClientWithAKeyThatIsNotKnownIsRefused() {
        isRefused(Kind.CURVE, c -> c.curve(SERVER.publicKey()), "login refused with status 400");
    }

    @Test
    void aClientThatExpectsAnotherServerIsRefused() {
        isRefused(
                Kind.CURVE,
                c -> c.curve(ZmqKeyPair.generate().publicKey(), CLIENT),
                "as one does that has another key");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bob/wrong", "bob/"})
    void aClientWithAWrongPasswordIsRefused(String login) {
        String[] parts = login.split("/", 2);
        isRefused(Kind.PLAIN, c -> c.plainLogin(parts[0], parts[1]), "login refused with status 400");
    }

    @Test
    void whoCannotBeJudgedIsRefused() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        ZmqBinding server = rig.track(ZmqServer.create()
                .runOn(rig.resources)
                .bind("tcp://127.0.0.1:*")
                .curve(SERVER, key -> {
                    if (failure.get() != null) {
                        throw Exceptions.propagate(failure.get());
                    }
                    return true;
                })
                .serveNow(this::echo));

        for (Throwable ex : List.of(new IllegalStateException("no database"), new AssertionError("no driver"))) {
            failure.set(ex);
            assertThat(failure(client(server, c -> secured(c, Kind.CURVE))).block(Rig.SOON))
                    .isInstanceOf(ZmqRefusedException.class);
        }
        failure.set(null);
        ZmqExchange judged = client(server, c -> secured(c, Kind.CURVE));
        assertThat(judged.apply(Flux.just(Bytes.utf8("x"))).collectList().block(Rig.SOON))
                .hasSize(1);
    }

    @Test
    void whoIsLetInLaterGetsThroughByItself() {
        Set<String> known = ConcurrentHashMap.newKeySet();
        ZmqBinding server = rig.track(ZmqServer.create()
                .runOn(rig.resources)
                .bind("tcp://127.0.0.1:*")
                .curve(SERVER, known::contains)
                .serveNow(this::echo));
        ZmqExchange client = client(server, c -> secured(c, Kind.CURVE));
        assertThat(failure(client).block(Rig.SOON)).isInstanceOf(ZmqRefusedException.class);

        known.add(CLIENT.publicKey());

        assertThat(Mono.defer(() -> ask(client, "in")).retry(3).block(Rig.SOON)).isEqualTo("in");
    }

    /** Each try waits for an answer of its own: a call that is made again at once does not keep the loop to itself. */
    @Test
    void aCallThatIsMadeAgainAndAgainIsRefusedOnceForEachHandshake() {
        ZmqBinding server = server(Kind.CURVE);
        ZmqExchange refused = client(server, c -> c.curve(SERVER.publicKey()));
        AtomicInteger tries = new AtomicInteger();

        rig.track(Mono.defer(() -> {
                    tries.incrementAndGet();
                    return ask(refused, "let me in");
                })
                .retry()
                .subscribe());
        rig.await("a second handshake", () -> asked.size() > 1);

        assertThat(tries.get()).isLessThanOrEqualTo(asked.size() + 1);
        ZmqExchange good = client(server, c -> secured(c, Kind.CURVE));
        assertThat(ask(good, "good").block(Rig.SOON)).isEqualTo("good");
    }

    /** Of several servers one that refuses does not matter while another one may let the client in. */
    @Test
    void oneServerThatRefusesFailsNoCallThatAnotherTakes() {
        ZmqBinding strict = rig.track(ZmqServer.create()
                .runOn(rig.resources)
                .bind("tcp://127.0.0.1:*")
                .curve(SERVER, key -> {
                    asked.add(key);
                    return false;
                })
                .serveNow(this::echo));
        ZmqExchange client = rig.track(secured(ZmqClient.create().runOn(rig.resources), Kind.CURVE)
                .connect(strict.endpoint(), rig.endpoint())
                .openNow());
        Mono<String> waiting = ask(client, "in").cache();
        waiting.subscribe();
        rig.await("a second try", () -> asked.size() > 1); // so the first one was refused

        rig.serve(this::echo, s -> secured(s, Kind.CURVE));

        assertThat(waiting.block(Rig.SOON)).isEqualTo("in");
    }

    @Test
    void aMistakeIsRefusedAtOnce() {
        assertThatThrownBy(() -> ZmqClient.create().curve("short"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the server's key must have 40 characters of Z85, has 5");
        assertThatThrownBy(() -> ZmqClient.create().curve(SERVER.publicKey()).plainLogin("bob", "x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CURVE or PLAIN, not both");
        assertThatThrownBy(() -> ZmqServer.create().plainLogin(c -> true).curve(SERVER, key -> true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("PLAIN or CURVE, not both");
        assertThatThrownBy(() -> ZmqClient.create().plainLogin("", "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ZmqClient.create().plainLogin("b\u00f6b", "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ASCII");
    }

    @Test
    void overInprocSecurityIsRefusedWithTheReason() {
        List<ThrowingCallable> mistakes = List.of(
                () -> ZmqClient.create().curve(SERVER.publicKey()).connect("inproc://x"),
                () -> ZmqClient.create().connect("inproc://x").curve(SERVER.publicKey()),
                () -> ZmqClient.create().bind("inproc://x").plainLogin("bob", "x"),
                () -> ZmqClient.create().plainLogin("bob", "x").connect("tcp://127.0.0.1:1", "inproc://x"),
                () -> ZmqServer.create().bind("inproc://x").curve(SERVER, key -> true),
                () -> ZmqServer.create().plainLogin(c -> true).connect("inproc://x"));
        assertThat(mistakes)
                .allSatisfy(mistake -> assertThatThrownBy(mistake)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("ZeroMQ has no security over inproc"));
    }
}
