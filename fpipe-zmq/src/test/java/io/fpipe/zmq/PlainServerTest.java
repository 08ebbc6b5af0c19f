/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.Stage;
import io.fpipe.zmq.Rig.Wiring;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** A server and peers that are not fpipe, on the port of those that are. */
class PlainServerTest {

    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final Rig rig = new Rig(Wiring.TCP);
    private final Map<String, Sinks.One<ByteBuffer>> replies = new ConcurrentHashMap<>();
    private ZmqBinding server;

    private void serve(Stage handler, UnaryOperator<ZmqServer> options) {
        server = rig.serve(handler, s -> options.apply(s.plainErrorReply(PlainServerTest::said)));
    }

    private void serve(Stage handler) {
        serve(handler, s -> s);
    }

    /** What tests find in place of a reply. */
    private static ByteBuffer said(Throwable error) {
        return Bytes.utf8(
                error instanceof ZmqRemoteException remote
                        ? "code " + remote.code()
                        : error.getClass().getSimpleName() + ": " + error.getMessage());
    }

    private RawPlain dealer() {
        return dealer(socket -> socket);
    }

    private RawPlain dealer(UnaryOperator<ZmqSocket> options) {
        ZmqSocket socket = ZmqSocket.dealer().runOn(rig.resources).connect(rig.endpoint());
        return rig.track(RawPlain.reading(options.apply(socket)));
    }

    private RawPlain req() {
        return rig.track(RawPlain.reading(ZmqSocket.req().runOn(rig.resources).connect(rig.endpoint())));
    }

    /** A handler whose reply to a text is given by the test. */
    private Flux<ByteBuffer> byHand(Flux<ByteBuffer> request) {
        return Bytes.joinText(request)
                .flatMapMany(text -> Flux.from(promise(text).asMono()));
    }

    private Sinks.One<ByteBuffer> promise(String request) {
        return replies.computeIfAbsent(request, text -> Sinks.one());
    }

    private void stillServes() {
        assertThat(req().call("still there?")).containsExactly("still there?");
        rig.await("no request under way", () -> ((ServerBinding) server).streamCount() == 0);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void aReqGetsItsReplies() {
        serve(Stage.identity());
        RawPlain req = req();
        assertThat(req.call("one")).containsExactly("one");
        assertThat(req.call("two")).containsExactly("two");
        assertThat(req.call("")).containsExactly("");
        stillServes();
    }

    @Test
    void aReqGetsItsReplyOverInproc() {
        Rig inproc = new Rig(Wiring.INPROC);
        inproc.serve(Stage.identity());
        RawPlain req = RawPlain.reading(ZmqSocket.req().runOn(inproc.resources).connect(inproc.endpoint()));
        assertThat(req.call("one")).containsExactly("one");
        assertThat(req.call("two")).containsExactly("two");
        inproc.close();
    }

    @Test
    void theHopsOfARequestComeBackWithItsReply() {
        serve(Stage.identity());
        RawPlain dealer = dealer();
        assertThat(dealer.call("body alone")).containsExactly("body alone");
        assertThat(dealer.call("", "body")).containsExactly("", "body");
        assertThat(dealer.call("hop", "", "body")).containsExactly("hop", "", "body");
        assertThat(dealer.call("a", "b", "c", "", "body")).containsExactly("a", "b", "c", "", "body");
        assertThat(dealer.call("a", "", "")).containsExactly("a", "", "");
        String[] hops = new String[34];
        Arrays.fill(hops, "hop");
        hops[32] = "";
        assertThat(dealer.call(hops)).hasSize(34);
    }

    @Test
    void theFramesOfABodyAreTheBuffersOfOneMessage() {
        AtomicReference<List<String>> seen = new AtomicReference<>();
        serve(request -> request.collectList().flatMapMany(buffers -> {
            seen.set(buffers.stream().map(Bytes::text).toList());
            return Flux.fromIterable(buffers);
        }));
        assertThat(req().call("a", "", "bc", "d")).containsExactly("abcd");
        assertThat(seen.get()).containsExactly("a", "bc", "d");
        assertThat(dealer().call("hop", "", "", "x", "")).containsExactly("hop", "", "x");
    }

    @Test
    void repliesOfOnePeerComeInAnyOrderAndFromAnyThread() {
        serve(this::byHand);
        RawPlain dealer = dealer();
        dealer.send("1", "", "first");
        dealer.send("2", "", "second");
        rig.await("two requests", () -> replies.size() == 2);
        Schedulers.parallel().schedule(() -> promise("second").tryEmitValue(Bytes.utf8("b")));
        assertThat(dealer.next()).containsExactly("2", "", "b");
        Schedulers.parallel().schedule(() -> promise("first").tryEmitValue(Bytes.utf8("a")));
        assertThat(dealer.next()).containsExactly("1", "", "a");
    }

    @Test
    void thousandsOfRequestsAreInFlightAtOnce() {
        serve(request -> request.publishOn(Schedulers.parallel()));
        RawPlain dealer = dealer();
        for (int i = 0; i < 3000; i++) {
            dealer.send("hop" + i, "", "body" + i);
        }
        List<String> got = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            List<String> reply = dealer.next();
            assertThat(reply.get(0).substring(3)).isEqualTo(reply.get(2).substring(4));
            got.add(reply.get(0));
        }
        assertThat(got).doesNotHaveDuplicates();
        stillServes();
    }

