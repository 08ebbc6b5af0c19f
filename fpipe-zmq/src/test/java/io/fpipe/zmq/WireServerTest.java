/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** A server against a client made by hand; {@code docs/wire-format.md} is what both have to follow. */
class WireServerTest {

    private static final int HELLO = 1;
    private static final int OPEN = 2;
    private static final int DATA = 3;
    private static final int CREDIT = 4;
    private static final int CANCEL = 5;
    private static final int ABORT = 6;
    private static final int GOAWAY = 7;
    private static final int PING = 8;
    private static final int PONG = 9;
    private static final byte[] NOTHING = {};

    private final Rig rig = new Rig(Wiring.TCP);
    private volatile Stage handler = Stage.identity();
    private ZmqBinding server;
    private RawPeer raw;

    @BeforeEach
    void serve() {
        server = rig.serve(bytes -> handler.apply(bytes), s -> s.window(4096));
        raw = connect();
    }

    private RawPeer connect() {
        RawPeer peer = new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
        rig.track(peer.connection());
        return peer;
    }

    @AfterEach
    void close() {
        rig.close();
    }

    /** Whatever was sent before: the server answers this peer and others. */
    private void stillServes(RawPeer peer) {
        handler = Stage.identity();
        peer.send(OPEN, RawPeer.END, 9999, 0, "good");
        RawPeer.Received data = peer.next(DATA, 9999);
        assertThat(data.text()).isEqualTo("good");
        if (data.flags() == 0) {
            assertThat(peer.next(DATA, 9999).flags()).isEqualTo(RawPeer.END);
        }
        ClientExchange good = rig.client();
        assertThat(Bytes.joinText(good.apply(Flux.just(Bytes.utf8("good")))).block(Rig.SOON))
                .isEqualTo("good");
        rig.awaitNoStreams(good, server);
        good.dispose();
    }

    @Test
    void headersAreAsSpecified() {
        raw.sendRaw(ByteBuffer.wrap(java.util.HexFormat.of()
                .parseHex("f19e010100000000" + "0102030405060708" + "0000000000000000" + "0000000000002000"
                        + "00010000")));
        RawPeer.Received hello = raw.next();
        assertThat(hello.head())
                .isEqualTo("f19e010100000000" + "0102030405060708" + "0000000000000000" + "0000000000001000");
        assertThat(hello.payload()).isEqualTo(new byte[] {0, 1, 0, 0});

        raw.sendRaw(ByteBuffer.wrap(java.util.HexFormat.of()
                .parseHex("f19e010200000000" + "0102030405060708" + "0000000000000001" + "0000000000000013"
                        + "0100026869" + "02000800000000000003e8" + "ff0000" + "61")));
        RawPeer.Received data = raw.next();
        assertThat(data.head())
                .isEqualTo("f19e010300000000" + "0102030405060708" + "0000000000000001" + "0000000000000000");
        assertThat(data.text()).isEqualTo("a");

        raw.sendRaw(ByteBuffer.wrap(java.util.HexFormat.of()
                .parseHex("f19e010301000000" + "0102030405060708" + "0000000000000001" + "0000000000000001" + "62")));
        RawPeer.Received more = raw.next();
        assertThat(more.head())
                .startsWith("f19e0103")
                .endsWith("0102030405060708" + "0000000000000001" + "0000000000000001");
        assertThat(more.text()).isEqualTo("b");
    }

