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
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** A client of peers that are not fpipe. */
class PlainClientTest {

    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final Rig rig = new Rig(Wiring.TCP);
    private final ZmqResources apart = rig.track(ZmqResources.create(o -> o.name("apart")));

    private PlainExchange client(UnaryOperator<ZmqClient> options) {
        ZmqClient client = ZmqClient.create().runOn(rig.resources).connect(rig.endpoint());
        return rig.track((PlainExchange) options.apply(client.plain()).openNow());
    }

    private PlainExchange client() {
        return client(c -> c);
    }

    /** A REP that answers each request with a function of it. */
    private Disposable rep(UnaryOperator<ZmqMessage> answer) {
        ZmqConnection rep =
                rig.track(ZmqSocket.rep().runOn(apart).bind(rig.endpoint()).openNow());
        rep.send(rep.receive().map(answer)).subscribe();
        return rep;
    }

    private RawPlain router() {
        return rig.track(RawPlain.reading(ZmqSocket.router().runOn(apart).bind(rig.endpoint())));
    }

    private static Mono<String> call(ZmqExchange exchange, String text) {
        return Bytes.joinText(exchange.apply(Flux.just(Bytes.utf8(text))));
    }

    private void awaitNoCalls(PlainExchange exchange) {
        rig.await("no call is under way", () -> exchange.callCount() == 0);
        assertThat(rig.resources.windows().used()).isZero();
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void aRepAnswers() {
        rep(request -> Probe.message("re: " + Probe.text(request)));
        PlainExchange client = client();
        assertThat(call(client, "one").block(Rig.SOON)).isEqualTo("re: one");
        assertThat(call(client, "two").block(Rig.SOON)).isEqualTo("re: two");
        assertThat(call(client, "").block(Rig.SOON)).isEqualTo("re: ");
        Flux<ByteBuffer> pieces = Flux.just(Bytes.utf8("th"), EMPTY, Bytes.utf8("ree"));
        assertThat(Bytes.joinText(client.apply(pieces)).block(Rig.SOON)).isEqualTo("re: three");
        awaitNoCalls(client);
    }

    /** Against rule 3.15 of Reactive Streams. */
    @Test
    void aSourceThatThrowsWhenItIsCancelledFailsItsCallOnly() {
        rep(request -> Probe.message("re: " + Probe.text(request)));
        PlainExchange client = client();
        PlainExchange impatient = client(c -> c.requestTimeout(Duration.ofMillis(200)));
        Flux<ByteBuffer> bad = Flux.create(sink -> sink.onDispose(() -> {
            throw new IllegalStateException("cancel");
        }));
        StepVerifier.create(impatient.apply(bad))
                .expectError(TimeoutException.class)
                .verify(Rig.SOON);
        assertThat(call(client, "next").block(Rig.SOON)).isEqualTo("re: next");
        StepVerifier.create(client.apply(Flux.defer(() -> {
                    throw new StackOverflowError("which Reactor throws on");
                })))
                .expectError(StackOverflowError.class)
                .verify(Rig.SOON);
        awaitNoCalls(impatient);
        awaitNoCalls(client);
        StepVerifier.create(client.apply(bad))
                .expectSubscription()
                .then(client::dispose)
                .expectError(ZmqException.class)
                .verify(Rig.SOON);
        client.onDispose().block(Rig.SOON);
    }

    @Test
    void manyCallsAreInFlightAndEachGetsItsReply() {
        rep(request -> Probe.message("re: " + Probe.text(request)));
        PlainExchange client = client();
        List<String> replies = Flux.range(0, 3000)
                .flatMap(i -> call(client, "call " + i).map(reply -> i + "=" + reply), 256)
                .subscribeOn(Schedulers.parallel())
                .collectList()
                .block(Rig.SOON);
        assertThat(replies).hasSize(3000).allSatisfy(reply -> {
            String[] parts = reply.split("=", -1);
            assertThat(parts[1]).isEqualTo("re: call " + parts[0]);
        });
        awaitNoCalls(client);
    }

    @Test
    void anFpipeServerAnswersAsWell() {
        rig.serve(Stage.identity());
        PlainExchange client = client();
        assertThat(call(client, "x").block(Rig.SOON)).isEqualTo("x");
        byte[] large = Bytes.random(10_000_000, 1);
        assertThat(Bytes.join(client.apply(Flux.fromIterable(Bytes.mixed(large))))
                        .block(Rig.SOON))
                .isEqualTo(large);
        awaitNoCalls(client);
    }

    @Test
    void anFpipeServerAnswersOverInproc() {
        Rig inproc = new Rig(Wiring.INPROC);
        inproc.serve(Stage.identity());
        ZmqExchange client = ZmqClient.create()
                .runOn(inproc.resources)
                .connect(inproc.endpoint())
                .plain()
                .openNow();
        assertThat(call(client, "x").block(Rig.SOON)).isEqualTo("x");
        inproc.await("no call is under way", () -> ((PlainExchange) client).callCount() == 0);
        inproc.close();
    }

    @Test
    void aRequestIsOneMessageWithAHopAndADelimiter() {
        RawPlain router = router();
        PlainExchange client = client();
        StepVerifier.create(Bytes.joinText(client.apply(Flux.just(Bytes.utf8("a"), Bytes.utf8("b")))))
                .then(() -> {
                    List<ByteBuffer> got = router.nextFrames();
                    assertThat(got).hasSize(4);
                    assertThat(got.get(1).remaining()).isEqualTo(8);
                    assertThat(got.get(2).remaining()).isZero();
                    assertThat(Bytes.text(got.get(3))).isEqualTo("ab");
                    router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("c"), EMPTY, Bytes.utf8("d"));
                })
                .expectNext("cd")
                .expectComplete()
                .verify(Rig.SOON);
        awaitNoCalls(client);
    }

