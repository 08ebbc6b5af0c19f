/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.util.Arrays;
import reactor.core.publisher.Flux;

/** A stage and the loop that does the same. */
final class StageWork implements Work {

    private final Stage stage;
    private final Loop loop;
    private final ByteBuffer[] input;
    private final Stage inverse;
    private final byte[] plain;

    private StageWork(Stage stage, Loop loop, ByteBuffer[] input, Stage inverse, byte[] plain) {
        this.stage = stage;
        this.loop = loop;
        this.input = input;
        this.inverse = inverse;
        this.plain = plain;
    }

    /** A stage that makes other bytes of plain ones. */
    static StageWork there(Stage stage, Loop loop, byte[] plain, int bufferBytes, Stage inverse) {
        return new StageWork(stage, loop, Samples.cut(plain, bufferBytes), inverse, plain);
    }

    /** A stage that makes plain bytes of what another made of them. */
    static StageWork back(Stage stage, Loop loop, byte[] plain, int bufferBytes, Stage there) {
        byte[] input = run(there, Samples.cut(plain, bufferBytes));
        return new StageWork(stage, loop, Samples.cut(input, bufferBytes), Stage.identity(), plain);
    }

    @Override
    public long bytes() {
        return plain.length;
    }

    @Override
    public void fpipe(Counter output) {
        stage.apply(Flux.fromArray(input)).subscribe(output);
    }

    @Override
    public void byHand(Counter output) throws Exception {
        loop.run(input, output::accept);
    }

    @Override
    public void check() throws Exception {
        byte[] ours = run(stage, input);
        Counter byHand = Counter.keeping();
        loop.run(input, byHand::accept);
        if (!Arrays.equals(ours, byHand.kept())) {
            throw new IllegalStateException(
                    "fpipe made " + ours.length + " bytes, by hand it were " + byHand.bytes() + ", or others");
        }
        if (!Arrays.equals(plain, run(inverse, new ByteBuffer[] {ByteBuffer.wrap(ours)}))) {
            throw new IllegalStateException("the output is wrong");
        }
    }

    private static byte[] run(Stage stage, ByteBuffer[] input) {
        Counter output = Counter.keeping();
        stage.apply(Flux.fromArray(input)).subscribe(output);
        return output.kept();
    }
}
