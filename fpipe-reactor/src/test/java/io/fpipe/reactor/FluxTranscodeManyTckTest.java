/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;

/** Many outputs for one input: three, and the rest for the last. */
public class FluxTranscodeManyTckTest extends AbstractStageTck<Integer> {

    /** Counts down from its input. */
    private static final class Countdown implements Transcoder<Integer, Integer> {
        private int left;
        private boolean ended;

        @Override
        public void feed(Integer input) {
            left = input;
        }

        @Override
        public void end() {
            ended = true;
        }

        @Override
        public Integer poll() {
            return left == 0 ? null : left--;
        }

        @Override
        public boolean isFinished() {
            return ended && left == 0;
        }
    }

    @Override
    protected Flux<Integer> publisher(int n) {
        List<Integer> counts = new ArrayList<>();
        for (int left = n; left > 0; left -= 3) {
            counts.add(Math.min(3, left));
        }
        return Transcoders.transcode(Flux.fromIterable(counts), Countdown::new);
    }

    @Override
    protected Flux<Integer> failed() {
        return Transcoders.transcode(Flux.error(new IllegalStateException("source")), Countdown::new);
    }
}