    @Test
    void theFramesOfAReplyAreEmittedUnderDemand() {
        RawPlain router = router();
        PlainExchange client = client();
        StepVerifier.create(client.apply(Flux.empty()), 0)
                .then(() -> {
                    List<ByteBuffer> got = router.nextFrames();
                    router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("c"), Bytes.utf8("d"));
                })
                .thenRequest(1)
                .assertNext(buffer -> assertThat(Bytes.text(buffer)).isEqualTo("c"))
                .then(() -> {
                    assertThat(client.callCount()).isEqualTo(1);
                    assertThat(rig.resources.windows().used()).isEqualTo(2);
                })
                .thenRequest(1)
                .assertNext(buffer -> assertThat(Bytes.text(buffer)).isEqualTo("d"))
                .expectComplete()
                .verify(Rig.SOON);
        awaitNoCalls(client);
    }

    @Test
    void repliesComeInAnyOrderAndWhatIsNoReplyIsDropped() {
        RawPlain router = router();
        PlainExchange client = client();
        Mono<String> first = call(client, "1").cache();
        first.subscribe();
        List<ByteBuffer> one = router.nextFrames();
        Mono<String> second = call(client, "2").cache();
        second.subscribe();
        List<ByteBuffer> two = router.nextFrames();
        ByteBuffer id = one.get(0);
        router.send(id, ByteBuffer.allocate(8), EMPTY, Bytes.utf8("an unknown number"));
        router.send(id, Bytes.utf8("no hop and no delimiter"));
        router.send(id, EMPTY);
        router.send(id, EMPTY, Bytes.utf8("no hop"));
        router.send(id, one.get(1), EMPTY);
        router.send(id, one.get(1), Bytes.utf8("no delimiter"), Bytes.utf8("x"));
        router.send(id, ByteBuffer.wrap(new byte[7]), EMPTY, Bytes.utf8("a short hop"));
        router.send(id, RawPeer.frame(7, 0, 0, 0, 0, new byte[0])); // no farewell of our own
        router.send(id, two.get(1), EMPTY, Bytes.utf8("two"));
        router.send(id, two.get(1), EMPTY, Bytes.utf8("two again"));
        router.send(id, one.get(1), EMPTY, Bytes.utf8("one"));
        assertThat(second.block(Rig.SOON)).isEqualTo("two");
        assertThat(first.block(Rig.SOON)).isEqualTo("one");
        awaitNoCalls(client);
    }

    @Test
    void requestsAboveTheLimitAreNotSent() {
        rep(request -> request);
        PlainExchange client = client(c -> c.limits(l -> l.maxPlainMessageBytes(200_000)));
        assertThat(Bytes.join(client.apply(Bytes.endless(1000).take(200))).block(Rig.SOON))
                .hasSize(200_000);
        CountDownLatch cancelled = new CountDownLatch(1);
        assertThatThrownBy(() -> client.apply(Bytes.endless(999).doOnCancel(cancelled::countDown))
                        .blockLast(Rig.SOON))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("at least 200799 bytes (maxPlainMessageBytes is 200000)");
        Rig.await(cancelled);
        PlainExchange narrow = client(c -> c.limits(l -> l.maxMessageBytes(3)));
        assertThat(call(narrow, "abc").block(Rig.SOON)).isEqualTo("abc");
        assertThatThrownBy(() -> call(narrow, "abcd").block(Rig.SOON))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("maxMessageBytes is 3");
        awaitNoCalls(client);
    }

    @Test
    void repliesAboveTheLimitFail() {
        RawPlain router = router();
        PlainExchange client = client(c -> c.limits(l -> l.maxMessageBytes(5)));
        StepVerifier.create(call(client, "x"))
                .then(() -> {
                    List<ByteBuffer> got = router.nextFrames();
                    router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("abc"), Bytes.utf8("def"));
                })
                .expectError(LimitExceededException.class)
                .verify(Rig.SOON);
        awaitNoCalls(client);
    }

    @Test
    void whatTheSourceFailsWithIsTheErrorOfTheCall() {
        rep(request -> request);
        PlainExchange client = client();
        IllegalStateException failure = new IllegalStateException("no luck");
        StepVerifier.create(client.apply(Flux.just(Bytes.utf8("part")).concatWith(Flux.error(failure))))
                .expectErrorMatches(ex -> ex == failure)
                .verify(Rig.SOON);
        assertThat(call(client, "x").block(Rig.SOON)).isEqualTo("x");
        awaitNoCalls(client);
    }

    @Test
    void aCallWithoutAReplyTimesOutAndALateOneIsDropped() {
        RawPlain router = router();
        PlainExchange client = client(c -> c.requestTimeout(Duration.ofMillis(300)));
        assertThatThrownBy(() -> call(client, "late").block(Rig.SOON))
                .hasCauseInstanceOf(TimeoutException.class)
                .hasMessageContaining("no reply from " + rig.endpoint() + " within PT0.3S");
        List<ByteBuffer> late = router.nextFrames();
        router.send(late.get(0), late.get(1), EMPTY, Bytes.utf8("too late"));
        rig.await("no call is under way", () -> client.callCount() == 0);
        PlainExchange patient = client();
        StepVerifier.create(call(patient, "x"))
                .then(() -> {
                    List<ByteBuffer> got = router.nextFrames();
                    router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("y"));
                })
                .expectNext("y")
                .expectComplete()
                .verify(Rig.SOON);
    }

    @Test
    void aCallThatNobodyIsThereForTimesOutAndIsNeverSent() {
        PlainExchange client = client(c -> c.requestTimeout(Duration.ofMillis(200)));
        assertThatThrownBy(() -> call(client, "never").block(Rig.SOON))
                .hasCauseInstanceOf(TimeoutException.class)
                .hasMessageContaining("nobody answers at " + rig.endpoint());
        awaitNoCalls(client);
        PlainExchange patient = client();
        Mono<String> waits = call(patient, "waits").cache();
        waits.subscribe();
        RawPlain router = router();
        List<ByteBuffer> got = router.nextFrames();
        assertThat(Bytes.text(got.get(3))).isEqualTo("waits");
        router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("here"));
        assertThat(waits.block(Rig.SOON)).isEqualTo("here");
    }

    @Test
    void aSourceThatNeverEndsTimesOut() {
        rep(request -> request);
        PlainExchange client = client(c -> c.requestTimeout(Duration.ofMillis(200)));
        CountDownLatch cancelled = new CountDownLatch(1);
        assertThatThrownBy(() -> client.apply(Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown))
                        .blockLast(Rig.SOON))
                .hasCauseInstanceOf(TimeoutException.class)
                .hasMessageContaining("the request was not complete within PT0.2S");
        Rig.await(cancelled);
        awaitNoCalls(client);
    }

    @Test
    void aCancelledCallIsForgotten() {
        RawPlain router = router();
        PlainExchange client = client();
        CountDownLatch cancelled = new CountDownLatch(1);
        client.apply(Flux.<ByteBuffer>never().doOnCancel(cancelled::countDown))
                .subscribe()
                .dispose();
        Rig.await(cancelled);
        Disposable sent = call(client, "x").subscribe();
        List<ByteBuffer> got = router.nextFrames();
        sent.dispose();
        awaitNoCalls(client);
        router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("dropped"));
        call(client, "y").subscribe();
        assertThat(Bytes.text(router.nextFrames().get(3))).isEqualTo("y");
    }

    @Test
    void aLostConnectionFailsWhatIsInFlightAndComesBack() {
        RawPlain router = router();
        PlainExchange client = client();
        Mono<String> lost = call(client, "lost").cache();
        lost.subscribe(reply -> {}, error -> {});
        router.nextFrames();
        router.dispose();
        assertThatThrownBy(() -> lost.block(Rig.SOON))
                .isInstanceOf(ZmqDisconnectedException.class)
                .hasMessageContaining("lost " + rig.endpoint());
        Mono<String> waits = call(client, "waits").cache();
        waits.subscribe();
        ZmqResources again = rig.track(ZmqResources.create());
        Mono<ZmqConnection> bound =
                ZmqSocket.rep().runOn(again).bind(rig.endpoint()).open();
        ZmqConnection rep = rig.track(bound.retry(1000).block(Rig.SOON)); // the port is free a moment later
        rep.send(rep.receive()).subscribe();
        assertThat(waits.block(Rig.SOON)).isEqualTo("waits");
        awaitNoCalls(client);
    }

    @Test
    void callersThatBreakLeaveNothingBehindAndBreakTheirCallsOnly() {
        RawPlain router = router();
        PlainExchange client = client();
        Mono<String> good = call(client, "good").cache();
        good.subscribe();
        List<ByteBuffer> request = router.nextFrames();
        CountDownLatch told = new CountDownLatch(20);
        for (int i = 0; i < 20; i++) {
            boolean next = i % 2 == 0;
            client.apply(Flux.just(Bytes.utf8("x"))).subscribe(new BrokenSubscriber() {
                @Override
                public void onNext(ByteBuffer buffer) {
                    told.countDown();
                    super.onNext(buffer);
                }

                @Override
                public void onError(Throwable t) {
                    told.countDown();
                    throw new IllegalStateException("I should not throw");
                }
            });
            List<ByteBuffer> frames = router.nextFrames();
            if (next) {
                router.send(frames.toArray(new ByteBuffer[0]));
            }
        }
        router.send(request.toArray(new ByteBuffer[0]));
        assertThat(good.block(Rig.SOON)).isEqualTo("good");
        router.dispose();
        Rig.await(told);
        awaitNoCalls(client);
        client.apply(Flux.empty()).subscribe(new BrokenSubscriber() {
            @Override
            public void onSubscribe(Subscription s) {
                throw new IllegalStateException("I should not throw");
            }
        });
        awaitNoCalls(client);
        client.apply(Flux.never()).subscribe(buffer -> {}, ex -> {
            throw new IllegalStateException("I should not throw");
        });
        client.dispose();
        client.onDispose().block(Rig.SOON);
        rig.await("no call is under way", () -> client.callCount() == 0);
    }

    @Test
    void whateverBecomesOfCallsTheyLeaveNothingBehind() {
        AtomicInteger served = new AtomicInteger();
        Stage handler = request -> request.publishOn(Schedulers.parallel()).doOnComplete(served::incrementAndGet);
        rig.serveApart(handler);
        PlainExchange client = client();
        Random random = new Random(5);
        Mono<Long> all = Flux.range(0, 4000)
                .flatMap(
                        i -> {
                            Mono<String> call = call(client, "call " + i)
                                    .subscribeOn(Schedulers.parallel())
                                    .onErrorComplete(ZmqDisconnectedException.class);
                            Duration soon = Duration.ofNanos(random.nextInt(2_000_000));
                            return i % 2 == 0 ? call : call.takeUntilOther(Mono.delay(soon));
                        },
                        100)
                .count()
                .cache();
        all.subscribe();
        rig.await("a part is served", () -> served.get() > 1000);
        rig.closeApart();
        rig.serve(handler);
        assertThat(all.block(Rig.SOON)).isBetween(1000L, 4000L);
        awaitNoCalls(client);
    }

    @Test
    void callsTowardAPeerThatDoesNotAnswerAreLimited() {
        RawPlain router = router();
        PlainExchange client = client(c -> c.limits(l -> l.maxWaiting(2)));
        Disposable first = call(client, "1").subscribe();
        Disposable second = call(client, "2").subscribe();
        assertThatThrownBy(() -> call(client, "3").block(Rig.SOON))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("2 calls of " + rig.endpoint() + " are under way already (maxWaiting is 2)");
        router.nextFrames();
        router.nextFrames();
        first.dispose();
        second.dispose();
        awaitNoCalls(client);
    }

    @Test
    void requestsThatAPeerDoesNotReadKeepTheirPlaces() {
        RawPlain lazy = rig.track(new RawPlain(ZmqSocket.router()
                .receiveHighWaterMark(1)
                .bufferBytes(8192)
                .runOn(apart)
                .bind(rig.endpoint())));
        int places = 20;
        PlainExchange client = client(c -> c.limits(l -> l.maxWaiting(places)));
        ByteBuffer body = ByteBuffer.allocate(2_000_000);
        List<Disposable> calls = new ArrayList<>();
        for (int i = 0; i < places; i++) {
            calls.add(client.apply(Flux.just(body)).subscribe(reply -> {}, error -> {}));
        }
        rig.settle();
        calls.forEach(Disposable::dispose);
        rig.settle();
        assertThat(client.callCount()).as("requests in the queue").isBetween(1, places - 1);
        assertThat(rig.resources.windows().used()).isGreaterThanOrEqualTo(2_000_000);
        lazy.read();
        awaitNoCalls(client);
    }

    @Test
    void aCallThatThereIsNoMemoryForFails() {
        ZmqResources small = rig.track(ZmqResources.create(o -> o.windowBudget(200_000)));
        rep(request -> ZmqMessage.of(ByteBuffer.allocate(60_000)));
        PlainExchange client = client(c -> c.runOn(small));
        assertThatThrownBy(() -> client.apply(Bytes.endless(1000)).blockLast(Rig.SOON))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("windowBudget");
        assertThatThrownBy(() ->
                        client.apply(Flux.just(ByteBuffer.allocate(60_000))).blockLast(Rig.SOON))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("windowBudget");
        assertThat(call(client, "x").block(Rig.SOON)).hasSize(60_000);
        rig.await("no call is under way", () -> client.callCount() == 0);
        assertThat(small.windows().used()).isZero();
    }

    @Test
    void severalPeersShareTheCalls() {
        Rig other = new Rig(Wiring.TCP);
        rig.serve(request -> Flux.just(Bytes.utf8("here")));
        other.serve(request -> Flux.just(Bytes.utf8("there")));
        ZmqExchange client = rig.track(ZmqClient.create()
                .runOn(rig.resources)
                .connect(rig.endpoint(), other.endpoint())
                .plain()
                .openNow());
        List<String> replies = Flux.range(0, 500)
                .flatMap(i -> call(client, "x"), 50)
                .collectList()
                .block(Rig.SOON);
        assertThat(replies).hasSize(500).contains("here");
        other.close();
        assertThat(Flux.range(0, 50)
                        .flatMap(i -> call(client, "x").retry(5), 1)
                        .collectList()
                        .block(Rig.SOON))
                .containsOnly("here");
    }

    @Test
    void aClientMayBeBound() {
        ZmqExchange client = rig.track(ZmqClient.create()
                .runOn(rig.resources)
                .bind("tcp://127.0.0.1:*")
                .plain()
                .openNow());
        Mono<String> waits = call(client, "waits").cache();
        waits.subscribe();
        ZmqConnection rep =
                ZmqSocket.rep().runOn(apart).connect(client.endpoint()).openNow();
        rep.send(rep.receive().filter(request -> !Probe.text(request).equals("lost")))
                .subscribe();
        assertThat(waits.block(Rig.SOON)).isEqualTo("waits");
        CountDownLatch failed = new CountDownLatch(1);
        call(client, "lost").subscribe(reply -> {}, error -> {
            assertThat(error).isInstanceOf(ZmqDisconnectedException.class);
            failed.countDown();
        });
        rig.settle();
        rep.dispose();
        Rig.await(failed);
    }

    @Test
    void whatIsQueuedForAPeerThatIsGoneKeepsNoPlace() {
        PlainExchange client = rig.track((PlainExchange) ZmqClient.create()
                .runOn(rig.resources)
                .bind("tcp://127.0.0.1:*")
                .plain()
                .openNow());
        ZmqConnection reads = ZmqSocket.dealer()
                .runOn(apart)
                .receiveHighWaterMark(1)
                .bufferBytes(1 << 14)
                .connect(client.endpoint())
                .openNow(); // nothing
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        int calls = 20;
        for (int i = 0; i < calls; i++) {
            client.apply(Flux.just(ByteBuffer.allocate(1 << 20))).subscribe(reply -> {}, failures::add);
        }
        rig.settle();
        reads.dispose();
        rig.await("all have failed", () -> failures.size() == calls);
        assertThat(failures).allSatisfy(ex -> assertThat(ex).isInstanceOf(ZmqDisconnectedException.class));
        awaitNoCalls(client);
    }

    @Test
    void aPeerThatRefusedTheHandshakeIsCalledWhenItLetsEverybodyIn() {
        ZmqConnection strict = ZmqSocket.rep()
                .runOn(apart)
                .plainServer(login -> true)
                .bind(rig.endpoint())
                .openNow();
        PlainExchange client = client(c -> c.requestTimeout(Duration.ofMillis(1500)));
        assertThatThrownBy(() -> call(client, "x").block(Rig.SOON)).hasCauseInstanceOf(TimeoutException.class);
        strict.dispose();
        strict.onDispose().block(Rig.SOON);
        rep(request -> request);
        assertThat(call(client(c -> c), "y").block(Rig.SOON)).isEqualTo("y");
        assertThat(call(client, "z").retry(3).block(Rig.SOON)).isEqualTo("z");
        awaitNoCalls(client);
    }

    @Test
    void tellCompletesWhenTheReplyHasCome() {
        RawPlain router = router();
        PlainExchange client = client();
        StepVerifier.create(client.tell(Flux.just(Bytes.utf8("x"))))
                .then(() -> {
                    List<ByteBuffer> got = router.nextFrames();
                    router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("dropped"));
                })
                .expectComplete()
                .verify(Rig.SOON);
        awaitNoCalls(client);
    }

    @Test
    void whatHasNoMeaningIsRefused() {
        PlainExchange client = client();
        assertThatThrownBy(() -> client.route("x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("neither a route nor a deadline nor metadata");
        assertThatThrownBy(() -> client.tell("x", Flux.empty(), o -> o)).isInstanceOf(IllegalStateException.class);
        ZmqClient c = ZmqClient.create();
        for (Runnable meaningless : List.<Runnable>of(
                () -> c.plain().window(1 << 20),
                () -> c.window(1 << 20).plain(),
                () -> c.plain().idleTimeout(Duration.ofSeconds(1)),
                () -> c.idleTimeout(Duration.ofSeconds(1)).plain())) {
            assertThatThrownBy(meaningless::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has no meaning with plain()");
        }
    }

    @Test
    void disposalEndsEveryCall() {
        RawPlain router = router();
        PlainExchange client = client();
        List<Mono<byte[]>> calls = List.of(
                Bytes.join(client.apply(Flux.never())).cache(),
                Bytes.join(client.apply(Flux.just(Bytes.utf8("in flight")))).cache());
        calls.forEach(call -> call.subscribe(reply -> {}, error -> {}));
        router.nextFrames();
        client.dispose();
        calls.forEach(call -> assertThatThrownBy(() -> call.block(Rig.SOON))
                .isInstanceOf(ZmqException.class)
                .hasMessageContaining("is disposed"));
        assertThatThrownBy(() -> call(client, "after").block(Rig.SOON)).hasMessageContaining("is disposed");
        client.onDispose().block(Rig.SOON);
        awaitNoCalls(client);
    }

    @Test
    void disposalEndsCallsThatWaitForSomebody() {
        PlainExchange client = client();
        Mono<String> call = call(client, "x").cache();
        call.subscribe(reply -> {}, error -> {});
        rig.settle();
        client.dispose();
        assertThatThrownBy(() -> call.block(Rig.SOON)).hasMessageContaining("is disposed");
        client.onDispose().block(Rig.SOON);
        awaitNoCalls(client);
    }

    @Test
    void shutdownLetsCallsEnd() {
        RawPlain router = router();
        PlainExchange client = client();
        Mono<String> call = call(client, "x").cache();
        call.subscribe();
        List<ByteBuffer> got = router.nextFrames();
        Mono<Void> end = client.shutdownGracefully(Rig.SOON).cache();
        end.subscribe();
        assertThatThrownBy(() -> call(client, "late").block(Rig.SOON)).hasMessageContaining("shuts down");
        router.send(got.get(0), got.get(1), EMPTY, Bytes.utf8("y"));
        assertThat(call.block(Rig.SOON)).isEqualTo("y");
        end.block(Rig.SOON);
        assertThat(client.isDisposed()).isTrue();
    }
}