    @Test
    void anEnvelopeThatIsTooLongDoesNotComeBack() {
        serve(this::byHand, s -> s.limits(l -> l.maxPeers(1)));
        ServerPeers peers = ((ServerBinding) server).peers();
        RawPlain dealer = dealer();
        dealer.send("holds"); // its place, while it has a request
        rig.await("it is under way", () -> peers.streamCount() == 1);
        promise("long").tryEmitValue(Bytes.utf8("yes"));
        assertThat(dealer.call("x".repeat(8192), "", "long")).hasSize(3);
        dealer.send("x".repeat(8193), "", "longer");
        RawPlain stranger = dealer();
        assertThat(stranger.call("hop", "", "body"))
                .containsExactly("hop", "", "code " + ZmqRemoteException.OVERLOADED);
        stranger.send("x".repeat(1 << 20), "", "body");
        rig.await("both are dropped", () -> peers.plain().dropped() == 2);
        promise("holds").tryEmitValue(Bytes.utf8("still there"));
        assertThat(dealer.next()).containsExactly("still there");
    }

    @Test
    void whatHasNoBodyOrNoDelimiterIsAnsweredWithAnError() {
        serve(Stage.identity());
        RawPlain dealer = dealer();
        String malformed = "code " + ZmqRemoteException.MALFORMED;
        assertThat(dealer.call("hop", "")).containsExactly("hop", "", malformed);
        assertThat(dealer.call("only", "hops")).containsExactly(malformed);
        String[] many = new String[34];
        Arrays.fill(many, "hop");
        assertThat(dealer.call(many)).containsExactly(malformed);
        many[33] = "";
        assertThat(dealer.call(many)).containsExactly(malformed);
        String[] huge = new String[100_000];
        Arrays.fill(huge, "x");
        assertThat(dealer.call(huge)).containsExactly(malformed);
        Arrays.fill(huge, "");
        assertThat(dealer.call(huge)).containsExactly("", "");
        dealer.send(""); // as ZMQ_PROBE_ROUTER does: not a request
        assertThat(dealer.call("still there?")).containsExactly("still there?");
        stillServes();
    }

    @Test
    void aBodyThatBeginsLikeAFrameNeedsTheDelimiter() {
        serve(Stage.identity());
        byte[] frame = RawPeer.frame(2, 1, 7, 1, 0, new byte[] {1, 2, 3}).array();
        RawPlain dealer = dealer();
        dealer.send(EMPTY, ByteBuffer.wrap(frame));
        assertThat(Bytes.of(dealer.nextFrames().get(1))).isEqualTo(frame);
        dealer.send(ByteBuffer.wrap(frame, 0, 31)); // too short for a frame
        assertThat(Bytes.of(dealer.nextFrames().get(0))).isEqualTo(Arrays.copyOf(frame, 31));
        dealer.send(ByteBuffer.wrap(frame)); // as an OPEN without HELLO it is answered in FPIPE/1
        assertThat(Bytes.of(dealer.nextFrames().get(0))).startsWith(0xF1, 0x9E, 1, 6);
        frame[2] = 9;
        dealer.send(ByteBuffer.wrap(frame)); // of a later version: dropped
        stillServes();
    }