    @Test
    void aHelloWithTheReservedIncarnationIsNotAnswered() {
        raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0}); // incarnation 0
        raw.incarnation = 7;
        raw.send(1, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});

        assertThat(raw.next(1, 0).incarnation()).isEqualTo(7);
        stillServes(raw);
    }

    @Test
    void dataOfWhatCannotBeAStreamIsIgnored() {
        raw.hello(7, 1 << 20);
        raw.send(DATA, 0, 0, 0, "nothing");
        raw.send(DATA, RawPeer.END, 0, 0, "nothing");
        raw.send(DATA, 0, -1, 0, "nothing");
        raw.send(PING, 0, 0, 5, NOTHING);

        assertThat(raw.next().type()).isEqualTo(PONG);
        stillServes(raw);
    }

    @Test
    void aPayloadMayBeAPartOfItsOwn() {
        raw.hello(7, 1 << 20);
        byte[] large = Bytes.random(2000, 1);
        raw.sendRaw(RawPeer.frame(OPEN, RawPeer.END, 7, 1, 0, NOTHING), ByteBuffer.wrap(large));
        RawPeer.Received reply = raw.next(DATA, 1);
        assertThat(reply.parts()).isEqualTo(1);
        assertThat(reply.payload()).isEqualTo(large);

        handler = bytes -> Flux.just(ByteBuffer.wrap(Bytes.random(20_000, 2)));
        raw.sendRaw(RawPeer.frame(OPEN, RawPeer.END, 7, 2, 0, NOTHING), ByteBuffer.allocate(0));
        raw.clearInbox();
        RawPeer.Received separate = raw.next(DATA, 2);
        assertThat(separate.parts()).isEqualTo(2);
        assertThat(separate.payload()).isEqualTo(Bytes.random(20_000, 2));
        assertThat(separate.flags()).isEqualTo(RawPeer.END);
    }

    @Test
    void whatIsNoFrameIsDropped() {
        raw.hello(7, 1 << 20);
        raw.sendRaw(Bytes.utf8("hello?"));
        raw.sendRaw(ByteBuffer.allocate(0));
        raw.sendRaw(ByteBuffer.allocate(32));
        raw.sendRaw(RawPeer.frame(OPEN, 0, 7, 1, 0, NOTHING).slice(0, 31));
        raw.sendRaw(RawPeer.frame(OPEN, 0, 7, 1, 0, NOTHING).put(0, (byte) 0));
        raw.sendRaw(RawPeer.frame(OPEN, 0, 7, 1, 0, NOTHING).put(2, (byte) 2));
        raw.sendRaw(RawPeer.frame(OPEN, 0, 7, 1, 0, new byte[] {1}), Bytes.utf8("x"));
        raw.sendRaw(RawPeer.frame(OPEN, 0, 7, 1, 0, NOTHING), Bytes.utf8("x"), Bytes.utf8("y"));
        raw.send(99, 0, 1, 0, "a type of a later version");
        raw.send(-1, -1, -1, -1, "and another one");
        stillServes(raw);
        assertThat(raw.inboxIsEmpty()).isTrue();
    }

    @Test
    void dataOfNoOpenStreamIsAborted() {
        raw.hello(7, 1 << 20);
        raw.send(DATA, 0, 5, 0, "x");
        raw.nextAbort(5, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(CREDIT, 0, 5, 1000, NOTHING);
        raw.send(CANCEL, 0, 5, 0, NOTHING);
        raw.send(6, 0, 5, 1, "x");
        stillServes(raw);
    }

    @Test
    void aBoundedNumberOfSuchDataIsAnswered() {
        raw.hello(7, 1 << 20);
        for (int i = 0; i < 1500; i++) {
            raw.send(DATA, 0, 5, 0, "x");
        }
        for (int i = 0; i < 1024; i++) {
            raw.nextAbort(5, ZmqRemoteException.UNKNOWN_STREAM);
        }
        stillServes(raw);
    }

    @Test
    void aGapIsAborted() {
        raw.hello(7, 1 << 20);
        CountDownLatch cancelled = new CountDownLatch(1);
        handler = bytes -> bytes.doOnCancel(cancelled::countDown);
        raw.send(OPEN, 0, 1, 0, "abc");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("abc");
        raw.send(DATA, 0, 1, 4, "e");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(DATA, 0, 1, 3, "d");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        stillServes(raw);
    }

    @Test
    void moreThanTheCreditIsAborted() {
        raw.hello(7, 1 << 20);
        CountDownLatch cancelled = new CountDownLatch(2);
        handler = bytes -> Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
        raw.send(OPEN, 0, 1, 0, new byte[4096]);
        raw.send(DATA, 0, 1, 4096, new byte[1]);
        raw.nextAbort(1, ZmqRemoteException.CREDIT_EXCEEDED);
        raw.send(OPEN, 0, 2, 0, NOTHING);
        for (int i = 0; i < 16; i++) { // each costs 256
            raw.send(DATA, 0, 2, i, new byte[1]);
        }
        raw.send(DATA, 0, 2, 16, NOTHING); // which costs nothing
        raw.send(DATA, 0, 2, 16, new byte[1]);
        raw.nextAbort(2, ZmqRemoteException.CREDIT_EXCEEDED);
        Rig.await(cancelled);
        handler = bytes -> {
            throw new AssertionError("not to be called");
        };
        raw.send(OPEN, 0, 3, 0, new byte[4097]);
        raw.nextAbort(3, ZmqRemoteException.CREDIT_EXCEEDED);
        stillServes(raw);
    }

    @Test
    void nothingIsServedWithoutHello() {
        raw.incarnation = 7;
        raw.send(OPEN, 0, 1, 0, "x");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(DATA, 0, 1, 1, "x");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(CANCEL, 0, 1, 0, NOTHING);
        raw.hello(7, 1 << 20);
        raw.incarnation = 8; // of an earlier connection
        raw.send(OPEN, 0, 1, 0, "x");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.incarnation = 7;
        stillServes(raw);
    }

    @Test
    void aHelloThatMakesNoSenseIsNotAnswered() {
        raw.incarnation = 7;
        raw.send(HELLO, 0, 0, 4095, new byte[] {0, 1, 0, 0});
        raw.send(HELLO, 0, 0, -1, new byte[] {0, 1, 0, 0});
        raw.send(HELLO, 0, 0, 4096, new byte[] {0, 0, 0, -1});
        raw.send(HELLO, 0, 0, 4096, new byte[] {-1, 0, 0, 0});
        raw.send(HELLO, 0, 0, 4096, new byte[] {0, 1, 0});
        raw.hello(7, Long.MAX_VALUE);
        assertThat(raw.inboxIsEmpty()).isTrue();
        stillServes(raw);
    }

    @Test
    void theSameHelloAgainChangesNothingAndAnotherOneEndsAll() {
        raw.hello(7, 1 << 20);
        CountDownLatch cancelled = new CountDownLatch(1);
        handler = bytes -> bytes.doFinally(signal -> cancelled.countDown());
        raw.send(OPEN, 0, 1, 0, "a");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("a");
        raw.hello(7, 1 << 20);
        raw.send(DATA, 0, 1, 1, "b");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("b");
        raw.sendRaw(RawPeer.frame(HELLO, 0, 8, 0, 100, new byte[] {0, 1, 0, 0})); // makes no sense
        raw.send(DATA, 0, 1, 2, "c");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("c");
        raw.hello(8, 1 << 20);
        Rig.await(cancelled);
        stillServes(raw);
    }

    @Test
    void anOpenThatCannotBeIsAbortedAndTheStreamStays() {
        raw.hello(7, 1 << 20);
        raw.send(OPEN, 0, 1, 0, "a");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("a");
        raw.send(OPEN, 0, 1, 0, "again");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 2, 2, "x");
        raw.nextAbort(2, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 2, -1, "x");
        raw.nextAbort(2, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 2, 0xFFFFFFFF_00000000L, "x");
        raw.nextAbort(2, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 2, Long.MAX_VALUE, "x");
        raw.nextAbort(2, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(OPEN, 0, 0, 0, "x");
        raw.nextAbort(0, ZmqRemoteException.UNKNOWN_STREAM);
        raw.send(DATA, RawPeer.END, 1, 1, "b");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("b");
        assertThat(raw.next(DATA, 1).flags()).isEqualTo(RawPeer.END);
        stillServes(raw);
    }

    @Test
    void bytesBehindTheEndAreIgnored() {
        raw.hello(7, 1 << 20);
        CountDownLatch go = new CountDownLatch(1);
        handler = bytes -> bytes.delaySubscription(
                Mono.fromRunnable(() -> Rig.await(go)).subscribeOn(Schedulers.boundedElastic()));
        raw.send(OPEN, 0, 1, 0, "all");
        raw.send(DATA, RawPeer.END, 1, 3, "!");
        raw.send(DATA, 0, 1, 4, "more");
        raw.send(DATA, RawPeer.END, 1, 4, "more");
        raw.hello(7, 1 << 20); // answered when all that was sent before has arrived
        go.countDown();
        StringBuilder reply = new StringBuilder();
        for (boolean end = false; !end; ) {
            RawPeer.Received data = raw.next(DATA, 1);
            reply.append(data.text());
            end = data.flags() == RawPeer.END;
        }
        assertThat(reply.toString()).isEqualTo("all!");
        stillServes(raw);
    }

    @Test
    void credit() {
        raw.hello(7, 4096);
        handler = bytes -> Bytes.endless(5000);
        raw.send(OPEN, RawPeer.END, 1, 0, NOTHING);
        assertThat(raw.next(DATA, 1).payload()).hasSize(4096);
        raw.send(CREDIT, 0, 1, 4096, NOTHING);
        raw.send(CREDIT, 0, 1, 0, NOTHING);
        raw.send(CREDIT, 0, 1, -5, NOTHING);
        raw.send(CREDIT, 0, 1, 4096 + 255, NOTHING);
        raw.send(CREDIT, 0, 1, 4096 + 256, NOTHING);
        RawPeer.Received data = raw.next(DATA, 1);
        assertThat(data.argument()).isEqualTo(4096);
        assertThat(data.payload()).hasSize(256);
        raw.send(CREDIT, 0, 1, 4096 + 1000, NOTHING); // decreases, as it were
        raw.send(CREDIT, 0, 1, 4096 + 100, NOTHING);
        assertThat(raw.next(DATA, 1).payload()).hasSize(1000 - 256);
        raw.send(CANCEL, 0, 1, 0, NOTHING);
        stillServes(raw);
    }

    @Test
    void smallFramesCostMoreThanTheirLength() {
        raw.hello(7, 4096);
        Sinks.Many<ByteBuffer> reply = Sinks.many().unicast().onBackpressureBuffer();
        handler = bytes -> reply.asFlux();
        raw.send(OPEN, RawPeer.END, 1, 0, NOTHING);
        for (int i = 0; i < 4096 / 256; i++) {
            reply.tryEmitNext(Bytes.utf8("x")).orThrow();
            assertThat(raw.next(DATA, 1).text()).isEqualTo("x");
        }
        reply.tryEmitNext(Bytes.utf8("y")).orThrow();
        reply.tryEmitNext(Bytes.utf8("z")).orThrow();
        raw.hello(7, 4096); // answered, so nothing else came
        raw.send(CREDIT, 0, 1, 4096 + 256, NOTHING);
        assertThat(raw.next(DATA, 1).text()).isEqualTo("yz");
        raw.send(CANCEL, 0, 1, 0, NOTHING);
        stillServes(raw);
    }

    @Test
    void creditIsGrantedForWhatIsRead() {
        raw.hello(7, 1 << 20);
        handler = bytes -> bytes.thenMany(Flux.empty());
        raw.send(OPEN, 0, 1, 0, new byte[2000]);
        raw.send(DATA, 0, 1, 2000, new byte[10]);
        RawPeer.Received credit = raw.next(CREDIT, 1);
        assertThat(credit.argument()).isEqualTo(4096 + 2000 + 256);
        assertThat(ByteBuffer.wrap(credit.payload()).getLong()).isEqualTo(2010);
        raw.send(DATA, RawPeer.END, 1, 2010, new byte[4000]);
        assertThat(raw.next(DATA, 1).flags()).isEqualTo(RawPeer.END);
        stillServes(raw);
    }

    @Test
    void theServersCancelIsAnsweredByAnAbortAndTheReplyGoesOn() {
        raw.hello(7, 1 << 20);
        handler = bytes -> bytes.take(1).concatWith(Flux.just(Bytes.utf8("b")));
        raw.send(OPEN, 0, 1, 0, "a");
        assertThat(raw.next(CANCEL, 1).payload()).isEmpty();
        raw.send(6, 0, 1, ZmqRemoteException.CANCELLED, NOTHING);
        StringBuilder reply = new StringBuilder();
        for (boolean end = false; !end; ) {
            RawPeer.Received data = raw.next(DATA, 1);
            reply.append(data.text());
            end = data.flags() == RawPeer.END;
        }
        assertThat(reply.toString()).isEqualTo("ab");
        stillServes(raw);
    }

    @Test
    void aFailedHandlerIsAnAbortWithItsText() {
        raw.hello(7, 1 << 20);
        handler = bytes -> Flux.error(new IllegalStateException("naïve"));
        raw.send(OPEN, RawPeer.END, 1, 0, NOTHING);
        RawPeer.Received abort = raw.next(6, 1);
        assertThat(abort.argument()).isEqualTo(1);
        assertThat(abort.text()).isEqualTo("naïve");
        handler = bytes -> Flux.error(new IllegalStateException("x".repeat(5000)));
        raw.send(OPEN, RawPeer.END, 2, 0, NOTHING);
        assertThat(raw.next(6, 2).payload()).hasSize(1024);
        stillServes(raw);
    }

    private static byte[] hex(String digits) {
        return java.util.HexFormat.of().parseHex(digits);
    }

    @Test
    void metadataThatCannotBeReadIsRefused() {
        raw.hello(7, 1 << 20);
        handler = bytes -> {
            throw new AssertionError("not to be called");
        };
        raw.send(OPEN, 0, 1, 2, "xyz");
        raw.nextAbort(1, ZmqRemoteException.MALFORMED);
        raw.send(OPEN, RawPeer.END, 2, 3, hex("010000"));
        raw.nextAbort(2, ZmqRemoteException.MALFORMED);
        raw.send(OPEN, RawPeer.END, 3, 16_385, new byte[16_385]);
        raw.nextAbort(3, ZmqRemoteException.MALFORMED);
        stillServes(raw);
    }

    @Test
    void aReplyThatIsNotWantedIsAnEnd() {
        raw.hello(7, 1 << 20);
        raw.send(OPEN, RawPeer.END | 2, 1, 0, "x");
        RawPeer.Received end = raw.next(DATA, 1);
        assertThat(end.flags()).isEqualTo(RawPeer.END);
        assertThat(end.payload()).isEmpty();
        stillServes(raw);
    }

    @Test
    void theServerEnforcesTheDeadline() {
        raw.hello(7, 1 << 20);
        CountDownLatch cancelled = new CountDownLatch(2);
        handler = bytes -> Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
        raw.send(OPEN, 0, 1, 11, hex("0200080000000000000000"));
        raw.nextAbort(1, ZmqRemoteException.DEADLINE_EXCEEDED);
        raw.send(OPEN, 0, 2, 11, hex("0200080000000000000050"));
        raw.send(OPEN, 0, 3, 11, hex("0200087fffffffffffffff"));
        raw.nextAbort(2, ZmqRemoteException.DEADLINE_EXCEEDED);
        raw.send(CANCEL, 0, 3, 0, NOTHING);
        Rig.await(cancelled);
        stillServes(raw);
    }

    @Test
    void aHelloOfALaterVersionIsAnsweredInThisOne() {
        raw.sendRaw(RawPeer.frame(HELLO, 0, 7, 0, 1 << 20, new byte[] {0, 1, 0, 0, 9, 9})
                .put(2, (byte) 2));
        assertThat(raw.next().head()).startsWith("f19e0101");
        raw.sendRaw(
                RawPeer.frame(HELLO, 0, 7, 0, 1 << 20, new byte[] {0, 1, 0, 0}).put(2, (byte) 200));
        assertThat(raw.next().head()).startsWith("f19e0101");
        raw.incarnation = 7;
        stillServes(raw);
    }

    private static final class SilentException extends RuntimeException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    @Test
    void anErrorThatCannotSayWhatItIsIsAnAbort() {
        raw.hello(7, 1 << 20);
        handler = bytes -> Flux.error(new SilentException());
        raw.send(OPEN, RawPeer.END, 1, 0, "x");
        raw.nextAbort(1, ZmqRemoteException.FAILED);
        handler = bytes -> bytes.thenMany(Flux.error(new SilentException()));
        raw.send(OPEN, 0, 2, 0, "x");
        raw.send(DATA, RawPeer.END, 2, 1, NOTHING);
        raw.nextAbort(2, ZmqRemoteException.FAILED);
        stillServes(raw);
    }

    @Test
    void goawayEndsTheStreamsOfItsIncarnationOnly() {
        raw.hello(7, 1 << 20);
        CountDownLatch ended = new CountDownLatch(1);
        handler = bytes -> bytes.doFinally(signal -> ended.countDown());
        raw.send(OPEN, 0, 1, 0, "a");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("a");
        raw.incarnation = 6;
        raw.send(GOAWAY, 0, 0, 0, NOTHING);
        raw.incarnation = 7;
        raw.send(DATA, 0, 1, 1, "b");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("b");
        raw.send(GOAWAY, 0, 0, 0, NOTHING);
        Rig.await(ended);
        raw.send(DATA, 0, 1, 2, "c");
        raw.nextAbort(1, ZmqRemoteException.UNKNOWN_STREAM);
        raw.hello(8, 1 << 20);
        stillServes(raw);
    }

    @Test
    void aDisposedServerSaysGoaway() {
        raw.hello(7, 1 << 20);
        server.dispose();
        RawPeer.Received goaway = raw.next(GOAWAY, 0);
        assertThat(goaway.payload()).isEmpty();
    }

    @Test
    void aServerThatShutsDownSaysSoAndRefusesCalls() {
        raw.hello(7, 1 << 20);
        raw.send(OPEN, 0, 1, 0, "a");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("a");
        server.shutdownGracefully(java.time.Duration.ofSeconds(30)).subscribe();
        assertThat(raw.next(GOAWAY, 0).argument()).isEqualTo(1);
        raw.send(OPEN, RawPeer.END, 2, 0, "x");
        raw.nextAbort(2, ZmqRemoteException.SHUTTING_DOWN);
        RawPeer late = connect();
        late.hello(8, 1 << 20);
        assertThat(late.next(GOAWAY, 0).argument()).isEqualTo(1);
        raw.send(DATA, RawPeer.END, 1, 1, "b");
        assertThat(raw.next(DATA, 1).text()).isEqualTo("b");
        assertThat(raw.next(DATA, 1).flags()).isEqualTo(RawPeer.END);
        assertThat(raw.next(GOAWAY, 0).argument()).isZero();
        server.onDispose().block(Rig.SOON);
    }

    @Test
    void whoBreaksTheProtocolAgainAndAgainIsCutOffAndNobodyElse() {
        RawPeer other = connect();
        other.hello(8, 1 << 20);
        raw.hello(7, 1 << 20);
        CountDownLatch cancelled = new CountDownLatch(1);
        handler = bytes -> Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown);
        raw.send(OPEN, 0, 1, 0, "a");
        for (int i = 0; i < 17; i++) {
            raw.send(OPEN, 0, 0, 0, "x");
            raw.nextAbort(0, ZmqRemoteException.UNKNOWN_STREAM);
        }
        assertThat(raw.next(GOAWAY, 0).argument()).isZero();
        Rig.await(cancelled);
        raw.send(OPEN, 0, 2, 0, "x");
        raw.send(HELLO, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
        raw.incarnation = 0;
        raw.send(GOAWAY, 0, 0, 0, NOTHING); // it is not for a peer to say that it is gone
        raw.incarnation = 9;
        raw.send(HELLO, 0, 0, 1 << 20, new byte[] {0, 1, 0, 0});
        stillServes(other);
        assertThat(raw.inboxIsEmpty()).isTrue();
        RawPeer again = connect();
        again.hello(10, 1 << 20);
        stillServes(again);
    }

    @Test
    void aServerThatConnectsConnectsAnewWhenItHasCutOffItsClient() {
        RawPeer bound = new RawPeer(ZmqSocket.dealer().bind("tcp://127.0.0.1:*").runOn(rig.resources), false);
        rig.track(bound.connection());
        rig.serve(Stage.identity(), s -> ZmqServer.create().runOn(rig.resources).connect(bound.endpoint()));
        assertThat(bound.next().type()).isEqualTo(GOAWAY); // it has connected
        bound.hello(7, 1 << 20);
        for (int i = 0; i < 17; i++) {
            bound.send(OPEN, 0, 0, 0, "x");
            bound.nextAbort(0, ZmqRemoteException.UNKNOWN_STREAM);
        }
        assertThat(bound.next(GOAWAY, 0).argument()).isZero();
        assertThat(bound.next().head()).endsWith("0".repeat(16) + "0".repeat(16)); // it has connected again
        bound.hello(8, 1 << 20);
        bound.send(OPEN, RawPeer.END, 1, 0, "good");
        assertThat(bound.next(DATA, 1).text()).isEqualTo("good");
    }

    @Test
    void aFloodFromWhoWasCutOffMakesTheServerBindAnew() {
        raw.hello(7, 1 << 20);
        ClientExchange good = rig.client();
        assertThat(Bytes.joinText(good.apply(Flux.just(Bytes.utf8("x")))).block(Rig.SOON))
                .isEqualTo("x");
        handler = bytes -> Flux.never();
        Mono<String> call = Bytes.joinText(good.apply(Flux.just(Bytes.utf8("x"))));
        ZmqMessage wrong = ZmqMessage.of(RawPeer.frame(OPEN, 0, 7, 0, 0, NOTHING));
        reactor.test.StepVerifier.create(call)
                .expectSubscription()
                .then(() -> raw.connection()
                        .send(Flux.range(0, 1_000_100).map(i -> wrong))
                        .block(java.time.Duration.ofSeconds(60)))
                .expectError(ZmqDisconnectedException.class)
                .verify(java.time.Duration.ofSeconds(60));
        handler = Stage.identity();
        assertThat(Bytes.joinText(good.apply(Flux.just(Bytes.utf8("again")))).block(Rig.SOON))
                .isEqualTo("again");
        assertThat(server.isDisposed()).isFalse();
    }

    @Test
    void aPeerThatGoesAndComesBackOnTheSameConnectionKeepsItsCount() {
        for (int i = 0; i < 16; i++) {
            raw.hello(7 + i, 1 << 20);
            raw.send(OPEN, 0, 0, 0, "x");
            raw.nextAbort(0, ZmqRemoteException.UNKNOWN_STREAM);
            if (i % 2 == 0) {
                raw.send(GOAWAY, 0, 0, 0, NOTHING);
            }
        }
        raw.hello(99, 1 << 20);
        raw.send(OPEN, 0, 0, 0, "x");
        raw.nextAbort(0, ZmqRemoteException.UNKNOWN_STREAM);
        raw.next(GOAWAY, 0);
    }

    @Test
    void answersThatNobodyAcknowledgesAreBounded() {
        raw.hello(7, 1 << 20);
        ZmqMessage ping = ZmqMessage.of(RawPeer.frame(8, 0, 7, 0, 5, NOTHING));
        raw.connection().send(Flux.range(0, 70_000).map(i -> ping)).block(Rig.SOON);
        int pongs = 0;
        int pings = 0;
        RawPeer.Received next = raw.next();
        for (; next.type() != GOAWAY; next = raw.next()) {
            pongs += next.type() == 9 ? 1 : 0;
            pings += next.type() == 8 ? 1 : 0;
        }
        assertThat(pongs).isEqualTo((1 << 16) - 1); // and the hello
        assertThat(pings).isPositive();
        RawPeer good = connect();
        good.hello(8, 1 << 20);
        stillServes(good);
    }

    private RawPeer.Received lastPing;

    /** How many bytes come until the server waits; answers no ping, but keeps the last. */
    private long bytesUntilAPauseAfter(long expected) {
        long bytes = 0;
        while (bytes < expected) {
            RawPeer.Received next = raw.next();
            if (next.type() == 8) {
                lastPing = next;
            } else {
                bytes += next.body().remaining();
            }
        }
        rig.settle();
        for (RawPeer.Received next = raw.poll(); next != null; next = raw.poll()) {
            bytes += next.type() == DATA ? next.body().remaining() : 0;
            lastPing = next.type() == 8 ? next : lastPing;
        }
        lastPing = lastPing == null ? raw.next(8) : lastPing;
        return bytes;
    }

    private void askForAnEndlessReply() {
        raw.hello(7, Integer.MAX_VALUE);
        handler = bytes -> Bytes.endless(1 << 16);
        raw.send(OPEN, RawPeer.END, 1, 0, "x");
        raw.send(CREDIT, 0, 1, Long.MAX_VALUE, NOTHING);
    }

    @Test
    void aPeerWhoseCreditIsAWordIsSentAheadOnlyABoundedNumberOfBytes() {
        askForAnEndlessReply();
        long most = 64 << 20;
        assertThat(bytesUntilAPauseAfter(most - (1 << 20))).isLessThanOrEqualTo(most + (1 << 16));
        handler = Stage.identity();
        ClientExchange other = rig.client();
        assertThat(Bytes.joinText(other.apply(Flux.just(Bytes.utf8("y")))).block(Rig.SOON))
                .isEqualTo("y");
        raw.send(9, 0, 0, lastPing.argument() + 1, NOTHING); // to guess does not help
        raw.hello(7, Integer.MAX_VALUE); // answered, so nothing else came
        raw.send(9, 0, 0, lastPing.argument(), NOTHING);
        assertThat(raw.next(DATA).body().remaining()).isEqualTo(1 << 16);
        raw.send(CANCEL, 0, 1, 0, NOTHING);
        rig.awaitNoStreams(other, server);
    }

    @Test
    void whoBeginsAnewIsSentNoMoreBeforeItHasRead() {
        askForAnEndlessReply();
        bytesUntilAPauseAfter(63 << 20);

        raw.hello(8, Integer.MAX_VALUE);
        RawPeer.Received ping = raw.next();
        assertThat(ping.type()).isEqualTo(8);
        raw.send(OPEN, RawPeer.END, 1, 0, "x");
        raw.hello(8, Integer.MAX_VALUE); // answered, so nothing came of the stream
        raw.send(9, 0, 0, ping.argument(), NOTHING);
        assertThat(raw.next(DATA).body().remaining()).isEqualTo(1 << 16);
        raw.send(GOAWAY, 0, 0, 0, NOTHING);
        rig.await("no stream", () -> ((ServerBinding) server).streamCount() == 0);
    }

    @Test
    void whoDoesNotReadHowItsCallsEndIsCutOff() {
        raw.hello(7, 1 << 20);
        int calls = 10_000;
        long most = 3 * Peer.MAX_SENT / 2 / Peer.FRAME_COST;
        long ends = 0;
        boolean gone = false;
        for (long sent = 0; !gone && sent < most; sent += calls) {
            long first = 1 + sent;
            raw.connection()
                    .send(Flux.range(0, calls)
                            .map(i -> ZmqMessage.of(RawPeer.frame(OPEN, RawPeer.END | 2, 7, first + i, 0, NOTHING))))
                    .block(Rig.SOON);
            for (RawPeer.Received r = raw.poll(); r != null; r = raw.poll()) {
                ends += r.type() == DATA ? 1 : 0;
                gone |= r.type() == GOAWAY;
            }
        }
        for (RawPeer.Received r = gone ? null : raw.next(); r != null; r = r.type() == GOAWAY ? null : raw.next()) {
            ends += r.type() == DATA ? 1 : 0;
        }
        assertThat(ends * Peer.FRAME_COST).isBetween(Peer.MAX_SENT - Peer.FRAME_COST, Peer.MAX_SENT + Peer.MAX_UNREAD);
        RawPeer good = connect();
        good.hello(8, 1 << 20);
        stillServes(good);
    }

    @Test
    void aRequestThatIsNotReadAnyMoreKeepsNothingOfTheBudget() {
        raw.hello(7, 1 << 20);
        long before = rig.resources.windows().used();
        handler = bytes -> bytes.take(1).thenMany(Flux.never());
        raw.send(OPEN, 0, 1, 0, "x");
        raw.next(CANCEL, 1);
        rig.await("nothing is kept", () -> rig.resources.windows().used() == before);
        raw.send(CANCEL, 0, 1, 0, NOTHING);
        stillServes(raw);
    }

    @Test
    void whoAcknowledgesIsAnsweredForEver() {
        raw.hello(7, 1 << 20);
        ZmqMessage ping = ZmqMessage.of(RawPeer.frame(8, 0, 7, 0, 5, NOTHING));
        int pongs = 0;
        for (int round = 0; round < 20; round++) {
            raw.connection().send(Flux.range(0, 10_000).map(i -> ping)).block(Rig.SOON);
            for (int sofar = 0; sofar < 10_000; ) {
                RawPeer.Received next = raw.next();
                assertThat(next.type()).isIn(8, 9);
                if (next.type() == 8) {
                    raw.send(9, 0, 0, next.argument(), NOTHING);
                } else {
                    sofar++;
                    pongs++;
                }
            }
        }
        assertThat(pongs).isEqualTo(200_000);
        stillServes(raw);
    }

    @Test
    void survivesWhateverIsSent() {
        Random random = new Random(42);
        raw.hello(7, 1 << 20);
        ByteBuffer[] good = {
            RawPeer.frame(HELLO, 0, 7, 0, 1 << 20, new byte[] {0, 1, 0, 0}),
            RawPeer.frame(OPEN, 0, 7, 1, 0, new byte[100]),
            RawPeer.frame(OPEN, RawPeer.END, 7, 2, 3, new byte[10]),
            RawPeer.frame(DATA, 0, 7, 1, 100, new byte[500]),
            RawPeer.frame(DATA, RawPeer.END, 7, 1, 600, new byte[3]),
            RawPeer.frame(CREDIT, 0, 7, 1, 100_000, NOTHING),
            RawPeer.frame(CANCEL, 0, 7, 1, 0, NOTHING),
            RawPeer.frame(6, 0, 7, 2, 1, new byte[] {65}),
            RawPeer.frame(GOAWAY, 0, 7, 0, 0, NOTHING)
        };
        raw.connection()
                .send(Flux.range(0, 20_000).map(i -> fuzz(good, random)))
                .block(Rig.SOON);
        RawPeer other = connect();
        other.hello(11, 1 << 20);
        stillServes(other);
        RawPeer again = connect(); // for this one may have been cut off
        again.hello(12, 1 << 20);
        stillServes(again);
    }

    static ZmqMessage fuzz(ByteBuffer[] good, Random random) {
        if (random.nextInt(4) == 0) {
            byte[] bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            return ZmqMessage.of(ByteBuffer.wrap(bytes));
        }
        byte[] bytes = good[random.nextInt(good.length)].array().clone();
        for (int i = random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(3) > 0 ? random.nextInt(bytes.length) : 3 + random.nextInt(2);
            bytes[at] = (byte) (random.nextBoolean() ? random.nextInt(9) : random.nextInt());
        }
        ByteBuffer frame =
                ByteBuffer.wrap(bytes, 0, random.nextInt(8) == 0 ? random.nextInt(bytes.length) : bytes.length);
        return random.nextInt(8) == 0
                ? ZmqMessage.of(frame, ByteBuffer.allocate(random.nextInt(40)))
                : ZmqMessage.of(frame);
    }

    /** The old call ends late, when what it has read is read at last. */
    @Test
    void aNumberThatIsUsedAgainIsTheNewCalls() {
        AtomicReference<Flux<ByteBuffer>> unread = new AtomicReference<>();
        handler = bytes -> {
            unread.set(bytes);
            return Flux.never();
        };
        raw.hello(7, 1 << 20);
        raw.send(OPEN, RawPeer.END, 5, 0, "x");
        rig.await("a call", () -> ((ServerBinding) server).streamCount() == 1);
        raw.send(CANCEL, 0, 5, 0, NOTHING);
        rig.await("no call", () -> ((ServerBinding) server).streamCount() == 0);
        handler = Stage.identity();
        raw.send(OPEN, 0, 5, 0, "a");
        assertThat(raw.next(DATA, 5).text()).isEqualTo("a");

        assertThat(Bytes.joinText(unread.get()).block(Rig.SOON)).isEqualTo("x");

        raw.send(DATA, RawPeer.END, 5, 1, "b");
        RawPeer.Received more = raw.next(DATA, 5);
        assertThat(more.text()).isEqualTo("b");
        if (more.flags() == 0) {
            assertThat(raw.next(DATA, 5).flags()).isEqualTo(RawPeer.END);
        }
        stillServes(raw);
    }

    @Test
    void aRequestThatIsRefusedWholeIsNotGivenToTheHandler() {
        AtomicInteger calls = new AtomicInteger();
        handler = bytes -> {
            calls.incrementAndGet();
            return bytes;
        };
        raw.hello(7, 1 << 20);
        raw.send(OPEN, RawPeer.END, 5, 0, new byte[5000]); // the credit is 4096

        assertThat(raw.next(ABORT, 5).argument()).isEqualTo(ZmqRemoteException.CREDIT_EXCEEDED);
        rig.settle(); // the turn that has sent it is over
        assertThat(calls).hasValue(0);
        stillServes(raw);
    }
}
