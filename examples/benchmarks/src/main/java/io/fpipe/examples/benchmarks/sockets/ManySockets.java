/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import com.sun.management.UnixOperatingSystemMXBean;
import io.fpipe.zmq.ZmqConnection;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqSocket;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Many receiving sockets on one loop, as many sending ones on another, each pair with a connection of its own. */
final class ManySockets {

    /** A socket of JeroMQ has 4; a pair has a listener and both ends of a connection, too. */
    private static final int DESCRIPTORS_PER_PAIR = 11;

    private static final int OTHER_DESCRIPTORS = 200;
    private static final int SIZE = 64;

    /** Of the default of 1 MiB the engine takes twice as much for each end, outside the heap: 4 GB for 1000 pairs. */
    private static final int BUFFER_BYTES = 8192;

    private static final long LONGEST_SECONDS = 25;

    private ManySockets() {}

    /** Throws if so many pairs need more file descriptors than there may be. */
    static void checkDescriptors(int sockets) {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
            long needed = (long) sockets * DESCRIPTORS_PER_PAIR + OTHER_DESCRIPTORS;
            long limit = system.getMaxFileDescriptorCount();
            if (needed > limit) {
                throw new IllegalStateException(
                        needed + " file descriptors are needed, the limit is " + limit + " (ulimit -n)");
            }
        }
    }

    /** Sends so many messages of 64 bytes in all, and returns the nanoseconds from the start to the last arrival. */
    static long run(int sockets, int count) throws InterruptedException {
        ZmqResources sinks = ZmqResources.create();
        ZmqResources sources = ZmqResources.create();
        Scheduler thread = Schedulers.newSingle("source", true);
        try {
            int each = count / sockets;
            CountDownLatch first = new CountDownLatch(sockets);
            CountDownLatch last = new CountDownLatch(sockets);
            List<ZmqConnection> senders = new ArrayList<>();
            for (int i = 0; i < sockets; i++) {
                ZmqConnection sink = ZmqSocket.pull()
                        .bind("tcp://127.0.0.1:*")
                        .bufferBytes(BUFFER_BYTES)
                        .runOn(sinks)
                        .openNow();
                sink.receiveBytes().take(1L + each).subscribe(counting(1L + each, first, last));
                ZmqConnection sender = ZmqSocket.push()
                        .connect(sink.endpoint())
                        .bufferBytes(BUFFER_BYTES)
                        .runOn(sources)
                        .openNow();
                sender.sendBytes(Mono.just(ByteBuffer.allocate(SIZE))).subscribe();
                senders.add(sender);
            }
            await(first); // every pair is connected
            long start = System.nanoTime();
            for (ZmqConnection sender : senders) {
                Flux<ByteBuffer> messages =
                        Flux.range(0, each).map(i -> ByteBuffer.allocate(SIZE)).subscribeOn(thread);
                sender.sendBytes(messages).subscribe();
            }
            await(last);
            return System.nanoTime() - start;
        } finally {
            thread.dispose();
            sinks.dispose();
            sources.dispose();
            sinks.onDispose().and(sources.onDispose()).block();
        }
    }

    private static Consumer<ByteBuffer> counting(long count, CountDownLatch first, CountDownLatch last) {
        long[] arrived = {0};
        return message -> {
            arrived[0]++;
            if (arrived[0] == 1) {
                first.countDown();
            }
            if (arrived[0] == count) {
                last.countDown();
            }
        };
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(LONGEST_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException(
                    latch.getCount() + " sockets have not received all within " + LONGEST_SECONDS + " s");
        }
    }
}
