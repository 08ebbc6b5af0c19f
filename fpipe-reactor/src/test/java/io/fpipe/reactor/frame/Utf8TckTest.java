/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import reactor.core.publisher.Flux;

/** One string for each that was written. */
public class Utf8TckTest extends AbstractStageTck<String> {

    @Override
    protected Flux<String> publisher(int n) {
        return Texts.deserializer()
                .deserialize(Texts.serializer().serialize(Flux.range(0, n).map(i -> "\u00e9")));
    }

    @Override
    protected Flux<String> failed() {
        return Texts.deserializer().deserialize(Flux.error(new IllegalStateException("source")));
    }
}