    @Test
    void whoHasSaidHelloIsNoPlainPeer() {
        serve(Stage.identity());
        RawPeer raw = new RawPeer(ZmqSocket.dealer().connect(rig.endpoint()).runOn(rig.resources), false);
        rig.track(raw.connection());
        raw.hello(7, 1 << 20);
        raw.sendRaw(EMPTY, Bytes.utf8("plain"));
        raw.send(2, RawPeer.END, 1, 0, "streamed");
        assertThat(raw.next(3, 1).text()).isEqualTo("streamed");
        assertThat(raw.inboxIsEmpty()).isTrue();
        stillServes();
    }

    @Test
    void bothKindsOfPeersShareAPort() {
        serve(Stage.identity());
        ClientExchange streamed = rig.client();
        RawPlain req = req();
        for (int i = 0; i < 100; i++) {
            Mono<String> call = Bytes.joinText(streamed.apply(Flux.just(Bytes.utf8("streamed"))));
            req.send("plain");
            assertThat(call.block(Rig.SOON)).isEqualTo("streamed");
            assertThat(req.next()).containsExactly("plain");
        }
        rig.awaitNoStreams(streamed, server);
    }

    @Test
    void aHandlerThatFailsLeavesNobodyWaiting() {
        serve(request -> Bytes.joinText(request).flatMapMany(text -> switch (text) {
            case "fails" -> Flux.error(new IllegalStateException("no luck"));
            case "fails late" ->
                Flux.just(Bytes.utf8("part")).concatWith(Flux.error(new IllegalStateException("late")));
            case "is empty" -> Flux.empty();
            case "is an error" -> Flux.error(new AssertionError("broken"));
            default -> Flux.just(Bytes.utf8(text));
        }));
        RawPlain req = req();
        assertThat(req.call("fails")).containsExactly("IllegalStateException: no luck");
        assertThat(req.call("fails late")).containsExactly("IllegalStateException: late");
        assertThat(req.call("is empty")).containsExactly("");
        assertThat(req.call("is an error")).containsExactly("AssertionError: broken");
        stillServes();
    }

    @Test
    void aHandlerThatThrowsLeavesNobodyWaiting() {
        AtomicReference<Stage> handler = new AtomicReference<>();
        serve(request -> handler.get().apply(request));
        RawPlain req = req();
        handler.set(request -> {
            throw new IllegalStateException("thrown");
        });
        assertThat(req.call("x")).containsExactly("IllegalStateException: thrown");
        handler.set(request -> {
            throw new StackOverflowError("deep");
        });
        assertThat(req.call("x")).containsExactly("StackOverflowError: deep");
        CountDownLatch disposed = new CountDownLatch(1);
        handler.set(request -> Flux.create(sink -> {
            sink.onDispose(disposed::countDown);
            throw new StackOverflowError("when it had begun");
        }));
        assertThat(req.call("x")).containsExactly("StackOverflowError: when it had begun");
        Rig.await(disposed);
        handler.set(request -> null);
        assertThat(req.call("x")).containsExactly("NullPointerException: the handler returned null");
        handler.set(request -> request.map(buffer -> {
            throw new IllegalStateException("in a signal");
        }));
        assertThat(req.call("x")).containsExactly("IllegalStateException: in a signal");
        handler.set(Stage.identity());
        stillServes();
    }

    /** Against rule 3.15 of Reactive Streams. */
    private static Flux<ByteBuffer> throwsWhenItIsCancelled(Flux<ByteBuffer> request) {
        return Flux.create(sink -> sink.onDispose(() -> {
            throw new IllegalStateException("cancel");
        }));
    }

    @Test
    void aReplyThatThrowsWhenItIsCancelledLeavesNobodyWaiting() {
        AtomicReference<Stage> handler = new AtomicReference<>(PlainServerTest::throwsWhenItIsCancelled);
        serve(request -> handler.get().apply(request), s -> s.plainTimeout(Duration.ofMillis(100)));
        assertThat(req().call("x")).containsExactly("TimeoutException: no reply of the handler within PT0.1S");
        rig.await("no request", () -> ((ServerBinding) server).streamCount() == 0);
        assertThat(rig.resources.windows().used()).isZero();
        handler.set(Stage.identity());
        stillServes();
    }

