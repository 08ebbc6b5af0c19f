/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What may go wrong with a call of a {@link ZmqTestExchange}. Immutable. */
public final class ZmqFault {

    static final ZmqFault NONE = new ZmqFault(request -> request, (reply, exchange) -> reply);

    final UnaryOperator<Flux<ByteBuffer>> request;
    final Change reply;

    private ZmqFault(UnaryOperator<Flux<ByteBuffer>> request, Change reply) {
        this.request = request;
        this.reply = reply;
    }

    /** Changes a reply. */
    interface Change {
        Flux<ByteBuffer> apply(Flux<ByteBuffer> reply, ZmqTestExchange exchange);
    }

    /**
     * The handler is called later.
     *
     * @param by how much later
     * @return the fault
     */
    public static ZmqFault delay(Duration by) {
        requireNonNull(by, "by");
        return new ZmqFault(request -> request, (reply, exchange) -> reply.delaySubscription(by));
    }

    /**
     * Each buffer of the reply takes its time.
     *
     * @param each how long
     * @return the fault
     */
    public static ZmqFault slow(Duration each) {
        requireNonNull(each, "each");
        return new ZmqFault(request -> request, (reply, exchange) -> later(reply, each));
    }

    /**
     * The handler gets each buffer of the request late; the next one is not asked for before that.
     *
     * @param each how late
     * @return the fault
     */
    public static ZmqFault slowReader(Duration each) {
        requireNonNull(each, "each");
        return new ZmqFault(request -> later(request, each), (reply, exchange) -> reply);
    }

    /**
     * No reply comes.
     *
     * @return the fault
     */
    public static ZmqFault silence() {
        return new ZmqFault(request -> request, (reply, exchange) -> Flux.never());
    }

    /**
     * The reply is aborted after some bytes, if it is longer.
     *
     * @param bytes how many bytes arrive
     * @param code the code of the {@link ZmqRemoteException}
     * @param text its text
     * @return the fault
     */
    public static ZmqFault abort(long bytes, int code, String text) {
        checkBytes(bytes);
        requireNonNull(text, "text");
        return new ZmqFault(
                request -> request,
                (reply, exchange) -> first(reply, bytes, () -> Flux.error(new ZmqRemoteException(code, text))));
    }

    /**
     * The server is lost after some bytes of the reply, if it is longer, and is there again at once: all running
     * calls fail with {@link ZmqDisconnectedException}.
     *
     * @param bytes how many bytes arrive
     * @return the fault
     */
    public static ZmqFault cut(long bytes) {
        checkBytes(bytes);
        return new ZmqFault(
                request -> request,
                (reply, exchange) -> first(reply, bytes, () -> {
                    exchange.lose();
                    exchange.recover();
                    return Flux.never(); // the call has failed already
                }));
    }

    private static void checkBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must be at least 0, was " + bytes);
        }
    }

    private static Flux<ByteBuffer> later(Flux<ByteBuffer> buffers, Duration each) {
        return buffers.concatMap(buffer -> Mono.delay(each).thenReturn(buffer), 0);
    }

    private static Flux<ByteBuffer> first(Flux<ByteBuffer> reply, long bytes, Supplier<Flux<ByteBuffer>> then) {
        return Flux.defer(() -> {
            AtomicLong left = new AtomicLong(bytes);
            return reply.concatMap(
                    buffer -> {
                        int n = buffer.remaining();
                        if (n <= left.get()) {
                            left.addAndGet(-n);
                            return Flux.just(buffer);
                        }
                        ByteBuffer part = buffer.slice(buffer.position(), (int) left.getAndSet(0));
                        Flux<ByteBuffer> before = part.hasRemaining() ? Flux.just(part) : Flux.empty();
                        return before.concatWith(Flux.defer(then));
                    },
                    0);
        });
    }
}
