/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.compress.FlushMode;
import io.fpipe.reactor.compress.Gzip;
import io.fpipe.reactor.compress.TrailingData;
import io.fpipe.reactor.compress.Zlib;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The options of codecs as users in another package write them. */
class CompressOptionsTest {

    @Test
    void canBeChainedInAnyOrderAndReferredTo() {
        UnaryOperator<Zlib.Options> options = Zlib.Options::unlimited;
        Stage stage = Zlib.compress(
                        o -> o.flush(FlushMode.PER_BUFFER).level(6).unlimited().chunkSize(64))
                .then(Gzip.compress(o ->
                        o.trailingData(TrailingData.IGNORE).maxOutputBytes(1).level(0)))
                .then(Gzip.decompress(Gzip.Options::unlimited))
                .then(Zlib.decompress(options));
        byte[] bytes = {1, 2, 3};
        assertThat(Chunks.join(stage.apply(Chunks.of(bytes)), 3).block()).isEqualTo(bytes);
    }
}