    @Test
    void aReplyThatThrowsWhenItIsCancelledKeepsNothingFromEnding() {
        AtomicReference<Stage> handler = new AtomicReference<>(PlainServerTest::throwsWhenItIsCancelled);
        serve(request -> handler.get().apply(request));
        RawPlain gone = dealer();
        gone.send("x");
        rig.await("a request", () -> ((ServerBinding) server).streamCount() == 1);
        gone.dispose();
        rig.await("no request", () -> ((ServerBinding) server).streamCount() == 0);
        assertThat(rig.resources.windows().used()).isZero();
        handler.set(Stage.identity());
        stillServes();
        handler.set(PlainServerTest::throwsWhenItIsCancelled);
        dealer().send("x");
        rig.await("a request", () -> ((ServerBinding) server).streamCount() == 1);
        server.dispose();
        server.onDispose().block(Rig.SOON);
    }

    @Test
    void theErrorReplyIsEmptyByDefaultAndWhereItFailsItself() {
        AtomicReference<ByteBuffer> reply = new AtomicReference<>();
        Stage failing = request -> Flux.error(new IllegalStateException("no luck"));
        rig.serve(failing);
        assertThat(req().call("x")).containsExactly("");
        Rig other = new Rig(Wiring.INPROC);
        other.serve(
                failing,
                s -> s.plainErrorReply(error -> {
                    if (!reply.get().hasRemaining()) {
                        throw new IllegalStateException("again");
                    }
                    return reply.get();
                }));
        RawPlain req = RawPlain.reading(ZmqSocket.req().runOn(other.resources).connect(other.endpoint()));
        assertThat(req.call("x")).containsExactly("");
        reply.set(EMPTY);
        assertThat(req.call("x")).containsExactly("");
        reply.set(ByteBuffer.allocate(65_537));
        assertThat(req.call("x")).containsExactly("");
        reply.set(ByteBuffer.wrap(new byte[] {'a', 'b', 'c'}, 1, 1));
        assertThat(req.call("x")).containsExactly("b");
        assertThat(req.call("x")).containsExactly("b");
        other.close();
    }

    @Test
    void aHandlerThatTakesTooLongIsCancelled() {
        CountDownLatch cancelled = new CountDownLatch(1);
        AtomicReference<Duration> left = new AtomicReference<>();
        serve(
                request -> Bytes.joinText(request)
                        .flatMapMany(text -> text.equals("wait")
                                ? Flux.<ByteBuffer>never()
                                        .doOnCancel(cancelled::countDown)
                                        .transformDeferredContextual((reply, context) -> {
                                            left.set(ZmqCall.from(context)
                                                    .remaining()
                                                    .orElseThrow());
                                            assertThat(ZmqCall.from(context).peer())
                                                    .startsWith("plain-");
                                            return reply;
                                        })
                                : Flux.just(Bytes.utf8(text))),
                s -> s.plainTimeout(Duration.ofMillis(200)));
        assertThat(req().call("wait")).containsExactly("TimeoutException: no reply of the handler within PT0.2S");
        Rig.await(cancelled);
        assertThat(left.get()).isBetween(Duration.ZERO, Duration.ofMillis(200));
        stillServes();
    }

    @Test
    void aRequestThatIsAnsweredWhileItsTimeEndsHasOneReply() {
        Random random = new Random(3);
        serve(
                request -> request.delaySequence(Duration.ofNanos(random.nextInt(8_000_000)), Schedulers.parallel()),
                s -> s.plainTimeout(Duration.ofMillis(4)));
        RawPlain dealer = dealer();
        List<String> hops = IntStream.range(0, 1000).mapToObj(i -> "hop" + i).toList();
        hops.forEach(hop -> dealer.send(hop, "", "body"));
        List<String> got = new ArrayList<>();
        hops.forEach(hop -> got.add(dealer.next().get(0)));
        assertThat(got).containsExactlyInAnyOrderElementsOf(hops);
        assertThat(dealer.call("last", "", "").get(0)).isEqualTo("last"); // nobody was answered twice
        assertThat(rig.resources.windows().used()).isZero();
    }

