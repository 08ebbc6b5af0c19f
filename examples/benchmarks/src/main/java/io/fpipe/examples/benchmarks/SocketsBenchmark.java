/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.zmq.ZmqConnection;
import io.fpipe.zmq.ZmqMessage;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import org.zeromq.SocketType;
import org.zeromq.ZMQ;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** One way through a DEALER and a ROUTER: Flux to Flux against two blocking threads on plain JeroMQ. */
@Command(
        name = "sockets",
        description =
                "DEALER to ROUTER over tcp on the loopback address, one way: fpipe from Flux to Flux, the source on"
                        + " a thread of its own, against two blocking JeroMQ threads with the same buffer sizes.",
        mixinStandardHelpOptions = true)
final class SocketsBenchmark implements Callable<Integer> {

    private static final int BUFFER_BYTES = 1 << 20;
    private static final String ANY_PORT = "tcp://127.0.0.1:*";

    @Option(names = "--quick", description = "Fewer messages and rounds.")
    private boolean quick;

    @Override
    public Integer call() throws Exception {
        Rates.printMachine();
        for (int size : new int[] {64, 1 << 10, 64 << 10}) {
            int count = (int) Math.min(2_000_000, (4L << 30) / size) / (quick ? 4 : 1);
            Rates.compare(
                    "tcp " + size + " B, one way",
                    count,
                    (long) count * size,
                    quick ? 3 : 7,
                    () -> fpipe(size, count),
                    () -> byHand(size, count));
        }
        return 0;
    }

    private static double fpipe(int size, int count) {
        ZmqResources resources = ZmqResources.create();
        Scheduler source = Schedulers.newSingle("source", true);
        ZmqConnection router =
                ZmqSocket.router().bind(ANY_PORT).runOn(resources).openNow();
        ZmqConnection dealer =
                ZmqSocket.dealer().connect(router.endpoint()).runOn(resources).openNow();
        Flux<ZmqMessage> messages = Flux.range(0, count)
                .map(i -> ZmqMessage.of(ByteBuffer.wrap(new byte[size])))
                .subscribeOn(source);
        long start = System.nanoTime();
        dealer.send(messages).subscribe();
        router.receive().take(count).blockLast();
        double seconds = (System.nanoTime() - start) / 1e9;
        source.dispose();
        resources.dispose();
        resources.onDispose().block();
        return seconds;
    }

    private static double byHand(int size, int count) throws InterruptedException {
        try (ZMQ.Context context = ZMQ.context(1);
                ZMQ.Socket router = context.socket(SocketType.ROUTER);
                ZMQ.Socket dealer = context.socket(SocketType.DEALER)) {
            router.setReceiveBufferSize(BUFFER_BYTES);
            router.bind(ANY_PORT);
            router.setSendBufferSize(BUFFER_BYTES); // before the bind it throws
            dealer.setSendBufferSize(BUFFER_BYTES);
            dealer.setReceiveBufferSize(BUFFER_BYTES);
            dealer.connect(router.getLastEndpoint());
            long start = System.nanoTime();
            Thread sender = new Thread(() -> {
                for (int i = 0; i < count; i++) {
                    dealer.send(new byte[size]);
                }
            });
            sender.start();
            for (int i = 0; i < count; i++) {
                router.recv();
                router.recv();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            sender.join();
            return seconds;
        }
    }
}
