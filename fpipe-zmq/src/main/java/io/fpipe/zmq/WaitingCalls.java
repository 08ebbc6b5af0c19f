/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/** The calls of a client that wait for a server, and their limit. Any thread may use it. */
final class WaitingCalls {

    private final int limit;
    private final Queue<Call> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();

    WaitingCalls(int limit) {
        this.limit = limit;
    }

    /** Has a call wait; returns false if too many do. */
    boolean add(Call call) {
        if (size.incrementAndGet() > limit) {
            removeAbandoned();
            if (size.get() > limit) {
                size.decrementAndGet();
                return false;
            }
        }
        queue.add(call);
        return true;
    }

    @Nullable
    Call poll() {
        Call call = queue.poll();
        if (call != null) {
            leave(call);
        }
        return call;
    }

    /** Forgets those that wait no longer. */
    void removeAbandoned() {
        queue.removeIf(call -> call.stream.isAbandoned() && leave(call));
    }

    /** Counts a call no longer; once, whoever else takes it out at the same time. */
    private boolean leave(Call call) {
        if (call.left.compareAndSet(false, true)) {
            size.decrementAndGet();
        }
        return true;
    }

    /** Fails them all, but not those that are made because of that; on the loop. */
    void fail(Throwable reason) {
        List<Call> all = new ArrayList<>();
        for (Call call = poll(); call != null; call = poll()) {
            all.add(call);
        }
        all.forEach(call -> call.stream.disposed(reason));
    }

    Iterable<Call> all() {
        return queue;
    }

    /** How many still wait. */
    int count() {
        int count = 0;
        for (Call call : queue) {
            count += call.stream.isAbandoned() ? 0 : 1;
        }
        return count;
    }

    /** A message and the stream that is to send it. */
    record Call(Flux<ByteBuffer> message, ExchangeStream stream, AtomicBoolean left) {

        Call(Flux<ByteBuffer> message, ExchangeStream stream) {
            this(message, stream, new AtomicBoolean());
        }
    }
}
