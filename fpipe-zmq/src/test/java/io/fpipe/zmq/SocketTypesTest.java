/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.bytes;
import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static io.fpipe.zmq.Probe.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.zmq.ZmqUndeliverableException.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What each socket type does with its peers, and with who uses it against its rules. */
class SocketTypesTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String TCP = "tcp://127.0.0.1:*";
    private static final String INPROC = "inproc://name";

    private final ZmqResources resources = ZmqResources.create(o -> o.name("types-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket on(ZmqSocket socket) {
        return socket.runOn(resources).linger(Duration.ZERO);
    }

    private ZmqConnection bound(ZmqSocket socket, String endpoint) {
        return on(socket).bind(endpoint).openNow();
    }

    private ZmqConnection connected(ZmqSocket socket, ZmqConnection peer) {
        return on(socket).connect(peer.endpoint()).openNow();
    }

    private static Probe receive(ZmqConnection connection) {
        Probe probe = new Probe(Long.MAX_VALUE);
        connection.receive().subscribe(probe);
        return probe;
    }

    private static void send(ZmqConnection connection, String... texts) {
        connection.send(Flux.fromArray(texts).map(Probe::message)).block(LIMIT);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Sends until one of the messages is received: a publisher drops those before the subscription has reached it. */
    private static void awaitSubscribed(ZmqConnection publisher, String topic, Probe subscriber)
            throws InterruptedException {
        ZmqMessage first = null;
        for (int i = 0; i < 500 && first == null; i++) {
            send(publisher, topic);
            first = subscriber.poll(20);
        }
        assertThat(first).as("a message of " + topic).isNotNull();
        for (ZmqMessage more = first; more != null; ) {
            more = subscriber.poll(50); // sent before the first was received
        }
    }

    // ---- PUSH and PULL

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void pullsInOrderAllThatIsPushed(String endpoint) throws Exception {
        int total = 20_000;
        ZmqConnection pull = bound(ZmqSocket.pull(), endpoint);
        ZmqConnection push = connected(ZmqSocket.push(), pull);
        Probe probe = receive(pull);

        push.sendBytes(Flux.range(0, total).map(i -> bytes("" + i))).block(LIMIT);

        for (int i = 0; i < total; i++) {
            assertThat(probe.nextText()).isEqualTo("" + i);
        }
        probe.assertNoBreaches();
    }

    @Test
    void aPushBindsAndConnectsToSeveralAtOnce() throws Exception {
        ZmqConnection first = bound(ZmqSocket.pull(), TCP);
        ZmqConnection second = bound(ZmqSocket.pull(), "inproc://second");
        ZmqConnection push = on(ZmqSocket.push())
                .connect(first.endpoint())
                .bind(TCP)
                .connect(second.endpoint())
                .bind("inproc://push")
                .openNow();
        ZmqConnection third =
                on(ZmqSocket.pull()).connect(push.endpoints().get(1)).openNow();
        ZmqConnection fourth = on(ZmqSocket.pull()).connect("inproc://push").openNow();
        List<Probe> probes = Stream.of(first, second, third, fourth)
                .map(SocketTypesTest::receive)
                .toList();

        assertThat(push.endpoint()).isEqualTo(first.endpoint());
        assertThat(push.endpoints()).hasSize(4).doesNotContain(TCP).contains("inproc://push", "inproc://second");
        Set<String> reached = new TreeSet<>();
        for (int i = 0; i < 2_000 && reached.size() < 4; i++) {
            send(push, "" + i);
            for (int p = 0; p < 4; p++) {
                if (probes.get(p).poll(1) != null) {
                    reached.add("peer " + p);
                }
            }
        }
        assertThat(reached).hasSize(4);
    }

    @Test
    void aPullMayConnectToSeveralPushes() throws Exception {
        ZmqConnection one = bound(ZmqSocket.push(), TCP);
        ZmqConnection two = bound(ZmqSocket.push(), INPROC);
        ZmqConnection pull = on(ZmqSocket.pull())
                .connect(one.endpoint())
                .connect(two.endpoint())
                .openNow();
        Probe probe = receive(pull);

        send(one, "a");
        send(two, "b");

        assertThat(List.of(probe.nextText(), probe.nextText())).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aBindThatFailsGivesBackTheNamesThatWereBoundBefore() {
        ZmqConnection owner = bound(ZmqSocket.pull(), TCP);
        ZmqSocket both = on(ZmqSocket.pull()).bind(INPROC).bind(owner.endpoint());

        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(both::openNow)
                    .isInstanceOf(ZmqException.class)
                    .hasMessageContaining("address in use")
                    .hasMessageContaining(owner.endpoint());
        }
        assertThat(bound(ZmqSocket.pull(), INPROC).endpoint()).isEqualTo(INPROC);
    }

    @Test
    void anEndpointThatIsNamedTwiceIsRefused() {
        ZmqSocket once = ZmqSocket.push().connect("tcp://127.0.0.1:5");

        assertThatThrownBy(() -> once.connect("tcp://127.0.0.1:5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("named twice");
        assertThatThrownBy(() -> ZmqSocket.router().bind("inproc://zeromq.zap.01"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", INPROC})
    void aPushServesAPullThatComesLateGoesAndComesBack(String kind) throws Exception {
        String endpoint = kind.equals("tcp") ? "tcp://127.0.0.1:" + freePort() : kind;
        ZmqConnection push = on(ZmqSocket.push()).connect(endpoint).openNow();
        for (int round = 0; round < 3; round++) {
            if (kind.equals(INPROC) && round > 0) {
                break; // over inproc JeroMQ does not connect again
            }
            Mono<Void> sent = push.send(Mono.just(message("round " + round))).cache();
            sent.subscribe();
            ZmqConnection pull = bound(ZmqSocket.pull(), endpoint);
            assertThat(receive(pull).nextText()).isEqualTo("round " + round);
            sent.block(LIMIT);
            Mono<ZmqEvent> lost = push.events()
                    .skipUntil(e -> e.kind() == ZmqEvent.Kind.PEER_UP)
                    .filter(e -> e.kind() == ZmqEvent.Kind.DISCONNECTED)
                    .skip(round)
                    .next();
            pull.dispose();
            pull.onDispose().block(LIMIT);
            if (kind.equals("tcp")) {
                lost.block(LIMIT);
            }
        }
    }

    // ---- what a type cannot do

    @Test
    void whatATypeCannotDoIsRefusedWhenItIsAskedFor() {
        for (ZmqSocket socket : List.of(ZmqSocket.push(), ZmqSocket.pub())) {
            ZmqConnection open = on(socket).bind(TCP).openNow();
            assertThatThrownBy(open::receive)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("does not receive");
            assertThatThrownBy(open::receiveBytes).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(socket::receive).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(socket::receiveBytes).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> open.subscribe("x"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("SUB");
        }
        for (ZmqSocket socket : List.of(ZmqSocket.pull(), ZmqSocket.sub(""))) {
            ZmqConnection open = on(socket).bind(TCP).openNow();
            assertThatThrownBy(() -> open.send(Mono.empty()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("does not send");
            assertThatThrownBy(() -> open.sendBytes(Mono.empty())).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> socket.send(Mono.empty())).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> socket.sendBytes(Mono.empty())).isInstanceOf(IllegalStateException.class);
        }
    }

    // ---- PUB, SUB, XPUB

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aSubscriberGetsItsTopicsAndMayChangeThemWhileItRuns(String endpoint) throws Exception {
        ZmqConnection pub = bound(ZmqSocket.pub(), endpoint);
        ZmqConnection sub = connected(ZmqSocket.sub("a"), pub);
        Probe probe = receive(sub);
        awaitSubscribed(pub, "a", probe);

        send(pub, "b1", "a1");
        assertThat(probe.nextText()).isEqualTo("a1");

        sub.subscribe("b");
        awaitSubscribed(pub, "b", probe);
        sub.unsubscribe("a");
        sub.unsubscribe("never");
        sub.subscribe("end");
        awaitSubscribed(pub, "end", probe); // after the unsubscription has reached the publisher
        send(pub, "a2", "b2", "c2");
        assertThat(probe.nextText()).isEqualTo("b2");
        assertThat(probe.poll(50)).isNull();
        probe.assertNoBreaches();
    }

    @Test
    void aSubscriberWithoutTopicsGetsNothingUntilItSubscribes() throws Exception {
        ZmqConnection pub = bound(ZmqSocket.pub(), INPROC);
        ZmqConnection sub = connected(ZmqSocket.sub(), pub);
        Probe probe = receive(sub);
        send(pub, "dropped");

        sub.subscribe("");
        awaitSubscribed(pub, "x", probe);
        probe.assertNoBreaches();
    }

    @Test
    void aSubscriberMayHaveMoreTopicsThanTheHighWaterMark() throws Exception {
        int topics = 3_000;
        ZmqConnection pub = bound(ZmqSocket.pub(), TCP);
        ZmqConnection sub = connected(ZmqSocket.sub().highWaterMark(10), pub);
        Flux.range(0, topics).subscribe(i -> sub.subscribe(i + "."));
        Probe probe = receive(sub);
        awaitSubscribed(pub, (topics - 1) + ".", probe);

        pub.send(Flux.range(0, topics).map(i -> message(i + ".")).delayElements(Duration.ofNanos(1)))
                .block(LIMIT);
        Set<String> got = new TreeSet<>();
        for (ZmqMessage m = probe.next(); m != null; m = probe.poll(200)) {
            got.add(text(m));
        }
        // the publisher may drop messages, but not because of a subscription that was lost: each is known to it
        for (int i = 0; i < topics; i += 100) {
            if (!got.contains(i + ".")) {
                send(pub, i + ".");
                assertThat(probe.nextText()).isEqualTo(i + ".");
            }
        }
    }

    @Test
    void aPublisherWithoutSubscribersTakesEverythingAndConnectsWithoutWaiting() throws Exception {
        ZmqConnection pub =
                on(ZmqSocket.pub()).connect("tcp://127.0.0.1:" + freePort()).openNow();

        pub.send(Flux.range(0, 5_000).map(i -> message("" + i))).block(LIMIT);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPublisherDropsForAFullSubscriberAndThatOneOnly(boolean xpub) throws Exception {
        int total = 5_000;
        ZmqConnection pub = bound((xpub ? ZmqSocket.xpub() : ZmqSocket.pub()).highWaterMark(10), INPROC);
        ZmqConnection slow = connected(ZmqSocket.sub("").highWaterMark(10), pub);
        ZmqConnection quick = connected(ZmqSocket.sub("").highWaterMark(total * 2), pub);
        Probe atSlow = new Probe(1);
        slow.receive().subscribe(atSlow);
        Probe atQuick = receive(quick);
        awaitSubscribed(pub, "x", atQuick);
        atSlow.next();

        pub.send(Flux.range(0, total).map(i -> message("" + i))).block(LIMIT);

        for (int i = 0; i < total; i++) {
            assertThat(atQuick.nextText()).isEqualTo("" + i);
        }
        atSlow.request(Long.MAX_VALUE - 1);
        int got = 0;
        while (atSlow.poll(100) != null) {
            got++;
        }
        assertThat(got).isBetween(1, total / 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aPublisherThatWaitsLosesNothingAndIsNotPacedByTheRetryTimer(String endpoint) throws Exception {
        for (ZmqSocket socket : List.of(ZmqSocket.pub(), ZmqSocket.xpub())) {
            int total = 20_000;
            ZmqConnection pub = bound(socket.waitForFullPeers(true).highWaterMark(20), endpoint);
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                probes.add(receive(connected(ZmqSocket.sub("").highWaterMark(20), pub)));
            }
            for (Probe probe : probes) {
                awaitSubscribed(pub, "x", probe);
            }
            for (Probe probe : probes) {
                while (probe.poll(50) != null) {
                    // what was sent for the others
                }
            }
            // at a retry each 10 ms, which makes room for half the mark, it would take 20 s
            pub.send(Flux.range(0, total).map(i -> message("" + i, "x"))).block(LIMIT);

            for (Probe probe : probes) {
                for (int i = 0; i < total; i++) {
                    ZmqMessage m = probe.next();
                    assertThat(m.frames()).hasSize(2);
                    assertThat(text(m.frame(0))).isEqualTo("" + i);
                }
            }
            pub.dispose();
            pub.onDispose().block(LIMIT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void anXpubReceivesWhatItsPeersSubscribeTo(String endpoint) throws Exception {
        ZmqConnection xpub = bound(ZmqSocket.xpub(), endpoint);
        Probe subscriptions = receive(xpub);
        ZmqConnection sub = connected(ZmqSocket.sub("news"), xpub);
        Probe probe = receive(sub);

        assertThat(subscriptions.nextText()).isEqualTo("\1news");
        send(xpub, "news: one", "weather: two");
        assertThat(probe.nextText()).isEqualTo("news: one");

        sub.unsubscribe("news");
        assertThat(subscriptions.nextText()).isEqualTo("\0news");
        sub.subscribe("more");
        assertThat(subscriptions.nextText()).isEqualTo("\1more");
        sub.dispose();
        assertThat(subscriptions.nextText()).isEqualTo("\0more");
        subscriptions.assertNoBreaches();
    }

    // ---- PAIR

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aPairTalksBothWays(String endpoint) throws Exception {
        ZmqConnection one = bound(ZmqSocket.pair(), endpoint);
        ZmqConnection two = connected(ZmqSocket.pair(), one);
        Probe atOne = receive(one);
        Probe atTwo = receive(two);

        send(two, "a", "b");
        assertThat(atOne.nextText()).isEqualTo("a");
        assertThat(atOne.nextText()).isEqualTo("b");
        send(one, "c");
        assertThat(atTwo.nextText()).isEqualTo("c");
    }

    // ---- REQ and REP

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void requestsAreRepliedToInLockstep(String endpoint) throws Exception {
        ZmqConnection rep = bound(ZmqSocket.rep(), endpoint);
        rep.send(rep.receive().map(m -> message("re", text(m)))).subscribe();
        List<Probe> probes = new ArrayList<>();
        List<ZmqConnection> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            clients.add(connected(i == 0 ? ZmqSocket.req().relaxed(true) : ZmqSocket.req(), rep));
            probes.add(receive(clients.get(i)));
        }
        for (int round = 0; round < 200; round++) {
            for (ZmqConnection client : clients) {
                send(client, "" + round);
            }
            for (Probe probe : probes) {
                ZmqMessage reply = probe.next();
                assertThat(reply.frames()).hasSize(2);
                assertThat(text(reply)).isEqualTo("" + round);
            }
        }
    }

    @Test
    void aRepTakesNoRequestBeforeItHasReplied() throws Exception {
        ZmqConnection rep = bound(ZmqSocket.rep(), INPROC);
        Probe requests = receive(rep);
        ZmqConnection one = connected(ZmqSocket.req(), rep);
        ZmqConnection two = connected(ZmqSocket.req(), rep);
        send(one, "one");
        send(two, "two");

        String first = requests.nextText();
        assertThat(requests.poll(50)).isNull();
        send(rep, "to " + first);
        String second = requests.nextText();
        send(rep, "to " + second);

        assertThat(receive(one).nextText()).isEqualTo("to one");
        assertThat(receive(two).nextText()).isEqualTo("to two");
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aMessageOutOfTurnFailsItsSendAndNothingElse(String endpoint) throws Exception {
        ZmqConnection rep = bound(ZmqSocket.rep(), endpoint);
        ZmqConnection req = connected(ZmqSocket.req(), rep);
        Probe requests = receive(rep);
        Probe replies = receive(req);

        refused(Reason.OUT_OF_TURN, rep.send(Mono.just(message("no request"))), "no request");
        send(req, "question");
        refused(Reason.OUT_OF_TURN, req.send(Mono.just(message("again"))), "waits for the reply");
        assertThat(requests.nextText()).isEqualTo("question");
        send(rep, "answer");
        refused(Reason.OUT_OF_TURN, rep.send(Mono.just(message("second answer"))), "no request");

        assertThat(replies.nextText()).isEqualTo("answer");
        send(req, "next");
        assertThat(requests.nextText()).isEqualTo("next");
    }

    private static void refused(Reason reason, Mono<Void> sent, String why) {
        StepVerifier.create(sent)
                .expectErrorSatisfies(e -> {
                    assertThat(e).isInstanceOf(ZmqUndeliverableException.class).hasMessageContaining(why);
                    assertThat(((ZmqUndeliverableException) e).reason()).isEqualTo(reason);
                })
                .verify(LIMIT);
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aRelaxedRequesterGivesUpARequestAndDropsItsLateReply(String endpoint) throws Exception {
        ZmqConnection router = bound(ZmqSocket.router(), endpoint); // can reply late, twice, and out of order
        ZmqConnection req = connected(ZmqSocket.req().relaxed(true), router);
        Probe requests = receive(router);
        Probe replies = receive(req);
        for (int round = 0; round < 20; round++) {
            send(req, "lost");
            ZmqMessage lost = requests.next();
            send(req, "kept");
            ZmqMessage kept = requests.next();

            assertThat(text(lost)).isEqualTo("lost");
            assertThat(lost.frames()).hasSize(4); // peer, number, empty, body
            reply(router, lost, "late");
            reply(router, kept, "reply " + round);
            reply(router, kept, "once more");

            assertThat(replies.nextText()).isEqualTo("reply " + round);
        }
        assertThat(replies.poll(50)).isNull();
    }

    private static void reply(ZmqConnection router, ZmqMessage request, String text) {
        ByteBuffer[] frames = request.frames().toArray(ByteBuffer[]::new);
        frames[frames.length - 1] = bytes(text);
        router.send(Mono.just(ZmqMessage.of(frames))).block(LIMIT);
    }

    // ---- what cannot be sent

    @Test
    void aSendThatIsToldSoGoesOnAfterWhatCannotBeSent() throws Exception {
        List<String> skipped = new CopyOnWriteArrayList<>();
        ZmqConnection router = on(ZmqSocket.router())
                .onUndeliverable((m, why) -> skipped.add(text(m) + " " + why.reason()))
                .maxMessageBytes(1000)
                .bind(INPROC)
                .openNow();
        ZmqConnection dealer = connected(ZmqSocket.dealer().routingId(bytes("me")), router);
        Probe probe = receive(dealer);
        send(dealer, "hello");
        receive(router).next();

        int total = 5_000; // more than is requested at once: what is skipped must be requested anew
        router.send(Flux.range(0, total).map(i -> switch (i % 4) {
                    case 0 -> to(bytes("me"), "" + i);
                    case 1 -> to(bytes("you"), "" + i);
                    case 2 -> ZmqMessage.of(bytes("me"), ByteBuffer.allocate(1001), bytes("" + i));
                    default -> message("" + i);
                }))
                .block(LIMIT);

        for (int i = 0; i < total; i += 4) {
            assertThat(probe.nextText()).isEqualTo("" + i);
        }
        assertThat(skipped).hasSize(total * 3 / 4);
        assertThat(skipped.subList(0, 3)).containsExactly("1 UNKNOWN_PEER", "2 TOO_LARGE", "3 NO_BODY");
    }

    @Test
    void whatTheCallbackThrowsEndsTheSend() {
        ZmqConnection router = on(ZmqSocket.router())
                .onUndeliverable((m, why) -> {
                    throw why;
                })
                .bind(INPROC)
                .openNow();

        refused(
                Reason.UNKNOWN_PEER,
                router.send(Flux.just(to(bytes("who"), "x")).concatWith(Flux.never())),
                "no peer 77686f");
    }

    @Test
    void aFrameAboveTheLimitIsNotSentAndOneAtTheLimitIs() throws Exception {
        ZmqConnection pull = bound(ZmqSocket.pull().maxMessageBytes(1000), TCP);
        ZmqConnection push = connected(ZmqSocket.push().maxMessageBytes(1000), pull);
        Probe probe = receive(pull);

        push.sendBytes(Mono.just(ByteBuffer.allocate(1000))).block(LIMIT);
        refused(Reason.TOO_LARGE, push.sendBytes(Mono.just(ByteBuffer.allocate(1001))), "at most 1000 bytes");
        push.sendBytes(Mono.just(ByteBuffer.allocate(999))).block(LIMIT);

        assertThat(probe.next().frame(0).remaining()).isEqualTo(1000);
        assertThat(probe.next().frame(0).remaining()).isEqualTo(999);
    }

    @Test
    void aRouterThatDoesNotWaitRefusesWhatAFullPeerHasNoRoomFor() throws Exception {
        ZmqConnection router = bound(ZmqSocket.router().waitForFullPeers(false).highWaterMark(1), INPROC);
        ZmqConnection dealer =
                connected(ZmqSocket.dealer().routingId(bytes("slow")).highWaterMark(1), router);
        send(dealer, "hello");
        receive(router).next();

        refused(
                Reason.FULL_PEER,
                router.send(Flux.range(0, 100).map(i -> to(bytes("slow"), "" + i))),
                "no room for peer 736c6f77");
        Probe probe = receive(dealer);
        assertThat(probe.nextText()).isEqualTo("0");
    }

    // ---- shared memory

    @Test
    void whatIsReceivedOverInprocCannotBeWritten() throws Exception {
        ZmqConnection pub = bound(ZmqSocket.pub(), INPROC);
        Probe one = receive(connected(ZmqSocket.sub("x"), pub));
        Probe two = receive(connected(ZmqSocket.sub("x"), pub));
        awaitSubscribed(pub, "x", one);
        awaitSubscribed(pub, "x", two);
        while (one.poll(20) != null) {
            // sent for the other
        }
        send(pub, "xyz");

        ByteBuffer atOne = one.next().frame(0);
        ByteBuffer atTwo = two.next().frame(0);
        assertThat(atOne.isReadOnly()).isTrue();
        atOne.get();
        atOne.position(3); // its cursor is its own
        assertThat(text(atTwo)).isEqualTo("xyz");
    }
}
