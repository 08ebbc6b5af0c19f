/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;

public class FromOutputStreamTckTest extends AbstractStageTck<ByteBuffer> {

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        return Chunks.fromOutputStream(stream -> {
            for (int i = 0; i < n; i++) {
                stream.write(i);
                stream.flush();
            }
        });
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return Chunks.fromOutputStream(stream -> {
            throw new IllegalStateException("writer");
        });
    }
}
