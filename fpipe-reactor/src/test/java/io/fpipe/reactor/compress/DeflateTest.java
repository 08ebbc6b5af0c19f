/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import static io.fpipe.reactor.compress.Samples.NONE;
import static io.fpipe.reactor.compress.Samples.ONE;
import static io.fpipe.reactor.compress.Samples.TEXT;
import static io.fpipe.reactor.compress.Samples.noise;
import static io.fpipe.reactor.compress.Samples.prose;
import static io.fpipe.reactor.compress.Samples.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

class DeflateTest {

    @Test
    void isReadAndWrittenByTheStandardLibrary() throws IOException {
        for (byte[] bytes : List.of(NONE, ONE, TEXT, noise(100_000), prose(300_000))) {
            byte[] compressed = run(Deflate.compress(), bytes);
            assertThat(new InflaterInputStream(new ByteArrayInputStream(compressed), new Inflater(true)).readAllBytes())
                    .isEqualTo(bytes);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (DeflaterOutputStream deflating =
                    new DeflaterOutputStream(out, new Deflater(Deflater.DEFAULT_COMPRESSION, true))) {
                deflating.write(bytes);
            }
            assertThat(run(Deflate.decompress(), out.toByteArray())).isEqualTo(bytes);
        }
    }

    @Test
    void saysWhatIsWrongAndWhere() {
        assertThatThrownBy(() -> run(Deflate.decompress(), new byte[] {-1, -1}))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("the deflate stream is damaged at or before byte ");
    }

    @Test
    void flushesAcrossSmallChunks() {
        byte[] part = noise(200); // more than a chunk, so that flushes end at every place in one
        for (int length = 1; length < 200; length++) {
            byte[] bytes = Arrays.copyOf(part, length);
            List<ByteBuffer> chunks = Deflate.compress(
                            o -> o.flush(FlushMode.PER_BUFFER).chunkSize(64))
                    .apply(Flux.just(ByteBuffer.wrap(bytes), ByteBuffer.wrap(bytes)))
                    .collectList()
                    .block();
            assertThat(chunks).allSatisfy(chunk -> assertThat(chunk.remaining()).isBetween(1, 64));
            assertThat(run(
                            Deflate.compress(o -> o.flush(FlushMode.PER_BUFFER).chunkSize(64))
                                    .then(Deflate.decompress()),
                            bytes,
                            bytes))
                    .isEqualTo(Samples.concat(bytes, bytes));
        }
    }
}
