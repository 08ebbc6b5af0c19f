/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import io.fpipe.reactor.test.TranscoderProbe;
import java.util.function.Supplier;

/** Gives {@code outputs} integers for every {@code inputs} integers: the last input, counted on. */
final class TestTranscoder implements Transcoder<Integer, Integer> {

    private final int inputs;
    private final int outputs;
    private final boolean knowsTheEnd;

    int fed;
    private int next;
    private int left;
    private boolean ended;

    TestTranscoder(int inputs, int outputs, boolean knowsTheEnd) {
        this.inputs = inputs;
        this.outputs = outputs;
        this.knowsTheEnd = knowsTheEnd;
    }

    static Supplier<TestTranscoder> of(int inputs, int outputs) {
        return () -> new TestTranscoder(inputs, outputs, true);
    }

    static TranscoderProbe<Integer, Integer> probe(int inputs, int outputs) {
        return TranscoderProbe.of(of(inputs, outputs));
    }

    @Override
    public void feed(Integer input) {
        fed++;
        if (fed % inputs == 0) {
            next = input;
            left = outputs;
        }
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public Integer poll() {
        if (left == 0) {
            return null;
        }
        left--;
        return next++;
    }

    @Override
    public boolean isFinished() {
        return knowsTheEnd && ended && left == 0;
    }
}
