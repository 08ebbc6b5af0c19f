/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.Stage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeoutException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Another process that is a server for calls from here and a client that calls here all the time, to be stopped and
 * killed. Whether its own calls end right stands in a {@link Ledger}.
 */
final class ExchangeVictim implements AutoCloseable {

    private static final int RIGHT = 0;
    private static final int FAILED = 1;
    private static final int WRONG = 2;
    private static final int CALLS = 3;

    final OtherJvm jvm;
    private final Ledger ledger;

    private ExchangeVictim(OtherJvm jvm, Ledger ledger) {
        this.jvm = jvm;
        this.ledger = ledger;
    }

    /** Starts a process that does nothing before {@link #begin}. */
    static ExchangeVictim start(Path file, Rig.Wiring wiring, String serves, String calls, long seed) {
        Ledger ledger = new Ledger(file);
        OtherJvm jvm =
                OtherJvm.start(ExchangeVictim.class, 64, file.toString(), wiring.name(), serves, calls, "" + seed);
        return new ExchangeVictim(jvm, ledger);
    }

    void begin() {
        jvm.tell("begin");
    }

    /** How many of its calls had the right reply. */
    long right() {
        return ledger.get(RIGHT);
    }

    /** How many ended with an error of those that are documented. */
    long failed() {
        return ledger.get(FAILED);
    }

    /** How many ended in any other way. */
    long wrong() {
        return ledger.get(WRONG);
    }

    @Override
    public void close() {
        jvm.close();
    }

    /** A length that is often small and now and then several megabytes. */
    static int length(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1, 2, 3 -> random.nextInt(5000);
            case 4, 5, 6 -> random.nextInt(500_000);
            default -> random.nextInt(4_000_000);
        };
    }

    /** Whether an error is one of those that a call may end with. */
    static boolean isDocumented(Throwable error) {
        return error instanceof ZmqException || error instanceof TimeoutException;
    }

    /** Short enough for a test, long enough that a busy machine does not make a peer look lost. */
    static ZmqLimits limits(ZmqLimits limits) {
        return limits.ping(Duration.ofMillis(250), Duration.ofSeconds(1));
    }

    static ZmqServer server(boolean connects, String endpoint) {
        ZmqServer server = ZmqServer.create().limits(ExchangeVictim::limits);
        return connects ? server.connect(endpoint) : server.bind(endpoint);
    }

    static ZmqClient client(boolean binds, String endpoint) {
        ZmqClient client =
                ZmqClient.create().requestTimeout(Duration.ofSeconds(10)).limits(ExchangeVictim::limits);
        return binds ? client.bind(endpoint) : client.connect(endpoint);
    }

    /** Calls an echo; whether all of the right bytes came back. */
    static Mono<Boolean> call(ZmqExchange exchange, int seed, int length, int buffer) {
        Flux<ByteBuffer> message = Noise.message(seed, length, buffer);
        return Noise.length(seed, exchange.apply(message)).map(n -> n == length);
    }

    public static void main(String[] args) throws IOException {
        Ledger ledger = new Ledger(Path.of(args[0]));
        Random random = new Random(Long.parseLong(args[4]));
        boolean clientBinds = Rig.Wiring.valueOf(args[1]).clientBinds();
        while (System.in.read() >= ' ') {
            // until it is told to begin
        }
        server(clientBinds, args[2]).serveNow(Stage.identity());
        ZmqExchange exchange = client(clientBinds, args[3]).openNow();
        Flux.range(0, Integer.MAX_VALUE)
                .flatMap(
                        i -> call(exchange, i, length(random), 1000 + random.nextInt(100_000))
                                .doOnNext(right -> ledger.increment(right ? RIGHT : WRONG))
                                .onErrorResume(ex -> {
                                    ledger.increment(isDocumented(ex) ? FAILED : WRONG);
                                    return isDocumented(ex) ? Mono.empty() : Mono.error(ex); // is printed
                                }),
                        CALLS)
                .subscribe();
        while (System.in.read() >= 0) {
            // until whoever started it ends
        }
        System.exit(0);
    }
}
