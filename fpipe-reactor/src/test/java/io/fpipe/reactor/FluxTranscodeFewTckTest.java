/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import reactor.core.publisher.Flux;

/** One output for three inputs. */
public class FluxTranscodeFewTckTest extends AbstractStageTck<Integer> {

    @Override
    protected Flux<Integer> publisher(int n) {
        return Transcoders.transcode(Flux.range(0, 3 * n), TestTranscoder.of(3, 1));
    }

    @Override
    protected Flux<Integer> failed() {
        return Transcoders.transcode(Flux.error(new IllegalStateException("source")), TestTranscoder.of(3, 1));
    }
}