    @Test
    void requestsAboveTheLimitAreRefused() {
        CountDownLatch called = new CountDownLatch(2);
        serve(
                request -> request.doOnSubscribe(s -> called.countDown()),
                s -> s.limits(l -> l.maxPlainMessageBytes(200_000)));
        RawPlain dealer = dealer();
        ByteBuffer half = ByteBuffer.allocate(100_000);
        dealer.send(EMPTY, half, half);
        assertThat(dealer.nextFrames().get(1).remaining()).isEqualTo(200_000);
        dealer.send(EMPTY, half, half, ByteBuffer.allocate(1));
        assertThat(dealer.next().get(1))
                .isEqualTo("LimitExceededException: the plain message has at least 200001 bytes"
                        + " (maxPlainMessageBytes is 200000)");
        RawPlain hostile = dealer();
        hostile.send(EMPTY, ByteBuffer.allocate(200_001)); // ZeroMQ ends its connection
        assertThat(dealer.call("", "still there?")).containsExactly("", "still there?");
        assertThat(called.getCount()).isZero();
        stillServes();
    }

    @Test
    void theLimitOfAllMessagesHoldsForPlainOnes() {
        serve(Stage.identity(), s -> s.limits(l -> l.maxMessageBytes(10)));
        RawPlain req = req();
        assertThat(req.call("0123456789")).containsExactly("0123456789");
        assertThat(req.call("0123456789a").get(0))
                .startsWith("LimitExceededException")
                .contains("maxMessageBytes is 10");
        assertThat(req.call("again")).containsExactly("again");
    }

    @Test
    void repliesAboveTheLimitAreRefused() {
        CountDownLatch cancelled = new CountDownLatch(1);
        serve(
                request -> Bytes.joinText(request)
                        .flatMapMany(text -> text.equals("endless")
                                ? Bytes.endless(1000).doOnCancel(cancelled::countDown)
                                : Flux.just(ByteBuffer.allocate(Integer.parseInt(text)))),
                s -> s.limits(l -> l.maxPlainMessageBytes(200_000)));
        RawPlain req = req();
        req.send("200000");
        assertThat(req.nextFrames().get(0).remaining()).isEqualTo(200_000);
        assertThat(req.call("200001").get(0)).startsWith(LimitExceededException.class.getSimpleName());
        assertThat(req.call("endless").get(0)).startsWith(LimitExceededException.class.getSimpleName());
        Rig.await(cancelled);
        assertThat(req.call("7").get(0)).hasSize(7);
        assertThat(rig.resources.windows().used()).isZero();
    }

    @Test
    void requestsOfAPeerAndInAllAreLimited() {
        serve(this::byHand, s -> s.limits(l -> l.maxStreamsPerPeer(2).maxStreams(3)));
        RawPlain first = dealer();
        first.send("1", "", "a");
        first.send("2", "", "b");
        assertThat(first.call("3", "", "c")).containsExactly("3", "", "code " + ZmqRemoteException.TOO_MANY_STREAMS);
        RawPlain second = dealer();
        second.send("4", "", "d");
        rig.await("three requests", () -> replies.size() == 3);
        assertThat(second.call("5", "", "e")).containsExactly("5", "", "code " + ZmqRemoteException.OVERLOADED);
        promise("a").tryEmitValue(Bytes.utf8("A"));
        assertThat(first.next()).containsExactly("1", "", "A");
        second.send("6", "", "f");
        promise("f").tryEmitValue(Bytes.utf8("F"));
        assertThat(second.next()).containsExactly("6", "", "F");
    }

    @Test
    void peersAreLimitedWhileTheyHaveRequests() {
        serve(this::byHand, s -> s.limits(l -> l.maxPeers(2)));
        RawPlain first = dealer();
        first.send("1", "", "a");
        RawPlain second = dealer();
        second.send("2", "", "b");
        rig.await("two requests", () -> replies.size() == 2);
        RawPlain third = dealer();
        assertThat(third.call("3", "", "c")).containsExactly("3", "", "code " + ZmqRemoteException.OVERLOADED);
        promise("a").tryEmitValue(Bytes.utf8("A"));
        assertThat(first.next()).containsExactly("1", "", "A");
        promise("c").tryEmitValue(Bytes.utf8("C"));
        assertThat(third.call("3", "", "c")).containsExactly("3", "", "C");
    }

