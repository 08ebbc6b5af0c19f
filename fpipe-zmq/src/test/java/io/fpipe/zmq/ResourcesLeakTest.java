/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.assertReturnsTo;
import static io.fpipe.zmq.Probe.message;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class ResourcesLeakTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String PREFIX = "leak-test";

    @Test
    void socketsGiveBackTheirDescriptors() throws Exception {
        ZmqResources resources = ZmqResources.create(o -> o.name(PREFIX));
        openAndDispose(resources, 10, 0);
        long before = descriptors();

        for (int i = 0; i < 20; i++) {
            openAndDispose(resources, 10, i);
        }

        assertReturnsTo(before, ResourcesLeakTest::descriptors);
        assertReturnsTo(0, resources::openSockets);
        resources.dispose();
        resources.onDispose().block(LIMIT);
        assertReturnsTo(0, ResourcesLeakTest::threads);
    }

    private static void openAndDispose(ZmqResources resources, int pairs, int round) {
        List<ZmqConnection> connections = open(resources, pairs);
        if (round % 2 == 1) {
            Collections.reverse(connections);
        }
        connections.forEach(Disposable::dispose);
        Mono.whenDelayError(connections.stream().map(ZmqConnection::onDispose).toList())
                .block(LIMIT);
    }

    /** Pairs over tcp and inproc that have talked, with something under way. */
    private static List<ZmqConnection> open(ZmqResources resources, int pairs) {
        List<ZmqConnection> connections = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            String endpoint = i % 2 == 0 ? "tcp://127.0.0.1:*" : "inproc://leak" + i;
            ZmqConnection router =
                    ZmqSocket.router().runOn(resources).bind(endpoint).openNow();
            ZmqConnection dealer = ZmqSocket.dealer()
                    .runOn(resources)
                    .connect(router.endpoint())
                    .openNow();
            Mono<ZmqMessage> first = router.receive().next().cache();
            first.subscribe();
            dealer.send(Flux.just(message("a"), message("b"))).block(LIMIT);
            first.block(LIMIT);
            dealer.receive().subscribe();
            connections.add(router);
            connections.add(dealer);
        }
        return connections;
    }

    @Test
    void resourcesGiveBackThreadsAndDescriptorsInWhateverOrderTheyAreDisposed() throws Exception {
        round(0);
        assertReturnsTo(0, ResourcesLeakTest::threads);
        long before = descriptors();

        for (int i = 0; i < 20; i++) {
            round(i);
        }

        assertReturnsTo(0, ResourcesLeakTest::threads);
        assertReturnsTo(before, ResourcesLeakTest::descriptors);
    }

    private static void round(int i) throws InterruptedException {
        ZmqResources resources = ZmqResources.create(o -> o.name(PREFIX));
        List<ZmqConnection> connections = open(resources, 10);
        Mono<Void> all = Mono.whenDelayError(Flux.fromIterable(connections)
                .map(ZmqConnection::onDispose)
                .collectList()
                .block());
        Runnable dispose = switch (i % 4) {
            case 0 -> resources::dispose; // the resources alone
            case 1 ->
                () -> { // first the connections
                    connections.forEach(Disposable::dispose);
                    resources.dispose();
                };
            case 2 ->
                () -> { // first the resources
                    resources.dispose();
                    connections.forEach(Disposable::dispose);
                };
            default ->
                () -> { // all mixed, and twice
                    connections.subList(0, 7).forEach(Disposable::dispose);
                    resources.dispose();
                    Collections.reverse(connections);
                    connections.forEach(Disposable::dispose);
                    resources.dispose();
                };
        };
        Thread thread = new Thread(() -> {
            if (i % 3 == 1) {
                Thread.currentThread().interrupt();
            }
            dispose.run();
        });
        thread.start();
        thread.join(10_000);
        all.block(LIMIT);
        resources.onDispose().block(LIMIT);
    }

    /** A socket of each type, connected to one that answers who may log in, with something under way. */
    private static List<ZmqConnection> openEach(ZmqResources resources) {
        List<ZmqSocket> bound = List.of(
                ZmqSocket.pull(),
                ZmqSocket.xpub(),
                ZmqSocket.pub(),
                ZmqSocket.rep(),
                ZmqSocket.router(),
                ZmqSocket.pair());
        List<ZmqSocket> connected = List.of(
                ZmqSocket.push(),
                ZmqSocket.sub("x"),
                ZmqSocket.sub(""),
                ZmqSocket.req(),
                ZmqSocket.dealer(),
                ZmqSocket.pair());
        List<ZmqConnection> connections = new ArrayList<>();
        for (int i = 0; i < bound.size(); i++) {
            ZmqConnection server = bound.get(i)
                    .runOn(resources)
                    .linger(Duration.ofMillis(50))
                    .plainServer(c -> c.user().equals("bob"))
                    .bind("tcp://127.0.0.1:*")
                    .bind("inproc://each" + i)
                    .openNow();
            ZmqConnection client = connected
                    .get(i)
                    .runOn(resources)
                    .linger(Duration.ofMillis(50))
                    .plain(i % 2 == 0 ? "bob" : "eve", "")
                    .connect(server.endpoint())
                    .connect("inproc://each" + i)
                    .openNow();
            for (ZmqConnection connection : List.of(server, client)) {
                connections.add(connection);
                connection.events().subscribe();
                if (connection != server || i % 3 != 2) {
                    start(connection);
                }
            }
        }
        return connections;
    }

    private static void start(ZmqConnection connection) {
        try {
            connection.receive().subscribe();
        } catch (IllegalStateException sendsOnly) {
            assertThat(sendsOnly).hasMessageContaining("does not receive");
        }
        try {
            connection
                    .send(Flux.range(0, 20).map(i -> message("x" + i, "body")))
                    .subscribe(v -> {}, e -> {});
        } catch (IllegalStateException receivesOnly) {
            assertThat(receivesOnly).hasMessageContaining("does not send");
        }
    }

    @Test
    void socketsOfEachTypeLeaveNothingInWhateverOrderTheyAreDisposed() throws Exception {
        disposeEach(0);
        assertReturnsTo(0, ResourcesLeakTest::threads);
        long before = descriptors();

        for (int i = 0; i < 8; i++) {
            disposeEach(i);
        }

        assertReturnsTo(0, ResourcesLeakTest::threads);
        assertReturnsTo(before, ResourcesLeakTest::descriptors);
    }

    private static void disposeEach(int round) throws InterruptedException {
        ZmqResources resources = ZmqResources.create(o -> o.name(PREFIX));
        List<ZmqConnection> connections = openEach(resources);
        if (round % 2 == 1) {
            Collections.shuffle(connections, new Random(round));
        }
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            int first = t;
            threads.add(new Thread(() -> {
                if (first == 1) {
                    Thread.currentThread().interrupt();
                }
                for (int i = first; i < connections.size(); i += round % 4 == 3 ? 3 : 1) {
                    connections.get(i).dispose();
                }
                if (first == round % 3) {
                    resources.dispose();
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join(10_000);
        }
        Mono.whenDelayError(connections.stream().map(ZmqConnection::onDispose).toList())
                .block(LIMIT);
        resources.onDispose().block(LIMIT);
    }

    @Test
    void resourcesThatWereNeverUsedEndToo() throws Exception {
        for (int i = 0; i < 20; i++) {
            ZmqResources resources = ZmqResources.create(o -> o.name(PREFIX));
            resources.dispose();
            resources.onDispose().block(LIMIT);
            assertThat(resources.isDisposed()).isTrue();
        }
        assertReturnsTo(0, ResourcesLeakTest::threads);
    }

    @Test
    void opensAndBindsThatFailLeaveNothing() throws Exception {
        ZmqResources resources = ZmqResources.create(o -> o.name(PREFIX));
        ZmqConnection router =
                ZmqSocket.router().runOn(resources).bind("tcp://127.0.0.1:*").openNow();
        refused(resources, router.endpoint());
        assertReturnsTo(1, resources::openSockets);
        long before = descriptors();

        for (int i = 0; i < 50; i++) {
            refused(resources, router.endpoint());
        }

        assertReturnsTo(1, resources::openSockets);
        assertReturnsTo(before, ResourcesLeakTest::descriptors);
        resources.dispose();
        resources.onDispose().block(LIMIT);
        assertReturnsTo(0, ResourcesLeakTest::threads);
    }

    private static void refused(ZmqResources resources, String endpoint) {
        for (String address : List.of(endpoint, "tcp://no-such-host.invalid:1")) {
            Mono<ZmqConnection> open =
                    ZmqSocket.dealer().runOn(resources).bind(address).open();
            assertThat(open.map(c -> "opened")
                            .onErrorReturn(ZmqException.class, "refused")
                            .block(LIMIT))
                    .isEqualTo("refused");
        }
    }

    @Test
    void sharedResourcesAreCreatedAgainAfterTheyWereDisposed() {
        ZmqResources first = ZmqResources.shared();
        assertThat(ZmqResources.shared()).isSameAs(first);
        first.dispose();
        first.onDispose().block(LIMIT);

        ZmqConnection connection = ZmqSocket.router().bind("inproc://shared").openNow();

        assertThat(ZmqResources.shared()).isNotSameAs(first);
        connection.dispose();
        connection.onDispose().block(LIMIT);
        ZmqResources.shared().dispose();
    }

    @Test
    void openingWhileTheResourcesAreDisposedLeavesNothing() throws Exception {
        for (int i = 0; i < 200; i++) {
            ZmqResources resources = ZmqResources.create(o -> o.name(PREFIX));
            List<Mono<Void>> ends = Collections.synchronizedList(new ArrayList<>());
            int round = i;
            Thread opener = new Thread(() -> {
                for (int k = 0; k < 5; k++) {
                    try {
                        ends.add(ZmqSocket.router()
                                .runOn(resources)
                                .bind("inproc://" + round + k)
                                .openNow()
                                .onDispose());
                    } catch (ZmqException expected) {
                        return; // the resources are disposed
                    }
                }
            });
            opener.start();
            resources.dispose();
            opener.join(10_000);
            // a socket that lost the race fails, one that was opened before is closed
            Mono.whenDelayError(ends).onErrorComplete(ZmqException.class).block(LIMIT);
            resources.onDispose().block(LIMIT);
        }
        assertReturnsTo(0, ResourcesLeakTest::threads);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().startsWith(PREFIX))
                .count();
    }

    /** 0 where it cannot be told. */
    private static long descriptors() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? 0 : open.length;
    }
}
