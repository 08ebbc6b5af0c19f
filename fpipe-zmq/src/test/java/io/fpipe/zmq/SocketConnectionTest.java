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

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class SocketConnectionTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String TCP = "tcp://127.0.0.1:*";
    private static final String INPROC = "inproc://name";

    private final ZmqResources resources = ZmqResources.create(o -> o.name("socket-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket dealer() {
        return ZmqSocket.dealer().runOn(resources).linger(Duration.ZERO);
    }

    private ZmqSocket router() {
        return ZmqSocket.router().runOn(resources).linger(Duration.ZERO);
    }

    private static Probe receive(ZmqConnection connection, long demand) {
        Probe probe = new Probe(demand);
        connection.receive().subscribe(probe);
        return probe;
    }

    private static void send(ZmqConnection connection, ZmqMessage... messages) {
        connection.send(Flux.fromArray(messages)).block(LIMIT);
    }

    /** Lets a ROUTER learn of a DEALER; returns the routing id. */
    private static ByteBuffer introduce(ZmqConnection dealer, Probe router) throws InterruptedException {
        send(dealer, message("hello"));
        return router.next().frame(0);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    // ---- peers

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aDealerTalksToABoundRouterAndGetsItsReply(String endpoint) throws Exception {
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe atRouter = receive(router, Long.MAX_VALUE);
        Probe atDealer = receive(dealer, Long.MAX_VALUE);

        send(dealer, message("question"));
        ZmqMessage question = atRouter.next();
        send(router, to(question.frame(0), "answer"));

        assertThat(question.frames()).hasSize(2);
        assertThat(text(question)).isEqualTo("question");
        assertThat(atDealer.next().frames()).containsExactly(bytes("answer"));
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aRouterTalksToABoundDealer(String endpoint) throws Exception {
        ZmqConnection dealer = dealer().bind(endpoint).openNow();
        ZmqConnection router = router().connect(dealer.endpoint()).openNow();
        Probe atRouter = receive(router, Long.MAX_VALUE);
        Probe atDealer = receive(dealer, Long.MAX_VALUE);

        send(dealer, message("question"));
        send(router, to(atRouter.next().frame(0), "answer"));

        assertThat(atDealer.nextText()).isEqualTo("answer");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", INPROC})
    void aPeerThatBindsLateGetsWhatWasSentBefore(String kind) throws Exception {
        String endpoint = kind.equals("tcp") ? "tcp://127.0.0.1:" + freePort() : kind;
        ZmqConnection dealer = dealer().connect(endpoint).openNow();
        Mono<Void> sent = dealer.send(Flux.just(message("early"))).cache();
        sent.subscribe();
        Probe atDealer = receive(dealer, Long.MAX_VALUE);

        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqMessage early = receive(router, 1).next();
        send(router, to(early.frame(0), "late"));

        assertThat(text(early)).isEqualTo("early");
        assertThat(atDealer.nextText()).isEqualTo("late");
        sent.block(LIMIT);
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void eachOfSeveralDealersGetsItsOwnReplies(String endpoint) throws Exception {
        ZmqConnection router = router().bind(endpoint).openNow();
        router.send(router.receive().map(m -> to(m.frame(0), "re: " + text(m)))).subscribe();
        List<Probe> probes = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
            probes.add(receive(dealer, Long.MAX_VALUE));
            dealer.send(Flux.just(message("a" + i), message("b" + i))).subscribe();
        }
        for (int i = 0; i < 6; i++) {
            assertThat(probes.get(i).nextText()).isEqualTo("re: a" + i);
            assertThat(probes.get(i).nextText()).isEqualTo("re: b" + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void keepsTheOrderOfEachOfSeveralProducers(String endpoint) throws Exception {
        int producers = 4;
        int each = 5_000;
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer =
                dealer().connect(router.endpoint()).highWaterMark(50).openNow();
        Probe probe = receive(router, Long.MAX_VALUE);
        List<Mono<Void>> sends = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            String name = "p" + p;
            sends.add(dealer.send(Flux.range(0, each).map(i -> message(name, "" + i)))
                    .subscribeOn(Schedulers.boundedElastic()));
        }
        Mono.when(sends).block(LIMIT);

        Map<String, Integer> next = new HashMap<>();
        for (int i = 0; i < producers * each; i++) {
            ZmqMessage m = probe.next();
            int expected = next.merge(text(m.frame(1)), 1, Integer::sum) - 1;
            assertThat(text(m.frame(2))).isEqualTo("" + expected);
        }
        assertThat(next).hasSize(producers).allSatisfy((p, n) -> assertThat(n).isEqualTo(each));
        probe.assertNoBreaches();
    }

    // ---- frames

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void sendsWhatLiesBetweenPositionAndLimitAndMovesNoCursor(String endpoint) throws Exception {
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe probe = receive(router, Long.MAX_VALUE);
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int length : new int[] {1, 4, 300, 20_100, 3_000_000}) {
            for (boolean direct : new boolean[] {false, true}) {
                int capacity = length + 50_000;
                ByteBuffer b = direct ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
                for (int i = 0; i < capacity; i++) {
                    b.put(i, (byte) (i * 31));
                }
                buffers.add(b.slice(7, length)); // with an offset in its array, where it has one
                b.position(6).limit(6 + length);
                buffers.add(b);
                buffers.add(b.asReadOnlyBuffer());
            }
        }
        List<ByteBuffer> before = buffers.stream().map(ByteBuffer::duplicate).toList();

        dealer.sendBytes(Flux.fromIterable(buffers)).block(LIMIT);

        for (int i = 0; i < buffers.size(); i++) {
            assertThat(probe.next().frame(1)).as("buffer " + i).isEqualTo(before.get(i));
            assertThat(buffers.get(i).position()).isEqualTo(before.get(i).position());
            assertThat(buffers.get(i).limit()).isEqualTo(before.get(i).limit());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void keepsEmptyFramesAndTheNumberOfFrames(String endpoint) throws Exception {
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe probe = receive(router, Long.MAX_VALUE);

        send(dealer, message(""), message("", "a", "", "b", ""), message("", ""));

        assertThat(texts(probe.next())).containsExactly("");
        assertThat(texts(probe.next())).containsExactly("", "a", "", "b", "");
        assertThat(texts(probe.next())).containsExactly("", "");
    }

    private static List<String> texts(ZmqMessage m) {
        return m.frames().stream().skip(1).map(Probe::text).toList();
    }

    @Test
    void receivingBytesRefusesAMessageOfSeveralFrames() {
        ZmqConnection router = router().bind(INPROC).openNow();
        ZmqConnection dealer = dealer().connect(INPROC).openNow();
        send(dealer, message("a"));

        StepVerifier.create(router.receiveBytes())
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ZmqException.class).hasMessageContaining("one frame, got 2"))
                .verify(LIMIT);
    }

    // ---- demand

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void emitsNothingWithoutDemand(String endpoint) {
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        StepVerifier.Step<String> step = StepVerifier.create(router.receive().map(Probe::text), 0)
                .expectSubscription()
                .then(() -> send(dealer, message("0"), message("1"), message("2"), message("3")))
                .expectNoEvent(Duration.ofMillis(50));
        for (int i = 0; i < 4; i++) {
            step = step.thenRequest(1).expectNext("" + i).expectNoEvent(Duration.ofMillis(20));
        }
        step.thenCancel().verify(LIMIT);
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void whoSubscribesAgainAfterACancelMissesNothing(String endpoint) throws Exception {
        int total = 3_000;
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        dealer.send(Flux.range(0, total).map(i -> message("" + i))).subscribe();

        int seen = 0;
        for (int round = 0; seen < total; round++) {
            // with and without more demand than is taken: the loop has then received more than it could deliver
            int take = Math.min(1 + round % 40, total - seen);
            Flux<ZmqMessage> some = round % 2 == 0 ? router.receive().take(take) : cancelAfter(router, take);
            List<String> got = some.map(Probe::text).collectList().block(LIMIT);
            assertThat(got).hasSize(take).first().isEqualTo("" + seen);
            assertThat(got).last().isEqualTo("" + (seen + take - 1));
            seen += take;
        }
        assertThat(seen).isEqualTo(total);
    }

    /** Takes messages, but requests all of them: {@code take} would request only what it takes. */
    private static Flux<ZmqMessage> cancelAfter(ZmqConnection connection, int count) {
        AtomicLong left = new AtomicLong(count);
        return connection.receive().takeUntil(m -> left.decrementAndGet() == 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aReceiverWithoutDemandStopsTheSendersSource(String endpoint) throws Exception {
        int total = 20_000;
        AtomicLong emitted = new AtomicLong();
        ZmqConnection router =
                router().bind(endpoint).highWaterMark(10).bufferBytes(8192).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint())
                .highWaterMark(10)
                .bufferBytes(8192)
                .openNow();
        Mono<Void> sent = dealer.send(Flux.range(0, total).map(i -> {
                    emitted.incrementAndGet();
                    return ZmqMessage.of(bytes("" + i), ByteBuffer.allocate(8192));
                }))
                .cache();
        sent.subscribe();
        Probe probe = receive(router, 1);
        assertThat(text(probe.next().frame(1))).isEqualTo("0");

        long stopped = awaitStandstill(emitted);
        assertThat(stopped).as("emitted of " + total).isLessThan(total / 4);

        probe.request(Long.MAX_VALUE - 1);
        for (int i = 1; i < total; i++) {
            assertThat(text(probe.next().frame(1))).isEqualTo("" + i);
        }
        sent.block(LIMIT);
        probe.assertNoBreaches();
    }

    /** Waits until a number has not changed for a while; for at most a number of looks. */
    private static long awaitStandstill(AtomicLong number) throws InterruptedException {
        long before = -1;
        for (int look = 0; look < 50 && before != number.get(); look++) {
            before = number.get();
            assertThat(new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS)).isFalse();
        }
        assertThat(number.get()).isEqualTo(before);
        return before;
    }

    // ---- ROUTER

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aFullPeerStopsNobodyElseAndGetsEverythingWhenItReads(String endpoint) throws Exception {
        int total = 2_000;
        ZmqConnection router =
                router().bind(endpoint).highWaterMark(2).bufferBytes(8192).openNow();
        ZmqSocket socket = dealer().connect(router.endpoint()).highWaterMark(2).bufferBytes(8192);
        Probe atRouter = receive(router, Long.MAX_VALUE);
        ZmqConnection slow = socket.openNow();
        ZmqConnection quick = socket.openNow();
        ByteBuffer slowId = introduce(slow, atRouter);
        ByteBuffer quickId = introduce(quick, atRouter);
        ByteBuffer ballast = ByteBuffer.allocate(8192);
        AtomicLong emitted = new AtomicLong();
        Mono<Void> toSlow = router.send(Flux.range(0, total).map(i -> {
                    emitted.incrementAndGet();
                    return ZmqMessage.of(slowId, ballast, bytes("" + i));
                }))
                .cache();
        toSlow.subscribe();
        assertThat(awaitStandstill(emitted)).isLessThan(total);

        Probe atQuick = receive(quick, Long.MAX_VALUE);
        router.send(Flux.range(0, total).map(i -> to(quickId, "" + i))).block(LIMIT);
        for (int i = 0; i < total; i++) {
            assertThat(atQuick.nextText()).isEqualTo("" + i);
        }
        assertThat(emitted.get()).isLessThan(total);

        Probe atSlow = receive(slow, Long.MAX_VALUE);
        for (int i = 0; i < total; i++) {
            assertThat(atSlow.nextText()).isEqualTo("" + i);
        }
        toSlow.block(LIMIT);
    }

    @Test
    void aPeerThatReadsAsFastAsItGetsIsNotPacedByTheRetryTimer() throws Exception {
        int total = 20_000;
        ZmqConnection router = router().bind(TCP).highWaterMark(10).openNow();
        ZmqConnection dealer =
                dealer().connect(router.endpoint()).highWaterMark(10).openNow();
        Probe atRouter = receive(router, 1);
        ByteBuffer id = introduce(dealer, atRouter);
        Probe atDealer = receive(dealer, Long.MAX_VALUE);

        // at a retry each 10 ms, which makes room for half the mark, it would take 40 s
        router.send(Flux.range(0, total).map(i -> to(id, "" + i))).block(LIMIT);

        for (int i = 0; i < total; i++) {
            assertThat(atDealer.nextText()).isEqualTo("" + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void aMessageToAnUnknownPeerFailsItsSendAndNoOther(String endpoint) throws Exception {
        ZmqConnection router = router().bind(endpoint).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        ByteBuffer id = introduce(dealer, receive(router, 1));
        Probe atDealer = receive(dealer, Long.MAX_VALUE);
        ByteBuffer unknown = ByteBuffer.wrap(new byte[] {0, (byte) 0xca, (byte) 0xfe, 1, 2});

        StepVerifier.create(router.send(
                        Flux.just(to(id, "before"), to(unknown, "x")).concatWith(Flux.never())))
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ZmqException.class).hasMessageContaining("00cafe0102"))
                .verify(LIMIT);
        send(router, to(id, "after"));

        assertThat(atDealer.nextText()).isEqualTo("before");
        assertThat(atDealer.nextText()).isEqualTo("after");
    }

    @Test
    void aRouterRefusesAMessageThatIsOnlyARoutingId() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        ByteBuffer id = introduce(dealer().connect(INPROC).openNow(), receive(router, 1));

        StepVerifier.create(router.send(Mono.just(ZmqMessage.of(id))))
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ZmqException.class).hasMessageContaining("1 frame"))
                .verify(LIMIT);
    }

    // ---- opening

    @Test
    void anAddressInUseIsRefusedOverTcp() {
        ZmqConnection first = router().bind(TCP).openNow();

        assertThatThrownBy(() -> router().bind(first.endpoint()).openNow())
                .isInstanceOf(ZmqException.class)
                .hasMessageContaining("address in use")
                .hasMessageContaining(first.endpoint());
    }

    @Test
    void aRefusedInprocNameStaysWithItsFirstOwner() throws Exception {
        ZmqConnection first = router().bind(INPROC).openNow();
        Probe probe = receive(first, Long.MAX_VALUE);
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(router().bind(INPROC).open())
                    .expectErrorSatisfies(
                            e -> assertThat(e).isInstanceOf(ZmqException.class).hasMessageContaining("address in use"))
                    .verify(LIMIT);
            send(dealer().connect(INPROC).openNow(), message("after " + i));
            assertThat(probe.nextText()).isEqualTo("after " + i);
        }
    }

    @Test
    void anInprocNameIsFreeAgainWhenItsOwnerIsClosed() throws Exception {
        for (int i = 0; i < 20; i++) {
            ZmqConnection router = router().bind(INPROC).openNow();
            ZmqConnection dealer = dealer().connect(INPROC).openNow();
            send(dealer, message("x"));
            assertThat(receive(router, 1).nextText()).isEqualTo("x");
            dealer.dispose();
            router.dispose();
            router.onDispose().block(LIMIT);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "tcp://",
                "tcp://127.0.0.1",
                "tcp://127.0.0.1:",
                "tcp://127.0.0.1:x",
                "tcp://127.0.0.1:70000",
                "tcp://127.0.0.1:-1",
                "tcp:127.0.0.1:1",
                "udp://127.0.0.1:1",
                "inproc://",
                "inproc:// a",
                "inproc:x",
                "ipc://x",
                " tcp://127.0.0.1:1"
            })
    void aMalformedEndpointIsRefusedByName(String endpoint) {
        assertThatThrownBy(() -> ZmqSocket.dealer().bind(endpoint))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(endpoint);
        assertThatThrownBy(() -> ZmqSocket.dealer().connect(endpoint))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(endpoint);
    }

    @Test
    void refusesIpcAndAWildcardToConnectToWithTheReason() {
        assertThatThrownBy(() -> ZmqSocket.dealer().bind("ipc:///tmp/x")).hasMessageContaining("ipc is refused");
        assertThatThrownBy(() -> ZmqSocket.dealer().connect(TCP))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needs a number");
        assertThatThrownBy(() -> ZmqSocket.dealer().openNow()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aHostThatDoesNotExistFailsToOpen() {
        StepVerifier.create(dealer().connect("tcp://no-such-host.invalid:1").open())
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ZmqException.class).hasMessageContaining("no-such-host"))
                .verify(LIMIT);
    }

    @ParameterizedTest
    @ValueSource(ints = {8192, 1 << 20})
    void bufferBytesWorkOnABoundSocket(int size) throws Exception {
        ZmqConnection router = router().bind(TCP).bufferBytes(size).openNow();
        ZmqConnection dealer =
                dealer().connect(router.endpoint()).bufferBytes(size).openNow();
        ByteBuffer id = introduce(dealer, receive(router, 1));
        Probe probe = receive(dealer, Long.MAX_VALUE);

        send(router, ZmqMessage.of(id, ByteBuffer.allocate(3 << 20)));

        assertThat(probe.next().frame(0).remaining()).isEqualTo(3 << 20);
    }

    // ---- the end

    @Test
    void disposingFailsASendThatIsBlocked() {
        ZmqConnection dealer = dealer().bind(INPROC).openNow(); // without a peer a DEALER takes nothing

        StepVerifier.create(dealer.send(Flux.range(0, 1000).map(i -> message("" + i))))
                .then(dealer::dispose)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(ZmqException.class).hasMessageContaining("closed"))
                .verify(LIMIT);
    }

    @Test
    void disposingFailsASendWhoseSourceIsSilent() {
        ZmqConnection dealer = dealer().bind(INPROC).openNow();
        CountDownLatch cancelled = new CountDownLatch(1);

        StepVerifier.create(dealer.send(Flux.<ZmqMessage>never().doOnCancel(cancelled::countDown)))
                .then(dealer::dispose)
                .expectError(ZmqException.class)
                .verify(LIMIT);
        assertThat(cancelled.getCount()).isZero();
    }

    @Test
    void disposingCompletesWhatIsReceived() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        ZmqConnection dealer = dealer().connect(INPROC).openNow();
        Probe probe = receive(router, Long.MAX_VALUE);
        send(dealer, message("x"));
        probe.next();

        router.dispose();

        probe.awaitEnd();
        assertThat(probe.error).isNull();
        router.onDispose().block(LIMIT);
        assertThat(router.isDisposed()).isTrue();
        probe.assertNoBreaches();
    }

    @Test
    void disposingCompletesASendOfWhatIsReceivedAndDoesNotWaitForTheLingerTime() {
        ZmqConnection dealer = dealer().linger(Duration.ofMillis(1500))
                .connect("tcp://127.0.0.1:9")
                .openNow();
        dealer.send(Mono.just(message("never taken"))).subscribe();

        StepVerifier.create(dealer.send(dealer.receive()))
                .then(dealer::dispose)
                .expectComplete()
                .verify(LIMIT);
        StepVerifier.create(dealer.onDispose())
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(50))
                .thenCancel()
                .verify();
    }

    @Test
    void closingOverInprocDoesNotWaitForAPeerThatDoesNotRead() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        ZmqConnection dealer = dealer().connect(INPROC).openNow();
        send(dealer, message("a"), message("b"));

        dealer.dispose();
        dealer.onDispose().block(LIMIT);

        Probe probe = receive(router, Long.MAX_VALUE);
        assertThat(probe.nextText()).isEqualTo("a");
        assertThat(probe.nextText()).isEqualTo("b");
    }

    @Test
    void afterTheEndEverySendFailsAndEveryReceiveCompletes() {
        ZmqConnection dealer = dealer().bind(INPROC).openNow();
        dealer.dispose();
        dealer.onDispose().block(LIMIT);
        StepVerifier.create(dealer.send(Mono.just(message("x"))))
                .expectError(ZmqException.class)
                .verify(LIMIT);
        StepVerifier.create(dealer.receive()).expectComplete().verify(LIMIT);

        resources.dispose();
        resources.onDispose().block(LIMIT);
        StepVerifier.create(dealer.send(Mono.just(message("x"))))
                .expectError(ZmqException.class)
                .verify(LIMIT);
        StepVerifier.create(dealer.send(Mono.never()))
                .expectError(ZmqException.class)
                .verify(LIMIT);
        StepVerifier.create(dealer.receive()).expectComplete().verify(LIMIT);
        assertThatThrownBy(() -> dealer().bind(INPROC).openNow())
                .isInstanceOf(ZmqException.class)
                .hasMessageContaining("disposed");
    }

    @Test
    void onlyOneMayReceiveAtATime() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        Probe first = receive(router, 1);

        StepVerifier.create(router.receive())
                .expectError(IllegalStateException.class)
                .verify(LIMIT);

        send(dealer().connect(INPROC).openNow(), message("x"));
        assertThat(first.nextText()).isEqualTo("x");
    }

    @Test
    void theSourcesErrorEndsASendAndLeavesTheConnection() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        ZmqConnection dealer = dealer().connect(INPROC).openNow();
        Probe probe = receive(router, Long.MAX_VALUE);

        StepVerifier.create(dealer.send(Flux.just(message("a")).concatWith(Flux.error(new IOException("broken")))))
                .expectErrorMessage("broken")
                .verify(LIMIT);
        send(dealer, message("b"));

        assertThat(probe.nextText()).isEqualTo("a");
        assertThat(probe.nextText()).isEqualTo("b");
    }

    // ---- short forms

    @ParameterizedTest
    @ValueSource(strings = {TCP, INPROC})
    void theShortFormOfSendCompletesWhenThePeerCanGetEverything(String endpoint) throws Exception {
        int total = 2_000;
        ZmqConnection router = router().bind(endpoint).openNow();
        Probe probe = receive(router, Long.MAX_VALUE);
        Flux<ByteBuffer> source = Flux.range(0, total).map(i -> bytes(i + ":" + "x".repeat(2000)));

        dealer().connect(router.endpoint())
                .linger(Duration.ofSeconds(5))
                .sendBytes(source)
                .block(LIMIT);

        for (int i = 0; i < total; i++) {
            assertThat(probe.nextText()).startsWith(i + ":");
        }
    }

    @Test
    void theShortFormOfReceiveOpensForEachSubscription() {
        Flux<ZmqMessage> one = router().bind("inproc://short").receive().take(1);
        dealer().connect("inproc://short").sendBytes(Mono.just(bytes("x"))).subscribe();

        StepVerifier.create(one).expectNextCount(1).expectComplete().verify(LIMIT);
    }

    @Test
    void cancellingTheShortFormsAtAnyMomentLeavesNothingOpen() throws Exception {
        for (int i = 0; i < 100; i++) {
            int round = i;
            Flux<ZmqMessage> received = router().bind("inproc://r" + i).receive();
            Mono<Void> sent = dealer().connect("inproc://s" + i).send(Flux.never());
            List.of(received.then(), sent).forEach(m -> {
                Disposable subscription = m.subscribe();
                if (round % 2 == 0) {
                    Schedulers.boundedElastic().schedule(subscription::dispose);
                } else {
                    subscription.dispose();
                }
            });
        }
        Probe.assertReturnsTo(0, resources::openSockets);
    }
}
