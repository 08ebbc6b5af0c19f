/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** Who may log in gets through, and nobody else. */
class LoginTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String TCP = "tcp://127.0.0.1:*";

    private final ZmqResources resources = ZmqResources.create(o -> o.name("login-test"));
    private final List<ZmqCredentials> asked = new CopyOnWriteArrayList<>();

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket on(ZmqSocket socket) {
        return socket.runOn(resources).linger(Duration.ZERO);
    }

    private ZmqSocket server() {
        return on(ZmqSocket.pull()).plainServer(c -> {
            asked.add(c);
            return c.user().equals("bob") && c.password().equals("secret");
        });
    }

    private static Probe receive(ZmqConnection connection) {
        Probe probe = new Probe(Long.MAX_VALUE);
        connection.receive().subscribe(probe);
        return probe;
    }

    private static void offer(ZmqConnection connection, String text) {
        connection.send(Mono.just(message(text))).subscribe(v -> {}, e -> {});
    }

    private static void awaitEvent(ZmqConnection connection, ZmqEvent.Kind kind) {
        connection.events().filter(e -> e.kind() == kind).next().block(LIMIT);
    }

    @Test
    void whoIsAcceptedGetsThrough() throws Exception {
        ZmqConnection pull = server().bind(TCP).openNow();
        Probe probe = receive(pull);

        for (int i = 0; i < 3; i++) {
            offer(
                    on(ZmqSocket.push())
                            .plain("bob", "secret")
                            .connect(pull.endpoint())
                            .openNow(),
                    "in " + i);
            assertThat(probe.nextText()).isEqualTo("in " + i);
        }

        assertThat(asked).hasSize(3).first().satisfies(c -> {
            assertThat(c.address()).contains("127.0.0.1");
            assertThat(c).hasToString("ZmqCredentials[user=bob, address=" + c.address() + "]");
        });
    }

    @Test
    void aServerThatConnectsAsksToo() throws Exception {
        ZmqConnection push =
                on(ZmqSocket.push()).plain("bob", "secret").bind(TCP).openNow();
        ZmqConnection pull = server().connect(push.endpoint()).openNow();

        offer(push, "in");

        assertThat(receive(pull).nextText()).isEqualTo("in");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bob/wrong", "eve/secret", "bob/", "none"})
    void whoIsRefusedNeitherSendsNorGetsAnything(String credentials) throws Exception {
        ZmqConnection server = on(ZmqSocket.dealer())
                .plainServer(c -> c.user().equals("bob") && c.password().equals("secret"))
                .bind(TCP)
                .openNow();
        Probe probe = receive(server);
        String[] parts = credentials.split("/", 2);
        ZmqSocket stranger = on(ZmqSocket.dealer()).connect(server.endpoint());
        ZmqConnection refused = (parts.length == 1 ? stranger : stranger.plain(parts[0], parts[1])).openNow();
        Probe atStranger = receive(refused);
        offer(refused, "let me in");
        offer(server, "lost or not, a stranger does not get it");
        awaitEvent(refused, ZmqEvent.Kind.DISCONNECTED);

        ZmqConnection good = on(ZmqSocket.dealer())
                .plain("bob", "secret")
                .connect(server.endpoint())
                .openNow();
        offer(good, "good");

        assertThat(probe.nextText()).isEqualTo("good");
        assertThat(probe.poll(50)).isNull();
        assertThat(atStranger.received).hasValue(0);
    }

    @Test
    void whoIsRefusedHearsOfItAmongItsEvents() {
        ZmqConnection pull = server().bind(TCP).openNow();
        ZmqConnection push = on(ZmqSocket.push())
                .plain("eve", "secret")
                .connect(pull.endpoint())
                .openNow();

        ZmqEvent event = push.events()
                .filter(e -> e.kind() == ZmqEvent.Kind.HANDSHAKE_FAILED)
                .blockFirst(LIMIT);

        assertThat(event).isNotNull();
        assertThat(event.detail()).isEqualTo("login refused with status 400");
    }

    @Test
    void whoLogsInWhereNobodyAsksIsNotConnected() throws Exception {
        ZmqConnection pull = on(ZmqSocket.pull()).bind(TCP).openNow();
        Probe probe = receive(pull);
        ZmqConnection push = on(ZmqSocket.push())
                .plain("bob", "secret")
                .connect(pull.endpoint())
                .openNow();

        offer(push, "a password is no secret to whom it is sent");
        awaitEvent(push, ZmqEvent.Kind.DISCONNECTED);

        assertThat(probe.poll(20)).isNull();
    }

    @Test
    void eachServerAsksItsOwnPredicateAndOneThatThrowsRefuses() throws Exception {
        ZmqConnection strict = server().bind(TCP).openNow();
        ZmqConnection open =
                on(ZmqSocket.pull()).plainServer(c -> true).bind(TCP).openNow();
        ZmqConnection broken = on(ZmqSocket.pull())
                .plainServer(c -> {
                    throw new IllegalStateException("no database");
                })
                .bind(TCP)
                .openNow();
        ZmqConnection without = on(ZmqSocket.pull()).bind(TCP).openNow();
        ZmqSocket eve = on(ZmqSocket.push()).plain("eve", "");
        List<Probe> probes = List.of(receive(strict), receive(open), receive(broken), receive(without));

        ZmqConnection refused = eve.connect(strict.endpoint()).openNow();
        ZmqConnection failed = eve.connect(broken.endpoint()).openNow();
        offer(refused, "x");
        offer(failed, "x");
        offer(eve.connect(open.endpoint()).openNow(), "open");
        offer(on(ZmqSocket.push()).connect(without.endpoint()).openNow(), "without");

        assertThat(probes.get(1).nextText()).isEqualTo("open");
        assertThat(probes.get(3).nextText()).isEqualTo("without");
        awaitEvent(refused, ZmqEvent.Kind.DISCONNECTED);
        awaitEvent(failed, ZmqEvent.Kind.DISCONNECTED);
        assertThat(probes.get(0).received).hasValue(0);
        assertThat(probes.get(2).received).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bob", "eve"})
    void aServerThatIsDisposedWhileOthersLogInIsGone(String user) {
        for (int i = 0; i < 5; i++) {
            ZmqConnection pull = server().bind(TCP).openNow();
            List<ZmqConnection> clients = new ArrayList<>();
            for (int c = 0; c < 3; c++) {
                clients.add(on(ZmqSocket.push())
                        .plain(user, "secret")
                        .connect(pull.endpoint())
                        .openNow());
            }
            pull.events().filter(e -> e.kind() == ZmqEvent.Kind.PEER_UP).blockFirst(LIMIT);
            pull.dispose();
            clients.forEach(ZmqConnection::dispose);
        }
        Probe.assertReturnsTo(1, resources::openSockets); // the one that answers who may log in
    }

    /** JeroMQ lets everybody in while nobody answers: so what asks ends when who answers does. */
    @Test
    void aServerThatCannotAskAnyMoreFails() throws Exception {
        ZmqConnection pull = server().bind(TCP).openNow();
        Probe probe = receive(pull);

        resources.failLogins(new ZmqException("broken"));

        probe.awaitEnd();
        assertThat(probe.error).isInstanceOf(ZmqException.class).hasMessageContaining("who may log in");

        ZmqConnection again = server().bind(TCP).openNow();
        offer(
                on(ZmqSocket.push())
                        .plain("bob", "secret")
                        .connect(again.endpoint())
                        .openNow(),
                "in");
        assertThat(receive(again).nextText()).isEqualTo("in");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\5HELLO",
                "\5HELLO\377x\377y",
                "\5HELLO\3bob",
                "\5HELLO\3bob\377",
                "\5HELLO\0\0rest",
                "\5HELLX\377x\377y",
                "\5HELLX\3bob\377",
                "\10INITIATE"
            })
    void aHelloThatMakesNoSenseHurtsNobodyElse(String hello) throws Exception {
        aHelloHurtsNobodyElse(4, hello);
        aHelloHurtsNobodyElse(0, hello); // no command, which the engine does not mind
    }

    private void aHelloHurtsNobodyElse(int flags, String hello) throws Exception {
        ZmqConnection pull = server().bind(TCP).openNow();
        Probe probe = receive(pull);
        int port = Integer.parseInt(pull.endpoint().substring(pull.endpoint().lastIndexOf(':') + 1));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            byte[] body = hello.getBytes(StandardCharsets.ISO_8859_1);
            ByteBuffer bytes = ByteBuffer.allocate(66 + body.length);
            bytes.put((byte) 0xff).position(9).put((byte) 0x7f).put((byte) 3).put((byte) 0);
            bytes.put("PLAIN".getBytes(StandardCharsets.US_ASCII)).position(64);
            bytes.put((byte) flags).put((byte) body.length).put(body);
            socket.setSoTimeout(50);
            socket.getOutputStream().write(bytes.array());
            awaitSilence(socket);
        }

        offer(
                on(ZmqSocket.push())
                        .plain("bob", "secret")
                        .connect(pull.endpoint())
                        .openNow(),
                "good");

        assertThat(probe.nextText()).isEqualTo("good");
    }

    /** Until the other end closes, or is silent for the time limit of the socket. */
    private static void awaitSilence(Socket socket) {
        try {
            assertThat(socket.getInputStream().readNBytes(1000)).hasSizeLessThan(1000);
        } catch (IOException closedOrSilent) {
            // as good as the end
        }
    }

    @Test
    void whatTheEngineGetsWrongIsRefusedWithTheReason() {
        assertThatThrownBy(() -> ZmqSocket.dealer().curve())
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("encrypted bytes as messages");
        assertThatThrownBy(() -> ZmqSocket.dealer().plain("bob", "s\u00e9cret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ASCII");
        assertThatThrownBy(() -> ZmqSocket.dealer().plain("b".repeat(128), ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("128");
        assertThatThrownBy(() -> ZmqSocket.dealer().plain("", "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ZmqSocket.dealer().plain("a", "").plainServer(c -> true))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> ZmqSocket.dealer().plainServer(c -> true).plain("a", ""))
                .isInstanceOf(IllegalStateException.class);
    }
}
