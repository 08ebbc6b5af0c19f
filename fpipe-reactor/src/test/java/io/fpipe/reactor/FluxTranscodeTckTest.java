/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import reactor.core.publisher.Flux;

/** One output for one input. */
public class FluxTranscodeTckTest extends AbstractStageTck<Integer> {

    @Override
    protected Flux<Integer> publisher(int n) {
        return Transcoders.transcode(Flux.range(0, n), TestTranscoder.of(1, 1));
    }

    @Override
    protected Flux<Integer> failed() {
        return Transcoders.transcode(Flux.error(new IllegalStateException("source")), TestTranscoder.of(1, 1));
    }
}
