/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** A request of a peer that is not fpipe, which ends with one reply. On the loop, but for the handler's signals. */
final class PlainRequest {

    private final EventLoop loop;
    private final PlainMemory memory;
    private final ExchangeSettings settings;
    private final PlainPeer peer;
    private final List<ByteBuffer> envelope;

    private @Nullable Disposable running;
    private EventLoop.@Nullable Timer expiry;
    private boolean ended;

    PlainRequest(ZmqResources resources, ExchangeSettings settings, PlainPeer peer, List<ByteBuffer> envelope) {
        this.loop = resources.loop();
        this.memory = new PlainMemory(resources, settings);
        this.settings = settings;
        this.peer = peer;
        this.envelope = envelope;
    }

    PlainMemory memory() {
        return memory;
    }

    /** Calls the handler with the frames of the body. */
    void begin(Stage handler, List<ByteBuffer> body, ZmqCall call) {
        peer.begun(this);
        Duration timeout = settings.plain().timeout();
        expiry = loop.schedule(
                timeout.toNanos(), () -> fail(new TimeoutException("no reply of the handler within " + timeout)));
        try {
            Flux<ByteBuffer> reply =
                    requireNonNull(handler.apply(Flux.fromIterable(body)), "the handler returned null");
            Disposable subscription = memory.gather(reply)
                    .subscribe(
                            bytes -> onLoop(() -> answer(bytes)),
                            error -> onLoop(() -> fail(error)),
                            null,
                            call.context());
            if (ended) {
                memory.stop(subscription);
            }
            running = subscription;
        } catch (Throwable ex) { // an Error too: one call's handler must not end the calls of others
            memory.stop(null);
            fail(ex);
        }
    }

    private void onLoop(Runnable task) {
        if (loop.isCurrentThread()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    private void answer(byte[] reply) {
        if (end()) {
            peer.reply(envelope, ByteBuffer.wrap(reply));
        }
    }

    /** Ends it with the reply to an error. */
    void fail(Throwable error) {
        if (end()) {
            peer.refuse(envelope, error);
        }
    }

    /** Ends it because its peer is gone. */
    void cancel() {
        end();
    }

    private boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        peer.ended(this);
        if (expiry != null) {
            loop.cancel(expiry);
        }
        Disposable subscription = running;
        if (subscription != null) {
            memory.stop(subscription);
        }
        memory.release();
        return true;
    }
}