    @Test
    void aRequestThatThereIsNoMemoryForIsRefused() {
        ZmqResources small = rig.track(ZmqResources.create(o -> o.windowBudget(200_000)));
        serve(this::byHand, s -> s.runOn(small));
        RawPlain dealer = dealer();
        dealer.send(Bytes.utf8("1"), EMPTY, ByteBuffer.allocate(60_000));
        dealer.send(Bytes.utf8("2"), EMPTY, ByteBuffer.allocate(60_000));
        assertThat(dealer.next()).containsExactly("2", "", "code " + ZmqRemoteException.OVERLOADED);
        dealer.send("3", "", "reply");
        promise("reply").tryEmitValue(ByteBuffer.allocate(60_000));
        assertThat(dealer.next())
                .element(2)
                .asString()
                .startsWith("LimitExceededException")
                .contains("windowBudget");
        promise("\0".repeat(60_000)).tryEmitValue(Bytes.utf8("done"));
        assertThat(dealer.next()).containsExactly("1", "", "done");
        assertThat(small.windows().used()).isZero();
    }

    @Test
    void withoutADefaultHandlerPlainPeersAreRefused() {
        server = rig.server(s -> s.route("named", Stage.identity()).plainErrorReply(PlainServerTest::said))
                .serveNow();
        rig.track(server);
        assertThat(req().call("x")).containsExactly("code " + ZmqRemoteException.UNKNOWN_ROUTE);
    }

    @Test
    void aServerThatServesNoPlainPeersDropsWhatTheySend() {
        CountDownLatch called = new CountDownLatch(1);
        serve(request -> request.doOnSubscribe(s -> called.countDown()), s -> s.plainPeers(false));
        dealer().send("", "x");
        ClientExchange streamed = rig.client();
        assertThat(Bytes.joinText(streamed.apply(Flux.just(Bytes.utf8("y")))).block(Rig.SOON))
                .isEqualTo("y");
        assertThat(((ServerBinding) server).streamCount()).isZero();
    }

    @Test
    void theRequestsOfAPeerThatIsGoneAreCancelled() {
        CountDownLatch cancelled = new CountDownLatch(2);
        CountDownLatch begun = new CountDownLatch(2);
        serve(request ->
                Flux.<ByteBuffer>never().doOnSubscribe(s -> begun.countDown()).doOnCancel(cancelled::countDown));
        RawPlain dealer = dealer();
        dealer.send("1", "", "a");
        dealer.send("2", "", "b");
        Rig.await(begun);
        dealer.dispose();
        Rig.await(cancelled);
        rig.await("no request under way", () -> ((ServerBinding) server).streamCount() == 0);
        assertThat(rig.resources.windows().used()).isZero();
    }

    @Test
    void aPeerThatDoesNotReadIsHeldWithinBoundsAndHarmsNobody() {
        int replies = (int) (Peer.MAX_UNREAD >> 20) + 40;
        serve(request -> Bytes.joinText(request)
                .flatMapMany(text -> Flux.just(ByteBuffer.allocate(text.equals("large") ? 1 << 20 : 1))));
        RawPlain lazy = rig.track(new RawPlain(ZmqSocket.dealer()
                .receiveHighWaterMark(1)
                .bufferBytes(8192)
                .runOn(rig.resources)
                .connect(rig.endpoint())));
        for (int i = 0; i < replies; i++) {
            lazy.send("hop" + i, "", "large");
        }
        RawPlain busy = req();
        assertThat(busy.call("x").get(0)).hasSize(1);
        ClientExchange streamed = rig.client();
        assertThat(Bytes.join(streamed.apply(Flux.just(Bytes.utf8("y")))).block(Rig.SOON))
                .hasSize(1);
        rig.await("all requests are answered", () -> ((ServerBinding) server).streamCount() == 0);
        lazy.read();
        int refused = 0;
        for (int i = 0; i < replies; i++) {
            List<ByteBuffer> reply = lazy.nextFrames();
            assertThat(Bytes.text(reply.get(0))).isEqualTo("hop" + i);
            refused += reply.get(2).remaining() < 100 ? 1 : 0;
        }
        assertThat(refused).isBetween(1, 40);
        assertThat(lazy.call("1", "", "large").get(2)).hasSize(1 << 20); // it has read, and is served again
    }

