/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Schedulers;

class RaceTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String INPROC = "inproc://race";

    private final ZmqResources resources = ZmqResources.create(o -> o.name("race-test"));
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void everythingCloses() {
        threads.shutdownNow();
        resources.dispose();
        resources.onDispose().block(LIMIT);
    }

    private ZmqSocket dealer() {
        return ZmqSocket.dealer().runOn(resources).linger(Duration.ZERO).highWaterMark(8);
    }

    private ZmqSocket router() {
        return ZmqSocket.router().runOn(resources).linger(Duration.ZERO).highWaterMark(8);
    }

    /** Runs tasks at once, each on a thread of its own. */
    private void race(List<Callable<?>> tasks) throws Exception {
        CyclicBarrier start = new CyclicBarrier(tasks.size());
        List<Future<Object>> results = tasks.stream()
                .map(task -> threads.submit(() -> {
                    start.await(10, TimeUnit.SECONDS);
                    return (Object) task.call();
                }))
                .toList();
        for (Future<Object> result : results) {
            result.get(20, TimeUnit.SECONDS);
        }
    }

    private static Callable<?> run(Runnable task) {
        return Executors.callable(task);
    }

    @Test
    void requestsOfSeveralThreadsGetEveryMessageOnceAndNoneTooMany() throws Exception {
        ZmqConnection router = router().bind(INPROC).openNow();
        ZmqConnection dealer = dealer().connect(INPROC).openNow();
        int rounds = 400;
        int each = 60;
        Probe probe = new Probe(0);
        router.receive().subscribe(probe);
        int expected = 0;
        for (int round = 0; round < rounds; round++) {
            int first = round * each;
            Runnable requests = () -> {
                for (int i = 0; i < each / 2; i++) {
                    probe.request(1);
                }
            };
            Mono<Void> sent = dealer.send(Flux.range(first, each).map(i -> message("" + i)));
            race(List.of(run(requests), run(requests), () -> sent.block(LIMIT)));
            for (int i = 0; i < each; i++) {
                assertThat(probe.nextText()).isEqualTo("" + expected++);
            }
        }
        assertThat(probe.poll(20)).isNull();
        probe.assertNoBreaches();
    }

    @Test
    void sendersOnSeveralThreadsAndRepliesFromTheLoopShareTheSocket() throws Exception {
        int total = 3_000;
        ZmqConnection router = router().bind("tcp://127.0.0.1:*").openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        router.send(router.receive()).subscribe();
        Probe probe = new Probe(Long.MAX_VALUE);
        dealer.receive().subscribe(probe);

        Callable<?> sending = () ->
                dealer.send(Flux.range(0, total).map(i -> message("" + i))).block(LIMIT);
        race(List.of(sending, sending, sending));

        for (int i = 0; i < 3 * total; i++) {
            probe.next();
        }
        assertThat(probe.poll(20)).isNull();
        probe.assertNoBreaches();
    }

    @Test
    void cancellingAndSubscribingAgainLosesAndRepeatsNothing() throws Exception {
        int total = 20_000;
        ZmqConnection router = router().bind(INPROC).openNow();
        ZmqConnection dealer = dealer().connect(INPROC).openNow();
        dealer.send(Flux.range(0, total).map(i -> message("" + i))).subscribe();
        int expected = 0;
        int rounds = 0;
        for (; expected < total && rounds < 2_000; rounds++) {
            Probe probe = new Probe(1 + rounds % 300);
            router.receive().subscribe(probe);
            race(List.of(run(probe::cancel), run(() -> probe.request(7))));
            // the cancel is done, but a message may be on its way: a task of the loop comes after it
            Mono.<Void>create(sink -> resources.loop().execute(sink::success)).block(LIMIT);
            for (ZmqMessage m = probe.poll(0); m != null; m = probe.poll(0)) {
                assertThat(text(m)).isEqualTo("" + expected++);
            }
            probe.assertNoBreaches();
            assertThat(probe.terminations).hasValue(0);
        }
        assertThat(expected).as("messages in " + rounds + " rounds").isPositive();
        Probe last = new Probe(Long.MAX_VALUE);
        router.receive().subscribe(last);
        for (; expected < total; expected++) {
            assertThat(last.nextText()).isEqualTo("" + expected);
        }
    }

    @Test
    void everythingAtOnceOnOneSocketEndsOnceAndAlways() throws Exception {
        ZmqConnection router = router().bind("inproc://peer").openNow();
        router.receive()
                .subscribe(m -> router.send(Flux.just(m)).onErrorComplete().subscribe());
        for (int round = 0; round < 500; round++) {
            String endpoint = round % 2 == 0 ? "inproc://peer" : "inproc://nobody";
            ZmqConnection dealer = dealer().connect(endpoint).openNow();
            Probe probe = new Probe(0);
            AtomicInteger ends = new AtomicInteger();
            Mono<Void> sent = dealer.send(Flux.range(0, 300).map(i -> message("" + i)))
                    .doFinally(how -> count(how, ends))
                    .onErrorComplete(ZmqException.class);
            Mono<Void> silent =
                    dealer.send(Flux.never()).doFinally(how -> count(how, ends)).onErrorComplete(ZmqException.class);
            boolean cancels = round % 3 == 0;
            race(List.of(
                    run(() -> {
                        dealer.receive().subscribe(probe);
                        probe.request(5);
                        if (cancels) {
                            probe.cancel();
                        }
                    }),
                    () -> sent.block(LIMIT),
                    () -> silent.block(LIMIT),
                    run(dealer::dispose)));

            dealer.onDispose().block(LIMIT);
            if (!cancels) {
                probe.awaitEnd();
                assertThat(probe.terminations).hasValue(1);
                assertThat(probe.error).isNull();
            }
            probe.assertNoBreaches();
            assertThat(ends).hasValue(2);
        }
    }

    @Test
    void topicsThatSeveralThreadsChangeWhileOthersReceiveAndDisposeEndWell() throws Exception {
        ZmqConnection pub = ZmqSocket.pub()
                .runOn(resources)
                .waitForFullPeers(true)
                .bind("inproc://pub")
                .bind("tcp://127.0.0.1:*")
                .openNow();
        Disposable publishing = pub.send(Flux.<ZmqMessage>generate(sink -> sink.next(message("topic", "x")))
                        .subscribeOn(Schedulers.boundedElastic()))
                .subscribe();
        for (int round = 0; round < 150; round++) {
            ZmqConnection sub = ZmqSocket.sub()
                    .runOn(resources)
                    .connect(pub.endpoints().get(round % 2))
                    .openNow();
            Probe probe = new Probe(0);
            sub.receive().subscribe(probe);
            Runnable topics = () -> {
                for (int i = 0; i < 10; i++) {
                    sub.subscribe("top");
                    probe.request(3);
                    sub.unsubscribe("top");
                }
            };
            race(List.of(run(topics), run(topics), run(sub::dispose)));

            sub.onDispose().block(LIMIT);
            probe.awaitEnd();
            assertThat(probe.error).isNull();
            probe.assertNoBreaches();
        }
        publishing.dispose();
    }

    private static void count(SignalType how, AtomicInteger ends) {
        if (how != SignalType.CANCEL) {
            ends.incrementAndGet();
        }
    }

    @Test
    void bindingConnectingAndClosingOneInprocNameLeavesNoSocketBehind() throws Exception {
        for (int round = 0; round < 200; round++) {
            String name = "inproc://name" + round % 3;
            Callable<?> binder = () -> {
                for (int i = 0; i < 3; i++) {
                    try {
                        ZmqConnection router = router().bind(name).openNow();
                        router.receive().take(1).subscribe();
                        router.dispose();
                        router.onDispose().block(LIMIT);
                    } catch (ZmqException inUse) {
                        assertThat(inUse).hasMessageContaining("address in use");
                    }
                }
                return null;
            };
            Callable<?> connector = () -> {
                for (int i = 0; i < 3; i++) {
                    ZmqConnection dealer = dealer().connect(name).openNow();
                    dealer.send(Flux.range(0, 5).map(k -> message("" + k))).subscribe(v -> {}, e -> {});
                    dealer.dispose();
                    dealer.onDispose().block(LIMIT);
                }
                return null;
            };
            race(List.of(binder, binder, connector, connector));
        }
        Probe.assertReturnsTo(0, resources::openSockets);
    }
}
