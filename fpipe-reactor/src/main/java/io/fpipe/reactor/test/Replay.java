/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Replays one sample in all ways, and makes the first that goes wrong smaller. */
final class Replay<I, O> {

    /** Of a long output, the subscriber cancels after each of the first so many elements. */
    private static final int MOST_CANCELS = 64;

    private static final int MOST_SHRINKS = 200;
    private static final long SHRINK_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Subject<I, O> subject;
    private final Settings settings;
    private final Sample<I, O> sample;
    private final String name;
    private final int length;

    Replay(Subject<I, O> subject, Settings settings, Sample<I, O> sample, String name) {
        this.subject = subject;
        this.settings = settings;
        this.sample = sample;
        this.name = name;
        this.length = subject.bytes(sample.input()).length;
    }

    /** Throws an AssertionError that describes the smallest case that was found. */
    void verify() {
        ExecutorService thread = Executors.newSingleThreadExecutor(task -> {
            Thread t = new Thread(task, "stage-check-source");
            t.setDaemon(true);
            return t;
        });
        try {
            Random random = new Random(settings.seed());
            cutsAndDemands(thread, random);
            buffersAndThreads(thread, random);
            if (sample.error() == null) {
                run(thread, Scenario.of(Cuts.whole(length)), run -> run.runTwice());
                ends(thread);
                sourceErrors(thread, random);
            }
            cancels(thread);
        } finally {
            thread.shutdownNow();
        }
    }

    private void cutsAndDemands(ExecutorService thread, Random random) {
        for (List<Integer> cut : Cuts.all(length, random)) {
            for (Scenario.Demand demand : Scenario.Demand.values()) {
                run(thread, Scenario.of(cut).demand(demand), StageRun::run);
            }
        }
    }

    private void buffersAndThreads(ExecutorService thread, Random random) {
        Set<List<Integer>> cuts = Cuts.ragged(length, random);
        cuts.add(Cuts.whole(length));
        for (List<Integer> cut : cuts) {
            for (BufferKind kind : BufferKind.values()) {
                run(thread, Scenario.of(cut).buffers(kind), StageRun::run);
            }
            for (Scenario.Demand demand : Scenario.Demand.values()) {
                run(thread, Scenario.of(cut).demand(demand).async(true), StageRun::run);
            }
        }
    }

    private void ends(ExecutorService thread) {
        if (settings.completesWithLast()) {
            for (List<Integer> cut : List.of(Cuts.whole(length), Cuts.singleBytes(length))) {
                Scenario scenario = Scenario.of(cut).demand(Scenario.Demand.ONE);
                int elements = run(thread, scenario, StageRun::run);
                run(thread, scenario, run -> run.runWithoutFurtherDemand(elements));
            }
        }
    }

    private void sourceErrors(ExecutorService thread, Random random) {
        if (subject.reads() == null) {
            return;
        }
        for (int position : Cuts.positions(length, random)) {
            for (List<Integer> cut : List.of(Cuts.whole(position), Cuts.singleBytes(position))) {
                Scenario scenario = Scenario.of(cut).failing();
                run(thread, scenario, StageRun::run);
                run(thread, scenario.demand(Scenario.Demand.ONE), StageRun::run);
            }
        }
    }

    private void cancels(ExecutorService thread) {
        for (List<Integer> cut : List.of(Cuts.whole(length), Cuts.singleBytes(length))) {
            int elements = run(thread, Scenario.of(cut), StageRun::run);
            for (int k = 0; k <= Math.min(elements, MOST_CANCELS); k++) {
                Scenario scenario = Scenario.of(cut).cancelAfter(k);
                run(thread, scenario, StageRun::run);
                run(thread, scenario.demand(Scenario.Demand.ONE), StageRun::run);
                run(thread, scenario.async(true), StageRun::run);
            }
        }
    }

    private int run(ExecutorService thread, Scenario scenario, Way<I, O> way) {
        try {
            return way.run(new StageRun<>(subject, settings, sample, scenario, thread));
        } catch (Throwable ex) {
            throw shrunk(thread, scenario, way, ex);
        }
    }

    private AssertionError shrunk(ExecutorService thread, Scenario first, Way<I, O> way, Throwable firstProblem) {
        Scenario scenario = first;
        Throwable problem = firstProblem;
        long deadline = System.nanoTime() + SHRINK_NANOS;
        boolean smaller = true;
        for (int i = 0; smaller && i < MOST_SHRINKS; i++) {
            smaller = false;
            for (Scenario simpler : scenario.simpler()) {
                Throwable again = System.nanoTime() < deadline ? attempt(thread, simpler, way) : null;
                if (again != null) {
                    scenario = simpler;
                    problem = again;
                    smaller = true;
                    break;
                }
            }
        }
        String text = problem instanceof AssertionError ? problem.getMessage() : "threw " + problem;
        return new AssertionError(
                text + "\n  " + name + ": " + sample + "\n  " + scenario + "\n  seed " + settings.seed(), problem);
    }

    private @Nullable Throwable attempt(ExecutorService thread, Scenario scenario, Way<I, O> way) {
        try {
            way.run(new StageRun<>(subject, settings, sample, scenario, thread));
            return null;
        } catch (Throwable ex) {
            return ex;
        }
    }

    /** One of the ways to run a scenario; gives the number of elements. */
    private interface Way<I, O> {
        int run(StageRun<I, O> run);
    }
}
