/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.bytes;
import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** With libzmq on the wire: each pair of socket types, each of them on either side, binding and connecting. */
class InteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String TCP = "tcp://127.0.0.1:*";

    /** Messages by the sizes of their frames: around where ZMTP's length takes 8 bytes, and above all buffers. */
    private static final String SIZES = "0;1;5;254;255;256;8191;8192;8193;65536;1048576;"
            + "0,0;1,0,1;0,255,0,256;0,0,1048576,0;1048576,1;3,1,4,1,5,9,2,6";

    private static final int COUNT = SIZES.split(";", -1).length;

    private static @Nullable LibZmq shared;

    private final ZmqResources resources = ZmqResources.create(o -> o.name("interop-test"));
    private LibZmq peer;

    /** One process for all tests, as long as it does as it is told: starting one takes longer than most tests. */
    @BeforeEach
    void peerIsThere() {
        if (shared == null) {
            shared = new LibZmq();
        }
        peer = shared;
    }

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
        if (peer != null && peer.isBusy()) {
            endPeer();
        }
    }

    @AfterAll
    static void endPeer() {
        if (shared != null) {
            shared.close();
            shared = null;
        }
    }

    // ---- both sides

    private static ZmqSocket socket(String type) {
        return switch (type) {
            case "pull" -> ZmqSocket.pull();
            case "push" -> ZmqSocket.push();
            case "pub" -> ZmqSocket.pub();
            case "sub" -> ZmqSocket.sub();
            case "xpub" -> ZmqSocket.xpub();
            case "pair" -> ZmqSocket.pair();
            case "dealer" -> ZmqSocket.dealer();
            case "router" -> ZmqSocket.router();
            case "req" -> ZmqSocket.req();
            case "rep" -> ZmqSocket.rep();
            default -> throw new IllegalArgumentException(type);
        };
    }

    /** Opens ours and the other's, one of which binds. */
    private ZmqConnection open(ZmqSocket ours, boolean binds, String other, Object... options) {
        ZmqSocket socket = ours.runOn(resources).linger(Duration.ZERO);
        String named = Stream.of(options).map(String::valueOf).collect(Collectors.joining(" "));
        if (binds) {
            ZmqConnection connection = socket.bind(TCP).openNow();
            peer.call("open", other, "connect", connection.endpoint(), named);
            return connection;
        }
        return socket.connect(peer.call("open", other, "bind", TCP, named)).openNow();
    }

    private static Probe receive(ZmqConnection connection) {
        Probe probe = new Probe(Long.MAX_VALUE);
        connection.receive().subscribe(probe);
        return probe;
    }

    private static List<ZmqMessage> messages(String sizes) {
        Random random = new Random(5);
        List<ZmqMessage> messages = new ArrayList<>();
        for (String message : sizes.split(";", -1)) {
            messages.add(ZmqMessage.of(Stream.of(message.split(",", -1))
                    .map(size -> {
                        byte[] frame = new byte[Integer.parseInt(size)];
                        random.nextBytes(frame);
                        return ByteBuffer.wrap(frame);
                    })
                    .toArray(ByteBuffer[]::new)));
        }
        return messages;
    }

    private static List<ZmqMessage> take(Probe probe, int count) throws InterruptedException {
        List<ZmqMessage> messages = new ArrayList<>();
        while (messages.size() < count) {
            ZmqMessage next = probe.next();
            if (!text(next.frame(0)).equals("sync")) {
                messages.add(next);
            }
        }
        return messages;
    }

    private static String sizes(ZmqMessage message) {
        return message.frames().stream().map(f -> "" + f.remaining()).collect(Collectors.joining(","));
    }

    private static String sizes(List<ZmqMessage> messages) {
        return messages.stream().map(InteropTest::sizes).collect(Collectors.joining(";"));
    }

    /** As zmq_peer.py makes it. */
    private static String sum(List<ZmqMessage> messages) {
        CRC32 crc = new CRC32();
        ByteBuffer number = ByteBuffer.allocate(4);
        for (ZmqMessage message : messages) {
            crc.update(number.putInt(0, message.frames().size()).rewind());
            for (ByteBuffer frame : message.frames()) {
                crc.update(number.putInt(0, frame.remaining()).rewind());
                crc.update(frame.duplicate());
            }
        }
        return "" + crc.getValue();
    }

    private static ZmqMessage behind(List<ByteBuffer> front, ZmqMessage message) {
        return ZmqMessage.of(
                Stream.concat(front.stream(), message.frames().stream()).toArray(ByteBuffer[]::new));
    }

    // ---- one way

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pullGetsWhatLibzmqPushes(boolean binds) throws Exception {
        Probe probe = receive(open(ZmqSocket.pull(), binds, "push"));

        String sent = peer.call("send", SIZES, 7);

        List<ZmqMessage> received = take(probe, COUNT);
        assertThat(sizes(received)).isEqualTo(SIZES);
        assertThat(sum(received)).isEqualTo(sent);
        probe.assertNoBreaches();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void libzmqPullsWhatPushSends(boolean binds) {
        ZmqConnection push = open(ZmqSocket.push(), binds, "pull");
        List<ZmqMessage> messages = messages(SIZES);
        peer.begin("receive", COUNT);

        push.send(Flux.fromIterable(messages)).block(LIMIT);

        assertThat(peer.answer()).isEqualTo(sum(messages));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sub bind pub", "sub connect pub", "sub bind xpub", "sub connect xpub"})
    void subGetsWhatLibzmqPublishes(String sides) throws Exception {
        String[] side = sides.split(" ", -1);
        ZmqConnection sub = open(ZmqSocket.sub(""), side[1].equals("bind"), side[2]);
        Probe probe = receive(sub);
        peer.begin("publish");
        assertThat(probe.nextText()).isEqualTo("sync");

        peer.begin("send", SIZES, 7);

        assertThat(peer.answer()).isEqualTo("ok");
        List<ZmqMessage> received = take(probe, COUNT);
        assertThat(sizes(received)).isEqualTo(SIZES);
        assertThat(sum(received)).isEqualTo(peer.answer());
    }

    @ParameterizedTest
    @ValueSource(strings = {"pub bind", "pub connect", "xpub bind", "xpub connect"})
    void libzmqSubscribesToWhatIsPublished(String sides) throws Exception {
        String[] side = sides.split(" ", -1);
        ZmqConnection pub = open(socket(side[0]), side[1].equals("bind"), "sub");
        peer.call("subscribe");
        awaitSubscribed(pub);
        List<ZmqMessage> messages = messages(SIZES);
        peer.begin("receive", COUNT);

        pub.send(Flux.fromIterable(messages)).block(LIMIT);

        assertThat(peer.answer()).isEqualTo(sum(messages));
    }

    /** Publishes until one of the messages has arrived: those before the subscription are dropped. */
    private void awaitSubscribed(ZmqConnection publisher) {
        peer.begin("take");
        Disposable sending = publisher
                .send(Flux.interval(Duration.ofMillis(10)).onBackpressureDrop().map(i -> message("sync")))
                .subscribe(v -> {}, e -> {});
        assertThat(peer.answer()).isEqualTo(hex("sync"));
        sending.dispose();
    }

    private static String hex(String text) {
        return "-" + HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void libzmqChangesItsTopicsWhileItReceives() throws Exception {
        ZmqConnection xpub = open(ZmqSocket.xpub(), true, "sub");
        Probe topics = receive(xpub);
        List<String> wanted = List.of("a", "b", "ab");
        for (String topic : wanted) {
            peer.call("subscribe", topic);
            assertThat(topics.nextText()).isEqualTo("\1" + topic);
        }
        publish(xpub, "a1", "b1", "c1", "ab1");
        assertTaken("a1", "b1", "ab1");

        peer.call("unsubscribe", "a");
        assertThat(topics.nextText()).isEqualTo("\0a");
        publish(xpub, "a2", "b2", "ab2");
        assertTaken("b2", "ab2");

        peer.call("unsubscribe", "b");
        assertThat(topics.nextText()).isEqualTo("\0b");
        peer.call("subscribe", "c");
        assertThat(topics.nextText()).isEqualTo("\1c");
        publish(xpub, "b3", "ab3", "c3");
        assertTaken("ab3", "c3");
    }

    private static void publish(ZmqConnection publisher, String... texts) {
        publisher.send(Flux.fromArray(texts).map(Probe::message)).block(LIMIT);
    }

    private void assertTaken(String... texts) {
        for (String text : texts) {
            assertThat(peer.call("take")).isEqualTo(hex(text));
        }
    }

    @Test
    void subChangesItsTopicsWhileItReceives() throws Exception {
        ZmqConnection sub = open(ZmqSocket.sub("a"), false, "xpub");
        Probe probe = receive(sub);
        assertTaken("\1a");
        sub.subscribe("b");
        assertTaken("\1b");
        for (String topic : List.of("a", "c", "b")) {
            peer.call("say", hex(topic), hex("body"));
        }
        assertThat(text(probe.next().frame(0))).isEqualTo("a");
        assertThat(text(probe.next().frame(0))).isEqualTo("b");

        sub.unsubscribe("a");
        assertTaken("\0a");
        sub.subscribe("c");
        assertTaken("\1c");
        for (String topic : List.of("a", "c", "b")) {
            peer.call("say", hex(topic), hex("body"));
        }
        assertThat(text(probe.next().frame(0))).isEqualTo("c");
        assertThat(text(probe.next().frame(0))).isEqualTo("b");
    }

    /** The subscriptions of an XSUB are messages that it sends. */
    @Test
    void libzmqSubscribesByMessages() throws Exception {
        ZmqConnection xpub = open(ZmqSocket.xpub(), false, "xsub");
        Probe topics = receive(xpub);

        peer.call("say", hex("\1a"));
        assertThat(topics.nextText()).isEqualTo("\1a");
        publish(xpub, "b1", "a1");
        assertTaken("a1");

        peer.call("say", hex("\0a"));
        assertThat(topics.nextText()).isEqualTo("\0a");
    }

    // ---- there and back

    private static final String PAIRS =
            "pair pair;dealer dealer;dealer router;router dealer;router router;" + "dealer rep;req rep;req router";

    static Stream<String> conversations() {
        return Stream.of(PAIRS.split(";", -1)).flatMap(p -> Stream.of(p + " bind", p + " connect"));
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void libzmqRepliesToWhatIsAsked(String sides) throws Exception {
        String[] side = sides.split(" ", -1);
        boolean router = side[0].equals("router");
        ZmqConnection asker = open(socket(side[0]), side[2].equals("bind"), side[1], router ? "probe=1" : "");
        Probe replies = receive(asker);
        List<ByteBuffer> front = switch (side[0] + " " + side[1]) {
            case "dealer rep" -> List.of(ByteBuffer.allocate(0));
            case "router dealer", "router router" -> List.of(announced(replies));
            default -> List.of();
        };
        peer.begin("echo", COUNT);

        for (ZmqMessage message : messages(SIZES)) {
            ZmqMessage request = behind(front, message);
            asker.send(Mono.just(request)).block(LIMIT);
            ZmqMessage reply = replies.next();
            assertThat(sizes(reply)).isEqualTo(sizes(request));
            assertThat(sum(List.of(reply))).isEqualTo(sum(List.of(request)));
        }

        assertThat(peer.answer()).isEqualTo("ok");
        replies.assertNoBreaches();
    }

    /** The routing id of the peer that has sent an empty message. */
    private static ByteBuffer announced(Probe probe) throws InterruptedException {
        ZmqMessage empty = probe.next();
        assertThat(empty.frames()).hasSize(2);
        assertThat(empty.frame(1).hasRemaining()).isFalse();
        return empty.frame(0);
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void repliesToWhatLibzmqAsks(String sides) {
        String[] side = sides.split(" ", -1);
        boolean router = side[0].equals("router");
        ZmqSocket replier = socket(side[1]);
        ZmqConnection connection = open(router ? replier.probe(true) : replier, side[2].equals("bind"), side[0]);
        connection.send(connection.receive()).subscribe(v -> {}, e -> {});

        String front = side[1].equals("rep") && side[0].equals("dealer") ? "empty" : router ? "peer" : "";

        assertThat(peer.call("ask", SIZES, 7, front)).isEqualTo("ok");
    }

    @Test
    void theRoutingIdReachesTheOtherSide() throws Exception {
        ZmqConnection dealer = open(ZmqSocket.dealer().routingId(bytes("ours")), false, "router");
        dealer.send(Mono.just(message("x"))).block(LIMIT);
        assertThat(peer.call("take")).isEqualTo(hex("ours") + " " + hex("x"));

        Probe probe = receive(open(ZmqSocket.router(), true, "dealer", "id=theirs"));
        peer.call("send", 1, 7);
        assertThat(text(probe.next().frame(0))).isEqualTo("theirs");
    }

    // ---- many

    @Test
    void manySmallMessagesKeepTheirOrderThereAndBack() throws Exception {
        int total = 20_000;
        ZmqConnection dealer = open(ZmqSocket.dealer().highWaterMark(100), true, "router", "mandatory=1");
        Probe replies = receive(dealer);
        peer.begin("echo", total);

        dealer.sendBytes(Flux.range(0, total).map(i -> bytes("" + i))).block(LIMIT);

        for (int i = 0; i < total; i++) {
            assertThat(replies.nextText()).isEqualTo("" + i);
        }
        assertThat(peer.answer()).isEqualTo("ok");
    }

    // ---- logins

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void libzmqLogsIn(boolean binds) throws Exception {
        ZmqSocket server = ZmqSocket.dealer()
                .plainServer(c -> c.user().equals("bob") && c.password().equals("secret"));
        Probe probe = receive(open(server, binds, "dealer", "user=bob password=secret"));

        String sent = peer.call("send", SIZES, 7);

        assertThat(sum(take(probe, COUNT))).isEqualTo(sent);
    }

    @ParameterizedTest
    @ValueSource(strings = {"user=bob password=wrong", "user=eve password=secret", ""})
    void libzmqIsRefused(String credentials) throws Exception {
        ZmqSocket server = ZmqSocket.dealer()
                .plainServer(c -> c.user().equals("bob") && c.password().equals("secret"));
        ZmqConnection connection = open(server, true, "dealer", credentials);
        Probe probe = receive(connection);
        peer.call("say", hex("let me in")); // or there is no room, for it has been refused already

        awaitEvent(connection, ZmqEvent.Kind.DISCONNECTED);

        assertThat(probe.received).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void logsInAtLibzmq(boolean binds) {
        logins();
        ZmqConnection dealer = open(ZmqSocket.dealer().plain("bob", "secret"), binds, "dealer", "server=1");
        List<ZmqMessage> messages = messages(SIZES);
        peer.begin("receive", COUNT);

        dealer.send(Flux.fromIterable(messages)).block(LIMIT);

        assertThat(peer.answer()).isEqualTo(sum(messages));
    }

    /** How it is refused differs: the ERROR of libzmq 4.3.4 is misspelt, which is a protocol error. */
    @Test
    void isRefusedByLibzmq() {
        logins();
        ZmqConnection dealer = open(ZmqSocket.dealer().plain("bob", "wrong"), false, "dealer", "server=1");
        dealer.send(Mono.just(message("let me in"))).subscribe(v -> {}, e -> {});

        awaitEvent(dealer, ZmqEvent.Kind.DISCONNECTED);
        logsInAtLibzmq(false);
    }

    private void logins() {
        peer.call("logins", "bob", "secret");
    }

    private static void awaitEvent(ZmqConnection connection, ZmqEvent.Kind kind) {
        assertThat(connection.events().filter(e -> e.kind() == kind).blockFirst(LIMIT))
                .as("event " + kind)
                .isNotNull();
    }
}
