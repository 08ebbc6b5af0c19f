/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqClient;
import io.fpipe.zmq.ZmqExchange;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqServer;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.zeromq.SocketType;
import org.zeromq.ZMQ;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Calls through client and server against REQ and REP by hand. */
@Command(
        name = "exchange",
        description = "Round trips of 64 bytes over tcp on the loopback address: client and server on one loop, one"
                + " call at a time, the next made from the reply's signal, against REQ and REP by hand; 256 in"
                + " flight; a list of a million integers and 400 MB there and back.",
        mixinStandardHelpOptions = true)
final class ExchangeBenchmark implements Callable<Integer> {

    private static final int SIZE = 64;
    private static final int IN_FLIGHT = 256;

    @Option(names = "--quick", description = "Fewer calls and rounds.")
    private boolean quick;

    @Override
    public Integer call() throws Exception {
        Rates.printMachine();
        int rounds = quick ? 3 : 7;
        int one = quick ? 10_000 : 40_000;
        Rates.compare("tcp 64 B, 1 in flight", one, 0, rounds, () -> fpipe(one, 1), () -> byHand(one));
        int many = quick ? 200_000 : 1_000_000;
        Rates.measure("tcp 64 B, 256 in flight", many, rounds, () -> fpipe(many, IN_FLIGHT));
        Serializer<Object> zlib = Cbor.serializer().then(Zlib.compress());
        List<Integer> numbers = IntStream.range(0, 1_000_000).boxed().toList();
        for (String endpoint : List.of("inproc://integers", "tcp://127.0.0.1:*")) {
            object("1,000,000 integers, zlib level 1", endpoint, 4 << 20, 2 * rounds, numbers, zlib, Zlib.decompress());
        }
        byte[] bytes = new byte[400_000_000];
        object("400 MB", "inproc://bytes", 4 << 20, rounds, bytes, Cbor.serializer(), Stage.identity());
        for (int window : new int[] {1 << 20, 4 << 20, 16 << 20}) {
            String what = "400 MB, window " + (window >> 20) + " MiB";
            object(what, "tcp://127.0.0.1:*", window, rounds, bytes, Cbor.serializer(), Stage.identity());
        }
        return 0;
    }

    /** An object there and back: serialized and deserialized on both sides, into an object of its own each time. */
    private static void object(
            String what,
            String endpoint,
            int window,
            int rounds,
            Object object,
            Serializer<Object> outbound,
            Stage decompress)
            throws Exception {
        ZmqResources there = ZmqResources.create();
        ZmqResources here = endpoint.startsWith("inproc") ? there : ZmqResources.create();
        Deserializer<Object> inbound = decompress.into(Cbor.deserializer());
        ZmqBinding server =
                ZmqServer.create().bind(endpoint).window(window).runOn(there).serveNow(inbound, Mono::just, outbound);
        ZmqExchange remote = ZmqClient.create()
                .connect(server.endpoint())
                .window(window)
                .runOn(here)
                .openNow();
        Function<Object, Mono<Object>> call = outbound.then(remote).into(inbound);
        Rates.measure(endpoint.substring(0, endpoint.indexOf(':')) + ", " + what, 1, rounds, () -> {
            long start = System.nanoTime();
            Object answer = call.apply(object).block();
            double seconds = (System.nanoTime() - start) / 1e9;
            if (answer == object || !Objects.deepEquals(object, answer)) {
                throw new IllegalStateException("the object came back different");
            }
            return seconds;
        });
        here.dispose();
        there.dispose();
        here.onDispose().and(there.onDispose()).block();
    }

    private static double fpipe(int calls, int inFlight) {
        ZmqResources resources = ZmqResources.create();
        ZmqBinding server =
                ZmqServer.create().bind("tcp://127.0.0.1:*").runOn(resources).serveNow(Stage.identity());
        ZmqExchange remote =
                ZmqClient.create().connect(server.endpoint()).runOn(resources).openNow();
        ByteBuffer body = ByteBuffer.allocate(SIZE);
        remote.apply(Flux.just(body)).blockLast();
        long start = System.nanoTime();
        // flatMap subscribes to the next call from the signal that completes one
        Flux.range(0, calls)
                .flatMap(i -> remote.apply(Flux.just(body)), inFlight)
                .blockLast();
        double seconds = (System.nanoTime() - start) / 1e9;
        resources.dispose();
        resources.onDispose().block();
        return seconds;
    }

    private static double byHand(int calls) throws InterruptedException {
        try (ZMQ.Context context = ZMQ.context(1);
                ZMQ.Socket rep = context.socket(SocketType.REP);
                ZMQ.Socket req = context.socket(SocketType.REQ)) {
            rep.bind("tcp://127.0.0.1:*");
            req.connect(rep.getLastEndpoint());
            Thread server = new Thread(() -> {
                for (int i = 0; i <= calls; i++) {
                    rep.send(rep.recv());
                }
            });
            server.start();
            req.send(new byte[SIZE]);
            req.recv();
            long start = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                req.send(new byte[SIZE]);
                req.recv();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            server.join();
            return seconds;
        }
    }
}
