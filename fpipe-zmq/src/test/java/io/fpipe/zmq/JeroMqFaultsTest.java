/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static io.fpipe.zmq.Probe.message;
import static io.fpipe.zmq.Probe.text;
import static io.fpipe.zmq.Probe.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What goes wrong in JeroMQ 0.6.0, and must not go wrong here. */
class JeroMqFaultsTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String TCP = "tcp://127.0.0.1:*";
    private static final String INPROC = "inproc://name";

    private static final List<String> MECHANISMS = List.of("NULL", "PLAIN", "CURVE", "GSSAPI", "", "NULLX");
    private static final List<String> COMMANDS = List.of(
            "\5READY\13Socket-Type\0\0\0\6DEALER",
            "\5READY\13Socket-Type\0\0\0\3SUB\10Identity\377\377\377\377x",
            "\5READY\10Identity\0\0\0\2\0\0",
            "\5ERROR\4what",
            "\5ERROR\377x",
            "\4PING\0\1x",
            "\4PING",
            "\4PONGx",
            "\11SUBSCRIBEx",
            "\6CANCELx",
            "\5HELLO",
            "\377",
            "\1",
            "",
            "body");

    private final ZmqResources resources = ZmqResources.create(o -> o.name("fault-test"));

    @AfterEach
    void everythingCloses() {
        resources.dispose();
        resources.onDispose().onErrorComplete(ZmqException.class).block(LIMIT);
    }

    private ZmqSocket dealer() {
        return ZmqSocket.dealer().runOn(resources).linger(Duration.ZERO);
    }

    private ZmqSocket router() {
        return ZmqSocket.router().runOn(resources).linger(Duration.ZERO);
    }

    private static Probe receive(ZmqConnection connection) {
        Probe probe = new Probe(Long.MAX_VALUE);
        connection.receive().subscribe(probe);
        return probe;
    }

    private static void send(ZmqConnection connection, ZmqMessage... messages) {
        connection.send(Flux.fromArray(messages)).block(LIMIT);
    }

    // ---- a buffer's position is ignored, and what lies behind its limit is sent

    @Test
    void aBufferWithAPositionAndALimitDoesNotCorruptTheStream() throws Exception {
        ZmqConnection router = router().bind(TCP).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe probe = receive(router);
        ByteBuffer large = ByteBuffer.allocate(65_536).position(100).limit(20_200);

        dealer.sendBytes(Flux.just(Probe.bytes("HEADERbody").position(6), large, Probe.bytes("after")))
                .block(LIMIT);

        assertThat(probe.nextText()).isEqualTo("body");
        assertThat(probe.next().frame(1).remaining()).isEqualTo(20_100);
        assertThat(probe.nextText()).isEqualTo("after");
    }

    // ---- a message of several frames is cut by a disconnect

    /**
     * JeroMQ may see the end of a connection between two frames of a message, a matter of microseconds. With assertions
     * on it then throws, and the socket fails as a whole; what must not be is half a message that looks like one.
     */
    @Test
    void aDisconnectNeverDeliversTheRestOfAMessageAsAMessage() throws Exception {
        ZmqConnection dealer = dealer().bind(TCP).highWaterMark(20).openNow();
        AtomicInteger wrong = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        ZmqMessage three = message("one", "two", "three");
        Flux<ZmqMessage> endless = Flux.generate(sink -> {
            if (stop.get()) {
                sink.complete();
            } else {
                sink.next(three);
            }
        });
        CompletableFuture<Void> sent =
                dealer.send(endless.subscribeOn(Schedulers.boundedElastic())).toFuture();

        for (int i = 0; i < 40 && !sent.isDone(); i++) {
            CompletableFuture<Void> some = new CompletableFuture<>();
            AtomicInteger count = new AtomicInteger();
            ZmqConnection router =
                    router().connect(dealer.endpoint()).highWaterMark(20).openNow();
            router.receive().subscribe(m -> {
                List<String> texts =
                        m.frames().stream().skip(1).map(Probe::text).toList();
                if (!texts.equals(List.of("one", "two", "three"))) {
                    wrong.incrementAndGet();
                } else if (count.incrementAndGet() == 50) {
                    some.complete(null);
                }
            });
            CompletableFuture.anyOf(some, sent.handle((v, ex) -> null)).get(10, TimeUnit.SECONDS);
            router.dispose();
        }
        stop.set(true);

        assertThat(wrong).hasValue(0);
        if (sent.isCompletedExceptionally()) {
            assertThat(sent).failsWithin(LIMIT).withThrowableThat().withCauseInstanceOf(ZmqException.class);
        }
    }

    @Test
    void aPushNeverGivesPartsOfAMessageToTwoPeers() throws Exception {
        ZmqConnection push =
                ZmqSocket.push().runOn(resources).bind(TCP).highWaterMark(20).openNow();
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger wrong = new AtomicInteger();
        ZmqMessage three = message("one", "two", "three");
        CompletableFuture<Void> sent = push.send(Flux.<ZmqMessage>generate(sink -> sink.next(three))
                        .takeWhile(m -> !stop.get())
                        .subscribeOn(Schedulers.boundedElastic()))
                .toFuture();
        ZmqSocket pull =
                ZmqSocket.pull().runOn(resources).connect(push.endpoint()).highWaterMark(20);
        ZmqConnection last = pull.openNow();
        last.receive().subscribe(m -> wrong.addAndGet(m.frames().size() == 3 ? 0 : 1));

        for (int i = 0; i < 30; i++) {
            ZmqConnection some = pull.openNow();
            List<ZmqMessage> got = some.receive().take(50).collectList().block(LIMIT);
            assertThat(got)
                    .extracting(m -> m.frames().stream().map(Probe::text).toList())
                    .containsOnly(List.of("one", "two", "three"));
            some.dispose();
        }
        stop.set(true);

        sent.get(10, TimeUnit.SECONDS); // the socket has survived it, with assertions on too
        assertThat(wrong).hasValue(0);
    }

    // ---- one hostile header ends the IO thread

    @ParameterizedTest
    @ValueSource(
            longs = {2_147_483_640L, 64L << 20 | 1, Long.MAX_VALUE, -1, Long.MIN_VALUE, Long.MIN_VALUE | 2_147_483_640L
            })
    void aHostileFrameHeaderHurtsNobodyElse(long size) throws Exception {
        ZmqConnection router = router().bind(TCP).openNow();
        Probe probe = receive(router);
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        send(dealer, message("before"));
        assertThat(probe.nextText()).isEqualTo("before");

        try (Socket hostile = connectAsDealer(router)) {
            frameHeader(hostile, size);
            awaitNothingMoreOf(hostile);
            send(dealer, message("after"));
            assertThat(nextThatIsNotEmpty(probe)).isEqualTo("after");
        }
        send(dealer().connect(router.endpoint()).openNow(), message("new peer"));
        assertThat(nextThatIsNotEmpty(probe)).isEqualTo("new peer");
    }

    /** A length of 2^63 or more is taken for that of an empty frame. */
    private static String nextThatIsNotEmpty(Probe probe) throws InterruptedException {
        String next = probe.nextText();
        return next.isEmpty() ? probe.nextText() : next;
    }

    @Test
    void bytesThatAreNoHandshakeHurtNobodyElse() throws Exception {
        ZmqConnection router = router().bind(TCP).openNow();
        Probe probe = receive(router);
        for (int seed = 0; seed < 20; seed++) {
            byte[] noise = new byte[200];
            new Random(seed).nextBytes(noise);
            try (Socket hostile = socketTo(router)) {
                hostile.getOutputStream().write(noise);
            }
            try (Socket hostile = connectAsDealer(router)) {
                hostile.getOutputStream().write(noise, 0, 10 + seed);
            }
        }
        send(dealer().connect(router.endpoint()).openNow(), message("good"));

        String last = "";
        for (int i = 0; i < 1000 && !last.equals("good"); i++) { // noise may happen to be a message
            last = probe.nextText();
        }
        assertThat(last).isEqualTo("good");
    }

    @Test
    void framesThatMakeNoSenseHurtNobodyElse() throws Exception {
        ZmqConnection router = router().bind(TCP).openNow();
        Probe probe = receive(router);
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            try (Socket hostile = random.nextInt(4) == 0 ? socketTo(router) : connectAsDealer(router)) {
                OutputStream out = hostile.getOutputStream();
                if (random.nextInt(3) == 0) {
                    out.write(greeting(random.nextInt(5), MECHANISMS.get(random.nextInt(MECHANISMS.size()))));
                }
                for (int i = 0; i < 5; i++) {
                    out.write(frame(random));
                }
            } catch (IOException refused) {
                // closed by the other end before all was written
            }
        }
        send(dealer().connect(router.endpoint()).openNow(), message("good"));

        String last = "";
        for (int i = 0; i < 1000 && !last.equals("good"); i++) {
            last = probe.nextText();
        }
        assertThat(last).isEqualTo("good");
    }

    private static byte[] greeting(int version, String mechanism) {
        ByteBuffer greeting = ByteBuffer.allocate(64);
        greeting.put((byte) 0xff)
                .position(9)
                .put((byte) 0x7f)
                .put((byte) version)
                .put((byte) 0);
        greeting.put(mechanism.getBytes(StandardCharsets.US_ASCII));
        return greeting.array();
    }

    /** A well-formed header, and a body that is a command, part of one, or neither. */
    private static byte[] frame(Random random) {
        byte[] body = COMMANDS.get(random.nextInt(COMMANDS.size())).getBytes(StandardCharsets.ISO_8859_1);
        int length = random.nextInt(3) == 0 ? random.nextInt(body.length + 1) : body.length;
        boolean large = random.nextInt(3) == 0;
        ByteBuffer frame = ByteBuffer.allocate(9 + length);
        frame.put((byte) ((random.nextInt(8) & ~2) | (large ? 2 : 0)));
        if (large) {
            frame.putLong(length);
        } else {
            frame.put((byte) length);
        }
        frame.put(body, 0, length);
        return Arrays.copyOf(frame.array(), frame.position());
    }

    @Test
    void theDeathOfAnIoThreadEndsEverythingWithItsReason() throws Exception {
        assumeTrue(Runtime.getRuntime().maxMemory() < 2_000_000_000L, "2 GB can be allocated here");
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String dump = vm.getVMOption("HeapDumpOnOutOfMemoryError").getValue();
        vm.setVMOption("HeapDumpOnOutOfMemoryError", "false"); // the error is wanted
        try {
            ZmqConnection router =
                    router().bind(TCP).maxMessageBytes(Integer.MAX_VALUE).openNow();
            Probe probe = receive(router);
            Mono<Void> silent = router.send(Flux.<ZmqMessage>never()).cache();
            silent.subscribe(v -> {}, e -> {});
            try (Socket hostile = connectAsDealer(router)) {
                frameHeader(hostile, 2_147_483_000L);
                probe.awaitEnd();
            }
            assertThat(probe.error).isInstanceOf(ZmqException.class).hasMessageContaining("IO thread");
            StepVerifier.create(silent).expectError(ZmqException.class).verify(LIMIT);
            StepVerifier.create(router.onDispose())
                    .expectError(ZmqException.class)
                    .verify(LIMIT);
            assertThatThrownBy(() -> dealer().bind(INPROC).openNow())
                    .isInstanceOf(ZmqException.class)
                    .hasMessageContaining("IO thread");
            resources.dispose();
            StepVerifier.create(resources.onDispose())
                    .expectError(ZmqException.class)
                    .verify(LIMIT);
        } finally {
            vm.setVMOption("HeapDumpOnOutOfMemoryError", dump);
        }
    }

    private static Socket socketTo(ZmqConnection connection) throws IOException {
        String endpoint = connection.endpoint();
        int port = Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(200);
        return socket;
    }

    /** Does the handshake of ZMTP 3.0 with the NULL mechanism by hand. */
    private static Socket connectAsDealer(ZmqConnection connection) throws IOException {
        Socket socket = socketTo(connection);
        ByteBuffer hello = ByteBuffer.allocate(256);
        hello.put((byte) 0xff).position(9).put((byte) 0x7f).put((byte) 3).put((byte) 0);
        hello.put("NULL".getBytes(StandardCharsets.US_ASCII)).position(64);
        byte[] ready = "\5READY\13Socket-Type\0\0\0\6DEALER".getBytes(StandardCharsets.ISO_8859_1);
        hello.put((byte) 4).put((byte) ready.length).put(ready);
        OutputStream out = socket.getOutputStream();
        out.write(hello.array(), 0, hello.position());
        out.flush();
        // the greeting of 64 bytes and a READY command: the handshake is done
        byte[] greeting = socket.getInputStream().readNBytes(66);
        assertThat(socket.getInputStream().readNBytes(greeting[65])).hasSize(greeting[65]);
        return socket;
    }

    private static void frameHeader(Socket socket, long size) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(9).put((byte) 2).putLong(size);
        socket.getOutputStream().write(header.array());
        socket.getOutputStream().flush();
    }

    /** Until the other end closes, or is silent for the time limit of the socket. */
    private static void awaitNothingMoreOf(Socket socket) {
        try {
            for (int i = 0; i < 1000 && socket.getInputStream().read() >= 0; i++) {
                // whatever it is
            }
        } catch (IOException closedOrSilent) {
            // as good as the end
        }
    }

    // ---- asking for the events swallows the sign that a full peer has room again

    @Test
    void aFullPeerIsServedAgainThoughOthersConsumedItsSign() throws Exception {
        ZmqConnection router =
                router().bind(TCP).highWaterMark(1).bufferBytes(8192).openNow();
        ZmqSocket socket = dealer().connect(router.endpoint()).highWaterMark(1).bufferBytes(8192);
        Probe atRouter = receive(router);
        ZmqConnection slow = socket.openNow();
        ZmqConnection other = socket.openNow();
        send(slow, message("slow"));
        ByteBuffer slowId = atRouter.next().frame(0);
        send(other, message("other"));
        ByteBuffer otherId = atRouter.next().frame(0);
        Probe atOther = receive(other);
        Probe atSlow = new Probe(0);
        slow.receive().subscribe(atSlow);
        int total = 60;
        Mono<Void> toSlow = router.send(Flux.range(0, total)
                        .map(i -> ZmqMessage.of(slowId, ByteBuffer.allocate(100_000), Probe.bytes("" + i))))
                .cache();
        toSlow.subscribe();

        for (int i = 0; i < total; i++) {
            send(router, to(otherId, "x")); // on this thread, which consumes the commands of the socket
            atSlow.request(1);
            send(router, to(otherId, "y"));
            assertThat(atSlow.nextText()).isEqualTo("" + i);
            assertThat(atOther.nextText()).isEqualTo("x");
            assertThat(atOther.nextText()).isEqualTo("y");
        }
        toSlow.block(LIMIT);
    }

    // ---- interrupts

    @Test
    void anInterruptedThreadSendsAndKeepsItsFlag() throws Exception {
        ZmqConnection router = router().bind(TCP).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe probe = receive(router);
        AtomicInteger kept = new AtomicInteger();
        Thread thread = new Thread(() -> {
            for (int i = 0; i < 100; i++) {
                Thread.currentThread().interrupt();
                dealer.send(Flux.just(message("" + i, "body"))).subscribe();
                if (Thread.interrupted()) {
                    kept.incrementAndGet();
                }
            }
        });
        thread.start();
        thread.join(10_000);

        for (int i = 0; i < 100; i++) {
            assertThat(text(probe.next().frame(1))).isEqualTo("" + i);
        }
        assertThat(kept).hasValue(100);
    }

    @Test
    void aThreadThatIsInterruptedWhileItSendsLosesNeitherMessagesNorTheInterrupt() throws Exception {
        int total = 20_000;
        ZmqConnection router = router().bind(TCP).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        Probe probe = receive(router);
        AtomicInteger seen = new AtomicInteger();
        AtomicBoolean done = new AtomicBoolean();
        Thread thread = new Thread(() -> {
            dealer.send(Flux.range(0, total)
                            .doOnNext(i -> {
                                if (Thread.interrupted()) {
                                    seen.incrementAndGet();
                                }
                            })
                            .map(i -> message("" + i, "body")))
                    .subscribe();
            done.set(true);
        });
        thread.start();
        for (int i = 0; i < 1_000_000 && !done.get(); i++) {
            thread.interrupt();
            LockSupport.parkNanos(20_000);
        }
        thread.join(10_000);

        for (int i = 0; i < total; i++) {
            ZmqMessage m = probe.next();
            assertThat(m.frames()).hasSize(3);
            assertThat(text(m.frame(1))).isEqualTo("" + i);
        }
        assertThat(seen.get()).isPositive();
    }

    @Test
    void openingAndDisposingOnAnInterruptedThreadWorks() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        AtomicInteger kept = new AtomicInteger();
        Thread thread = new Thread(() -> {
            for (int i = 0; i < 20; i++) {
                Thread.currentThread().interrupt();
                try {
                    ZmqConnection router =
                            router().bind(i % 2 == 0 ? TCP : INPROC).openNow();
                    dealer().connect(router.endpoint()).openNow().dispose();
                    router.dispose();
                } catch (ZmqException e) {
                    failures.incrementAndGet();
                }
                if (Thread.interrupted()) {
                    kept.incrementAndGet();
                }
                Probe.assertReturnsTo(0, resources::openSockets);
            }
        });
        thread.start();
        thread.join(20_000);

        assertThat(failures).hasValue(0);
        assertThat(kept).hasValue(20);
    }

    @Test
    void interruptsOfTheLoopCutNoMessage() throws Exception {
        int total = 5_000;
        ZmqConnection router = router().bind(TCP).openNow();
        ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
        AtomicBoolean done = new AtomicBoolean();
        Mono<Thread> loopThread =
                Mono.create(sink -> resources.loop().execute(() -> sink.success(Thread.currentThread())));
        Thread loop = loopThread.block(LIMIT);
        Thread interrupter = new Thread(() -> {
            while (!done.get()) {
                loop.interrupt();
                LockSupport.parkNanos(20_000);
            }
        });
        interrupter.start();
        try {
            Probe probe = receive(router);
            dealer.send(Flux.range(0, total).map(i -> message("" + i, "b", "c")))
                    .block(LIMIT);
            for (int i = 0; i < total; i++) {
                ZmqMessage m = probe.next();
                assertThat(m.frames()).hasSize(4);
                assertThat(text(m.frame(1))).isEqualTo("" + i);
            }
        } finally {
            done.set(true);
            interrupter.join(10_000);
        }
    }

    // ---- an IO thread that forgets to read from a connection that it has just made

    @Test
    void aMessageThatIsSentWhileItsSocketConnectsDoesNotSilenceTheConnection() {
        ZmqConnection router = router().bind(TCP).openNow();
        for (int i = 0; i < 300; i++) {
            String text = "message " + i;
            ZmqConnection dealer = dealer().connect(router.endpoint()).openNow();
            dealer.send(Mono.just(message(text))).subscribe();
            // JeroMQ notices by itself when the time for the greetings is over, or a second or two later
            ZmqMessage received =
                    router.receive().next().block(Duration.ofMillis(SocketSettings.HANDSHAKE_MILLIS * 3L));
            assertThat(StandardCharsets.UTF_8
                            .decode(received.frame(1).duplicate())
                            .toString())
                    .isEqualTo(text);
            dealer.dispose();
        }
    }

    // ---- SO_SNDBUF of a listener throws

    @Test
    void aSendBufferCanBeSetForABoundSocket() {
        assertThat(router().bind(TCP).bufferBytes(100_000).openNow().endpoint()).startsWith("tcp://127.0.0.1:");
    }

    // ---- the end of the linger time looks for a pipe that a lost connection has taken away

    @Test
    void aConnectionThatIsLostWhileItsSocketLingersHurtsNobodyElse() throws Exception {
        ZmqConnection router = router().bind(TCP).openNow();
        Probe probe = receive(router);
        ZmqConnection other = dealer().connect(router.endpoint()).openNow();
        ZmqSocket push = ZmqSocket.push()
                .runOn(resources)
                .queueOnlyToConnectedPeers(true)
                .linger(Duration.ofMillis(1));
        for (int round = 0; round < 8; round++) {
            ZmqConnection pull = ZmqSocket.pull().runOn(resources).bind(TCP).openNow();
            List<ZmqConnection> pushes = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                pushes.add(push.connect(pull.endpoint()).openNow());
                pushes.get(i).send(Mono.just(message("x"))).subscribe(v -> {}, e -> {});
            }
            pull.receive().take(10).blockLast(LIMIT);
            pull.dispose();
            pushes.forEach(ZmqConnection::dispose);
            Mono.whenDelayError(pushes.stream().map(ZmqConnection::onDispose).toList())
                    .block(LIMIT);
        }

        send(other, message("alive"));
        assertThat(probe.nextText()).isEqualTo("alive");
    }

    // ---- close() returns long before the socket is closed

    @Test
    void aConnectionIsNotReportedDisposedBeforeItsLingerTimeIsOver() {
        ZmqConnection dealer = dealer().connect("tcp://127.0.0.1:9")
                .linger(Duration.ofMillis(400))
                .openNow();
        dealer.send(Mono.just(message("nobody takes it"))).subscribe(); // waits for a connection, then for the linger
        long begin = System.nanoTime();

        dealer.dispose();
        assertThat(dealer.isDisposed()).isTrue();
        dealer.onDispose().block(LIMIT);

        assertThat(System.nanoTime() - begin).isBetween(390_000_000L, 5_000_000_000L);
    }
}
