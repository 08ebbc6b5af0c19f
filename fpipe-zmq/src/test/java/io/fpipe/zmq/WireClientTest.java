/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.zmq.RawPeer.Received;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** A client against a server made by hand; {@code docs/wire-format.md} is what both have to follow. */
class WireClientTest {

    private static final int OPEN = 2;
    private static final int DATA = 3;
    private static final int CREDIT = 4;
    private static final int CANCEL = 5;
    private static final int ABORT = 6;
    private static final int GOAWAY = 7;
    private static final int PING = 8;
    private static final int PONG = 9;
    private static final byte[] NOTHING = {};

    private final Rig rig = new Rig(Rig.Wiring.TCP);
    private RawPeer raw;
    private ClientExchange exchange;

    @BeforeEach
    void connect() {
        raw = new RawPeer(ZmqSocket.router().bind(rig.endpoint()).runOn(rig.resources), true);
        rig.track(raw.connection());
        exchange = rig.client(client -> client.window(4096));
        hello();
    }

    private void hello() {
        Received hello = raw.next();
        assertThat(hello.type()).isEqualTo(1);
        raw.incarnation = hello.incarnation();
        raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private Mono<String> ask(String text) {
        return Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8(text))));
    }

    /** Whatever was sent before: the next call is answered, and nothing else is left of those before. */
    private void stillCalls() {
        StepVerifier.create(ask("good"))
                .expectSubscription()
                .then(() -> {
                    Received open = raw.next();
                    while (open.type() == GOAWAY && open.incarnation() != raw.incarnation) {
                        open = raw.next(); // of an earlier client, by another connection
                    }
                    assertThat(open.type()).as("%s", open).isEqualTo(OPEN);
                    assertThat(open.text()).isEqualTo("good");
                    raw.send(DATA, RawPeer.END, open.stream(), 0, "reply");
                })
                .expectNext("reply")
                .expectComplete()
                .verify(Rig.SOON);
        rig.await("no stream is left", () -> exchange.streamCount() == 0);
    }

    private static Flux<ByteBuffer> unfinished() {
        return Flux.concat(Flux.just(Bytes.utf8("a")), Flux.never());
    }

    @Test
    void headersAreAsSpecified() {
        StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("ab"))))
                .expectSubscription()
                .then(() -> {
                    Received open = raw.next();
                    assertThat(open.head())
                            .isEqualTo("f19e010201000000"
                                    + String.format("%016x", raw.incarnation)
                                    + "0000000000000001"
                                    + "0000000000000000");
                    assertThat(open.text()).isEqualTo("ab");
                    raw.send(DATA, RawPeer.END, 1, 0, "c");
                })
                .expectNextCount(1)
                .expectComplete()
                .verify(Rig.SOON);
        StepVerifier.create(exchange.apply(Flux.empty()))
                .expectSubscription()
                .then(() -> {
                    Received open = raw.next(OPEN, 2);
                    assertThat(open.flags()).isEqualTo(RawPeer.END);
                    assertThat(open.payload()).isEmpty();
                    raw.send(DATA, RawPeer.END, 2, 0, NOTHING);
                })
                .expectComplete()
                .verify(Rig.SOON);
        stillCalls();
    }

    @Test
    void framesAreNoLargerThanTheServerTakes() {
        StepVerifier.create(exchange.apply(Flux.just(ByteBuffer.allocate(200_000))))
                .expectSubscription()
                .then(() -> {
                    assertThat(raw.next(OPEN, 1).payload()).hasSize(65536);
                    assertThat(raw.next(DATA, 1).argument()).isEqualTo(65536);
                    assertThat(raw.next(DATA, 1).argument()).isEqualTo(131072);
                    Received last = raw.next(DATA, 1);
                    assertThat(last.argument()).isEqualTo(196608);
                    assertThat(last.payload()).hasSize(200_000 - 196_608);
                    assertThat(last.flags()).isEqualTo(RawPeer.END);
                    raw.send(DATA, RawPeer.END, 1, 0, NOTHING);
                })
                .expectComplete()
                .verify(Rig.SOON);
        stillCalls();
    }

    @Test
    void strayFramesAreDropped() {
        raw.sendRaw(Bytes.utf8("hello?"));
        raw.sendRaw(ByteBuffer.allocate(0));
        raw.sendRaw(ByteBuffer.allocate(0), ByteBuffer.allocate(32));
        raw.send(99, 0, 1, 0, "a type of a later version");
        raw.send(OPEN, 0, 1, 0, "servers do not open");
        raw.send(ABORT, 0, 5, 1, "of no stream");
        raw.send(CANCEL, 0, 5, 0, NOTHING);
        raw.send(CREDIT, 0, 5, 1000, NOTHING);
        long mine = raw.incarnation;
        raw.incarnation = mine + 1;
        raw.send(DATA, 0, 5, 0, "of another connection");
        raw.send(GOAWAY, 0, 0, 0, NOTHING);
        raw.incarnation = mine;
        stillCalls();
        assertThat(raw.inboxIsEmpty()).isTrue();
    }

    @Test
    void dataOfAStreamThatIsNotThereYetIsAborted() {
        raw.send(DATA, 0, 5, 0, "x");
        raw.nextAbort(5, ZmqRemoteException.UNKNOWN_STREAM);
        stillCalls();
        raw.send(DATA, 0, 1, 0, "of one that is over");
        stillCalls();
    }

    /** The client comes back on a new connection. */
    private void beginsAnew() {
        long before = raw.incarnation;
        Received hello = raw.next();
        while (hello.type() != 1) { // what it had to say before
            hello = raw.next();
        }
        assertThat(hello.incarnation()).isNotEqualTo(before);
        raw.incarnation = hello.incarnation();
        raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
        stillCalls();
    }

    @Test
    void aServerThatCountsAnotherCreditIsBegunAnewWith() {
        StepVerifier.create(exchange.apply(unfinished()))
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(ABORT, 0, 1, ZmqRemoteException.CREDIT_EXCEEDED, "more than the credit");
                })
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(ZmqRemoteException.class)
                        .hasMessageContaining("more than the credit"))
                .verify(Rig.SOON);
        beginsAnew();
    }

    @Test
    void dataBeyondTheCreditFailsTheCallAndTheConnection() {
        StepVerifier.create(exchange.apply(unfinished()), 0)
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(DATA, 0, 1, 0, new byte[4096]);
                    raw.send(DATA, 0, 1, 4096, new byte[1]);
                })
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isExactlyInstanceOf(ZmqException.class)
                        .hasMessageContaining("more than the credit at offset 4096"))
                .verify(Rig.SOON);
        beginsAnew();
    }

    @Test
    void aGapFailsTheCall() {
        StepVerifier.create(exchange.apply(unfinished()).map(Bytes::text))
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(DATA, 0, 1, 0, "abc");
                    raw.send(DATA, 0, 1, 4, "e");
                })
                .expectNext("abc")
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isExactlyInstanceOf(ZmqException.class)
                        .hasMessageContaining("expected bytes at offset 3, got offset 4"))
                .verify(Rig.SOON);
        raw.next(CANCEL, 1);
        stillCalls();
    }

    @Test
    void bytesBehindTheEndAreIgnored() {
        StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("q"))).map(Bytes::text), 0)
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(DATA, 0, 1, 0, "a");
                    raw.send(DATA, RawPeer.END, 1, 1, "b");
                    raw.send(DATA, RawPeer.END, 1, 2, "c");
                    raw.send(ABORT, 0, 1, 1, "too late");
                })
                .then(this::stillCallsBeside)
                .thenRequest(1)
                .expectNext("a")
                .thenRequest(1)
                .expectNext("b")
                .expectComplete()
                .verify(Rig.SOON);
        stillCalls();
    }

    /** A call that comes and goes while another one is open. */
    private void stillCallsBeside() {
        Mono<String> call = ask("beside");
        StepVerifier.create(call)
                .expectSubscription()
                .then(() -> raw.send(DATA, RawPeer.END, raw.next().stream(), 0, "reply"))
                .expectNext("reply")
                .expectComplete()
                .verify(Rig.SOON);
    }

    @Test
    void anAbortFailsTheCallAheadOfWhatIsUnread() {
        CountDownLatch cancelled = new CountDownLatch(1);
        StepVerifier.create(exchange.apply(unfinished().doOnCancel(cancelled::countDown)), 0)
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(DATA, 0, 1, 0, "abc");
                    raw.send(ABORT, 0, 1, 77, "enough");
                })
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(ZmqRemoteException.class)
                        .hasMessage("enough")
                        .extracting("code")
                        .isEqualTo(77))
                .verify(Rig.SOON);
        Rig.await(cancelled);
        raw.next(CANCEL, 1); // the server hears how the request ends
        stillCalls();
    }

    @Test
    void creditThatDoesNotGrowIsIgnored() {
        StepVerifier.create(exchange.apply(Bytes.endless(1 << 16)))
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    for (int i = 1; i < 16; i++) {
                        assertThat(raw.next(DATA, 1).argument()).isEqualTo(i * 65536L);
                    }
                    raw.send(CREDIT, 0, 1, 1000, NOTHING);
                    raw.send(CREDIT, 0, 1, -1, NOTHING);
                    raw.send(CREDIT, 0, 1, 1 << 20, NOTHING);
                    raw.send(CREDIT, 0, 1, (1 << 20) + 256, NOTHING);
                    Received data = raw.next(DATA, 1);
                    assertThat(data.argument()).isEqualTo(1 << 20);
                    assertThat(data.payload()).hasSize(256);
                    raw.send(DATA, RawPeer.END, 1, 0, NOTHING);
                })
                .expectComplete()
                .verify(Rig.SOON);
        raw.next(CANCEL, 1);
        stillCalls();
    }

    @Test
    void theServersCancelIsAnsweredAndTheCallCanStillBeGivenUp() {
        CountDownLatch cancelled = new CountDownLatch(1);
        StepVerifier.create(exchange.apply(unfinished().doOnCancel(cancelled::countDown))
                        .map(Bytes::text))
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(CANCEL, 0, 1, 0, NOTHING);
                    raw.nextAbort(1, ZmqRemoteException.CANCELLED);
                    raw.send(CANCEL, 0, 1, 0, NOTHING);
                    raw.send(DATA, 0, 1, 0, "reply");
                })
                .expectNext("reply")
                .thenCancel()
                .verify(Rig.SOON);
        Rig.await(cancelled);
        raw.next(CANCEL, 1);
        stillCalls();
    }

    @Test
    void aSourceThatFailsIsAnAbort() {
        StepVerifier.create(exchange.apply(Flux.concat(
                        Flux.just(Bytes.utf8("a")),
                        Mono.delay(Duration.ofMillis(20)).then(Mono.error(new IllegalStateException("broken"))))))
                .expectErrorMessage("broken")
                .verify(Rig.SOON);
        raw.next(OPEN, 1);
        Received abort = raw.next(ABORT, 1);
        assertThat(abort.argument()).isEqualTo(ZmqRemoteException.FAILED);
        assertThat(abort.text()).isEqualTo("broken");
        stillCalls();
    }

    @Test
    void goawayFailsTheCallsAndTheNextConnectionHasANewIncarnation() {
        long before = raw.incarnation;
        StepVerifier.create(exchange.apply(unfinished()))
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(GOAWAY, 0, 0, 0, NOTHING);
                })
                .expectError(ZmqDisconnectedException.class)
                .verify(Rig.SOON);
        hello();
        assertThat(raw.incarnation).isNotEqualTo(before);
        stillCalls();
    }

    @Test
    void aHelloThatMakesNoSenseIsNone() {
        ClientExchange other = rig.client(client -> client.requestTimeout(Duration.ofMillis(300)));
        raw.incarnation = raw.next().incarnation();
        raw.send(1, 0, 0, 4095, new byte[] {0, 1, 0, 0});
        raw.send(1, 0, 0, 4096, new byte[] {0, 0, 0, 1});
        raw.send(1, 0, 0, 4096, NOTHING);
        StepVerifier.create(other.apply(Flux.empty()))
                .expectError(TimeoutException.class)
                .verify(Rig.SOON);
        assertThat(raw.inboxIsEmpty()).isTrue();
    }

    @Test
    void anotherHelloChangesNothing() {
        raw.send(1, 0, 0, 4096, new byte[] {0, 0, 1, 0});
        raw.send(PING, 0, 0, 7, NOTHING);
        assertThat(raw.next().type()).isEqualTo(PONG);
        StepVerifier.create(exchange.apply(Flux.just(ByteBuffer.allocate(100_000))))
                .expectSubscription()
                .then(() -> {
                    assertThat(raw.next(OPEN, 1).payload()).hasSize(65536);
                    assertThat(raw.next(DATA, 1).payload()).hasSize(100_000 - 65536);
                    raw.send(DATA, RawPeer.END, 1, 0, NOTHING);
                })
                .expectComplete()
                .verify(Rig.SOON);
        stillCalls();
    }

    @Test
    void anAbortBehindTheEndIsIgnored() {
        StepVerifier.create(exchange.apply(Flux.just(Bytes.utf8("a"))), 0)
                .expectSubscription()
                .then(() -> {
                    raw.next(OPEN, 1);
                    raw.send(DATA, RawPeer.END, 1, 0, "reply");
                    raw.send(ABORT, 0, 1, ZmqRemoteException.CREDIT_EXCEEDED, "late");
                    raw.send(PING, 0, 0, 7, NOTHING);
                    assertThat(raw.next().type()).isEqualTo(PONG);
                })
                .thenRequest(1)
                .expectNextCount(1)
                .expectComplete()
                .verify(Rig.SOON);
        stillCalls();
    }

    @Test
    void dataThatSaysNothingIsNoSignOfLife() {
        ClientExchange impatient = rig.client(client -> client.requestTimeout(Duration.ofMillis(300)));
        hello();
        Mono<String> call =
                Bytes.joinText(impatient.apply(Flux.just(Bytes.utf8("a")))).cache();
        call.subscribe(text -> {}, ex -> {});
        raw.next(OPEN, 1);
        for (int i = 0; i < 10; i++) {
            raw.send(DATA, 0, 1, 0, NOTHING);
            try {
                call.block(Duration.ofMillis(60));
            } catch (RuntimeException ex) {
                if (ex.getCause() instanceof TimeoutException late
                        && String.valueOf(late.getMessage()).contains("no reply")) {
                    return;
                }
            }
        }
        throw new AssertionError("the call goes on");
    }

    /** Or each would be copied into a frame with the end of the one before it. */
    @Test
    void longBuffersBehindAShortOneAreSentAsTheyAre() {
        byte[] block = Bytes.random(1 << 16, 5);
        exchange.apply(Flux.just(Bytes.utf8("head"), ByteBuffer.wrap(block), ByteBuffer.wrap(block)))
                .subscribe();
        assertThat(raw.next(OPEN, 1).text()).isEqualTo("head");
        for (int i = 0; i < 2; i++) {
            Received next = raw.next(DATA, 1);
            assertThat(next.parts()).isEqualTo(2);
            assertThat(next.argument()).isEqualTo(4 + i * (1 << 16));
            assertThat(next.flags()).isEqualTo(i == 1 ? RawPeer.END : 0);
            assertThat(next.payload()).isEqualTo(block);
        }
    }

    @Test
    void survivesWhateverIsSent() {
        Random random = new Random(43);
        // calls that wait for replies meanwhile; each ends somehow when the exchange is disposed
        for (int i = 0; i < 50; i++) {
            exchange.apply(unfinished()).subscribe(buffer -> {}, ex -> {});
        }
        for (int i = 0; i < 20_000; i++) {
            raw.greet(); // one that happens to be a GOAWAY makes the client come back as another peer
            long mine = raw.incarnation;
            ByteBuffer[] good = {
                RawPeer.frame(DATA, 0, mine, 1, 0, new byte[100]),
                RawPeer.frame(DATA, RawPeer.END, mine, 1, 100, new byte[3]),
                RawPeer.frame(CREDIT, 0, mine, 1, 100_000, NOTHING),
                RawPeer.frame(CANCEL, 0, mine, 1, 0, NOTHING),
                RawPeer.frame(ABORT, 0, mine, 2, 1, new byte[] {65})
            };
            raw.offer(WireServerTest.fuzz(good, random).frame(0));
        }
        exchange.dispose();
        exchange.onDispose().block(Rig.SOON);
        rig.await("no call is left", () -> exchange.streamCount() == 0);
        exchange = rig.client(client -> client.window(8888));
        Received hello = raw.next();
        while (hello.type() != 1 || hello.argument() != 8888) {
            hello = raw.next();
        }
        raw.incarnation = hello.incarnation();
        raw.routingId = hello.from(); // not that of whoever was read last
        raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
        stillCalls();
    }
}
