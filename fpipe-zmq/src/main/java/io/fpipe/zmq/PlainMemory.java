/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.LimitExceededException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/** What a plain call holds in memory, as a part of the budget. Any thread may use it. */
final class PlainMemory {

    /** Each message has a limit of its own, which is lower. */
    private static final long ANY = Integer.MAX_VALUE;

    private final WindowBudget budget;
    private final ExchangeSettings settings;

    private volatile @Nullable Subscription source;

    // Guarded by this.
    private long reserved;
    private boolean released;

    PlainMemory(ZmqResources resources, ExchangeSettings settings) {
        this.budget = resources.windows();
        this.settings = settings;
    }

    /** Gathers a message, for one subscription; fails if it is too long or there is no room for it. */
    Mono<byte[]> gather(Flux<ByteBuffer> message) {
        long[] count = new long[1];
        Flux<ByteBuffer> limited = message.doOnSubscribe(s -> source = s)
                .doOnNext(buffer -> {
                    count[0] += buffer.remaining();
                    if (count[0] > settings.plainBytes()) {
                        throw settings.plainTooLarge(count[0]);
                    }
                    if (!reserve(buffer.remaining())) {
                        throw exceeded();
                    }
                })
                .onErrorStop(); // never skip a buffer
        return Chunks.join(limited, ANY);
    }

    /**
     * Ends the gathering for good; null if its subscription has failed, which may have begun all the same. A source that
     * throws, against rule 3.15 of Reactive Streams, harms nobody else.
     */
    void stop(@Nullable Disposable gathering) {
        Subscription begun = source;
        try {
            if (gathering != null) {
                gathering.dispose();
            } else if (begun != null) {
                begun.cancel();
            }
        } catch (Throwable ex) {
            ExchangeStream.dropped(ex, Context.empty());
        }
    }

    /**
     * Takes memory for bytes; returns whether there is any. What is gathered after the end is dropped. A short message is
     * as the beginning of a stream; what is longer has no more of the budget than windows that grow.
     */
    synchronized boolean reserve(long bytes) {
        if (released) {
            return true;
        }
        boolean isShort = reserved + bytes <= budget.firstCredit();
        if (!(isShort ? budget.reserve(bytes) : budget.reserveMore(bytes))) {
            return false;
        }
        reserved += bytes;
        return true;
    }

    LimitExceededException exceeded() {
        return budget.exceeded();
    }

    /** Gives all back. */
    synchronized void release() {
        released = true;
        budget.release(reserved);
        reserved = 0;
    }
}
