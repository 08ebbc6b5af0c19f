/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Schedulers;

/**
 * Emits what is written to it, and blocks the writer without demand; {@link Chunks#fromOutputStream} is its contract.
 */
final class DemandedOutputStream extends OutputStream {

    private static final int CHUNK = 8192;

    private final FluxSink<ByteBuffer> sink;

    /** What was requested and not yet emitted. The sink's own count would lag behind an emission. */
    private final AtomicLong demand = new AtomicLong();

    private volatile @Nullable Thread waiting;

    private ByteBuffer block = ByteBuffer.allocate(0);
    private int start;

    private DemandedOutputStream(FluxSink<ByteBuffer> sink) {
        this.sink = sink;
    }

    static Flux<ByteBuffer> of(StreamWriter writer) {
        // With ERROR the sink has no queue; it would tell of an element that exceeds the demand.
        return Flux.create(
                sink -> {
                    DemandedOutputStream out = new DemandedOutputStream(sink);
                    sink.onRequest(out::request).onDispose(out::wakeUp);
                    Schedulers.boundedElastic().schedule(() -> out.run(writer));
                },
                FluxSink.OverflowStrategy.ERROR);
    }

    private void run(StreamWriter writer) {
        try {
            if (!sink.isCancelled()) {
                writer.write(this);
                flush();
            }
            sink.complete();
        } catch (Throwable ex) {
            if (!sink.isCancelled()) { // else it fails because nobody wants the rest
                sink.error(ex);
            }
        }
    }

    private void request(long n) {
        demand.accumulateAndGet(n, Operators::addCap);
        wakeUp();
    }

    private void wakeUp() {
        LockSupport.unpark(waiting);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int end = offset + length;
        for (int from = offset; from < end; ) {
            if (!block.hasRemaining()) {
                flush();
                block = ByteBuffer.allocate(CHUNK);
                start = 0;
            }
            int take = Math.min(end - from, block.remaining());
            block.put(bytes, from, take);
            from += take;
        }
    }

    /** Emits what was gathered. */
    @Override
    public void flush() throws IOException {
        int length = block.position() - start;
        if (length > 0) {
            awaitDemand();
            sink.next(block.slice(start, length));
            start += length;
        }
    }

    private void awaitDemand() throws IOException {
        waiting = Thread.currentThread();
        while (demand.get() == 0 || sink.isCancelled()) {
            if (sink.isCancelled()) {
                throw new IOException("the message was cancelled");
            }
            if (Thread.interrupted()) {
                throw new InterruptedIOException("interrupted while waiting for demand");
            }
            LockSupport.park(this);
        }
        waiting = null;
        demand.updateAndGet(n -> n == Long.MAX_VALUE ? n : n - 1);
    }

    @Override
    public void close() throws IOException {
        flush();
    }
}
