/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Signal;

/** A thousand messages whose first byte chooses between two branches; neither does anything. */
final class CondWork implements Work {

    private static final int MESSAGES = 1_000;

    private final Stage cond = FpipeCond.bytes().whenPrefix(1, Stage.identity()).whenPrefix(2, Stage.identity());
    private final ByteBuffer[] input;
    private final int messageBytes;

    CondWork(int messageBytes, int bufferBytes) {
        byte[] message = new byte[messageBytes];
        message[0] = 2;
        this.messageBytes = messageBytes;
        this.input = Samples.cut(message, bufferBytes);
    }

    @Override
    public long bytes() {
        return (long) MESSAGES * messageBytes;
    }

    @Override
    public void fpipe(Counter output) {
        for (int i = 0; i < MESSAGES; i++) {
            cond.apply(Flux.fromArray(input)).subscribe(output);
        }
    }

    @Override
    public void byHand(Counter output) {
        for (int i = 0; i < MESSAGES; i++) {
            Flux.fromArray(input).switchOnFirst(CondWork::choose).subscribe(output);
        }
    }

    private static Flux<ByteBuffer> choose(Signal<? extends ByteBuffer> first, Flux<ByteBuffer> message) {
        ByteBuffer buffer = first.get();
        if (buffer == null) {
            return message;
        }
        return switch (buffer.get(buffer.position())) {
            case 1, 2 -> message;
            default -> Flux.error(new IllegalStateException("unknown first byte"));
        };
    }

    @Override
    public void check() {
        Counter ours = Counter.create();
        fpipe(ours);
        Counter byHand = Counter.create();
        byHand(byHand);
        if (ours.bytes() != bytes() || byHand.bytes() != bytes() || ours.buffers() != byHand.buffers()) {
            throw new IllegalStateException(
                    "of " + bytes() + " bytes, fpipe passed " + ours.bytes() + ", by hand " + byHand.bytes());
        }
    }
}