    @Test
    void aPeerThatReadsNoneOfManySmallRepliesIsNotAnsweredForEver() {
        AtomicInteger answered = new AtomicInteger();
        server = rig.serve(
                request -> Bytes.joinText(request).flatMapMany(text -> {
                    answered.incrementAndGet();
                    return Flux.just(text.equals("large") ? ByteBuffer.allocate(100_000) : Bytes.utf8(text));
                }),
                s -> s.limits(l -> l.maxStreamsPerPeer(50)).plainErrorReply(error -> {
                    answered.incrementAndGet();
                    return said(error);
                }));
        RawPlain lazy = rig.track(new RawPlain(ZmqSocket.dealer()
                .receiveHighWaterMark(1)
                .bufferBytes(8192)
                .runOn(rig.resources)
                .connect(rig.endpoint())));
        int sent = 1000;
        for (int i = 0; i < sent; i++) {
            lazy.send("hop" + i, "", "large");
        }
        PlainPeers peers = ((ServerBinding) server).peers().plain();
        rig.await("all are dealt with", () -> answered.get() + peers.dropped() == sent);
        assertThat(peers.dropped()).isPositive();
        stillServes();
        lazy.read();
        for (int i = answered.get() - 1; i > 0; i--) { // without the last one, of stillServes
            lazy.nextFrames();
        }
        assertThat(lazy.call("end", "", "it has read").get(2)).isEqualTo("it has read");
    }

    @Test
    void whatIsUnderWayWhenTheServerEndsIsAnswered() {
        serve(this::byHand);
        RawPlain dealer = dealer();
        dealer.send("1", "", "a");
        dealer.send("2", "", "b");
        rig.await("two requests", () -> replies.size() == 2);
        Mono<Void> end = server.shutdownGracefully(Duration.ofMillis(400)).cache();
        end.subscribe();
        rig.settle();
        assertThat(dealer.call("3", "", "c")).containsExactly("3", "", "code " + ZmqRemoteException.SHUTTING_DOWN);
        promise("b").tryEmitValue(Bytes.utf8("B"));
        assertThat(dealer.next()).containsExactly("2", "", "B");
        assertThat(dealer.next()).containsExactly("1", "", "code " + ZmqRemoteException.SHUTTING_DOWN);
        end.block(Rig.SOON);
    }

    @Test
    void whatIsUnderWayWhenTheServerIsDisposedIsAnswered() {
        serve(this::byHand);
        RawPlain req = req();
        req.send("a");
        rig.await("a request", () -> replies.size() == 1);
        server.dispose();
        assertThat(req.next().get(0)).startsWith("ZmqException").contains("is disposed");
        server.onDispose().block(Rig.SOON);
        assertThat(rig.resources.windows().used()).isZero();
    }

    @Test
    void optionsAreChecked() {
        ZmqServer s = ZmqServer.create();
        assertThatThrownBy(() -> s.plainTimeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("plainTimeout must be more than 0");
        assertThatThrownBy(() -> s.limits(l -> l.maxPlainMessageBytes(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxPlainMessageBytes must be at least 1, was 0");
    }

    /** What a socket has received when it is given up is of connections that are gone, and nothing would tell that again. */
    @Test
    void nothingBeginsOfWhatASocketThatIsGivenUpHasReceived() {
        AtomicInteger begun = new AtomicInteger();
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch sent = new CountDownLatch(1);
        serve(request -> Bytes.joinText(request).flatMapMany(text -> {
            switch (text) {
                case "block" -> {
                    first.countDown();
                    Rig.await(sent); // so that many messages are there at once
                }
                case "give up" -> ((ServerBinding) server).rebind();
                default -> begun.incrementAndGet();
            }
            return Flux.never();
        }));
        try (Rig there = new Rig(Wiring.TCP)) {
            RawPlain dealer =
                    new RawPlain(ZmqSocket.dealer().runOn(there.resources).connect(rig.endpoint()));
            dealer.send("block");
            Rig.await(first);
            dealer.send("give up");
            for (int i = 0; i < 200; i++) {
                dealer.send("begin");
            }
            dealer.dispose();
        } // which waits until all is sent
        sent.countDown();
        rig.await("no request under way", () -> ((ServerBinding) server).streamCount() == 0);
        rig.settle();
        assertThat(begun).hasValue(0);
    }
}
