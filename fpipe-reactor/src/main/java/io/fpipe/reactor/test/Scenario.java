/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.util.ArrayList;
import java.util.List;

/**
 * One way to replay a sample.
 *
 * @param cut the lengths of the buffers; less than the sample if the source fails before its end
 * @param buffers the kind of the buffers
 * @param demand how the subscriber asks
 * @param async whether the source emits on a thread of its own
 * @param cancelAfter the number of elements after which the subscriber cancels, or {@link #NEVER}
 * @param fails whether the source ends with an error
 */
record Scenario(List<Integer> cut, BufferKind buffers, Demand demand, boolean async, int cancelAfter, boolean fails) {

    static final int NEVER = -1;

    /** How the subscriber asks. */
    enum Demand {
        UNBOUNDED("all at once"),
        ONE("one, and the next when it has arrived"),
        SEVERAL("three, and the next three when they have arrived"),
        INSIDE("one, and the next from inside onNext");

        private final String text;

        Demand(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    static Scenario of(List<Integer> cut) {
        return new Scenario(cut, BufferKind.HEAP, Demand.UNBOUNDED, false, NEVER, false);
    }

    Scenario cut(List<Integer> newCut) {
        return new Scenario(newCut, buffers, demand, async, cancelAfter, fails);
    }

    Scenario buffers(BufferKind newBuffers) {
        return new Scenario(cut, newBuffers, demand, async, cancelAfter, fails);
    }

    Scenario demand(Demand newDemand) {
        return new Scenario(cut, buffers, newDemand, async, cancelAfter, fails);
    }

    Scenario async(boolean newAsync) {
        return new Scenario(cut, buffers, demand, newAsync, cancelAfter, fails);
    }

    Scenario cancelAfter(int elements) {
        return new Scenario(cut, buffers, demand, async, elements, fails);
    }

    Scenario failing() {
        return new Scenario(cut, buffers, demand, async, cancelAfter, true);
    }

    /** Scenarios that are one step simpler, the greatest steps first. */
    List<Scenario> simpler() {
        List<Scenario> result = new ArrayList<>();
        if (async) {
            result.add(async(false));
        }
        if (buffers != BufferKind.HEAP) {
            result.add(buffers(BufferKind.HEAP));
        }
        if (demand != Demand.UNBOUNDED) {
            result.add(demand(Demand.UNBOUNDED));
        }
        int total = cut.stream().mapToInt(Integer::intValue).sum();
        if (cut.size() > 1) {
            result.add(cut(Cuts.whole(total)));
        }
        for (int i = 1; i < cut.size() && i <= 64; i++) {
            List<Integer> merged = new ArrayList<>(cut);
            merged.set(i - 1, merged.get(i - 1) + merged.remove(i));
            result.add(cut(merged));
        }
        return result;
    }

    @Override
    public String toString() {
        return "the source gives "
                + (cut.isEmpty() ? "nothing" : cut.size() + " " + buffers + " of " + text(cut) + " bytes")
                + (fails ? " and then an error" : "")
                + (async ? ", on a thread of its own" : ", in the subscriber's thread")
                + "; the subscriber asks for " + demand
                + (cancelAfter == NEVER ? "" : " and cancels after " + cancelAfter + " elements");
    }

    private static String text(List<Integer> cut) {
        return cut.size() <= 20 ? cut.toString() : cut.subList(0, 20) + "...";
    }
}
