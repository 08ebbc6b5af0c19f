/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.AbstractStageTck;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

/** Three bytes at a time are four characters at a time. */
public class Base64TckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Texts.base64Encode()
                .then(Texts.base64Decode())
                .apply(Flux.range(0, n).map(i -> ByteBuffer.allocate(3)));
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Texts.base64Decode().apply(Flux.error(new IllegalStateException("source")));
    }
}
