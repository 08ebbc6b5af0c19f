/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** The publisher of one frame. */
public class FrameTckTest extends AbstractStageTck<ByteBuffer> {

    private static final Frames FRAMES = Frames.lengthPrefix(4);

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        Flux<ByteBuffer> bytes = Flux.range(0, n).map(i -> ByteBuffer.allocate(1));
        Flux<Flux<ByteBuffer>> frames =
                FRAMES.decode(bytes.startWith(ByteBuffer.allocate(4).putInt(0, n)));
        return Flux.from((Publisher<ByteBuffer>) actual -> first(frames, frame -> frame.subscribe(actual)));
    }

    /** Asks for one frame, which therefore stays open, and hands it on. */
    private static void first(Flux<Flux<ByteBuffer>> frames, Consumer<Flux<ByteBuffer>> consumer) {
        frames.subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription s) {
                s.request(1);
            }

            @Override
            protected void hookOnNext(Flux<ByteBuffer> frame) {
                consumer.accept(frame);
            }

            @Override
            protected void hookOnError(Throwable ex) {}
        });
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        Sinks.Many<ByteBuffer> source = Sinks.many().unicast().onBackpressureBuffer();
        source.tryEmitNext(ByteBuffer.allocate(5).putInt(0, 9));
        List<Flux<ByteBuffer>> frames = new ArrayList<>();
        first(FRAMES.decode(source.asFlux()), frames::add);
        source.tryEmitError(new IllegalStateException("source"));
        return frames.get(0);
    }
}
