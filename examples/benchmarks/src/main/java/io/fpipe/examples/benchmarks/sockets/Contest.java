/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Has the participants run in turn, round by round, and remembers what could not be measured, and why. */
final class Contest implements AutoCloseable {

    private static final int WARM_UP_SIZE = 64;
    private static final double WARM_UP_SECONDS = 0.5;

    private final int rounds;
    private final double seconds;
    private final List<Participant> participants = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();

    /** Each round is to take about so many seconds. */
    Contest(Path target, Path log, List<Entrant> entrants, int rounds, double seconds) throws InterruptedException {
        this.rounds = rounds;
        this.seconds = seconds;
        for (Entrant entrant : entrants) {
            try {
                participants.add(new Participant(entrant, target, log));
            } catch (IOException | IllegalStateException e) {
                skip(entrant.title(), e);
            }
        }
    }

    /** What was not measured, and why. */
    List<String> skipped() {
        return skipped;
    }

    /** Has the just-in-time compilers do most of their work: it is not what a short round should measure. */
    void warmUp() throws InterruptedException, IOException {
        for (Participant participant : participants) {
            try {
                participant.warmUp("tcp", WARM_UP_SIZE, WARM_UP_SECONDS);
            } catch (IllegalStateException e) {
                fail("warm-up", participant, e);
            }
        }
    }

    private void skip(String what, Exception why) {
        System.out.println("skipped: " + what + ": " + why.getMessage());
        skipped.add(what + ": " + why.getMessage());
    }

    private void fail(String what, Participant participant, Exception why) throws IOException {
        skip(what + ", " + participant.entrant().title(), why);
        participant.restart();
    }

    /** Messages of one size one way. */
    List<Result> oneWay(String transport, int size) throws InterruptedException, IOException {
        List<Match> matches = new ArrayList<>();
        for (Participant participant : participants) {
            if (participant.entrant().has(transport)) {
                try {
                    matches.add(new Match(participant, participant.warmUp(transport, size, seconds)));
                } catch (IllegalStateException e) {
                    fail(transport + ", " + size + " bytes", participant, e);
                }
            }
        }
        for (int round = 0; round < rounds; round++) {
            for (Match match : List.copyOf(matches)) {
                try {
                    match.play(transport, size);
                } catch (IllegalStateException e) {
                    fail(transport + ", " + size + " bytes", match.participant, e);
                    matches.remove(match);
                }
            }
        }
        return matches.stream().map(match -> match.result(transport, size)).toList();
    }

    /** The rounds of a participant. */
    private static final class Match {
        private final Participant participant;
        private final int count;
        private final Figures perSecond = new Figures();
        private String thread = "";

        Match(Participant participant, int count) {
            this.participant = participant;
            this.count = count;
        }

        void play(String transport, int size) throws InterruptedException, IOException {
            Participant.Round round = participant.oneWay(transport, size, count);
            perSecond.add((count - 1) / round.seconds());
            thread = round.thread();
        }

        Result result(String transport, int size) {
            return new Result(transport, participant.entrant(), size, count, perSecond, thread);
        }
    }

    /** Calls of 64 bytes, one after the other, over tcp within a process. */
    List<Result.Latency> roundTrips(int calls) throws InterruptedException, IOException {
        List<Result.Latency> results = new ArrayList<>();
        for (Participant participant : participants) {
            if (participant.entrant().hasRoundTrips()) {
                try {
                    results.add(roundTrips(participant, calls));
                } catch (IllegalStateException e) {
                    fail("round trips", participant, e);
                }
            }
        }
        return results;
    }

    /** Nothing in them depends on the others, and one after the other they are warm in the second round. */
    private Result.Latency roundTrips(Participant participant, int calls) throws InterruptedException {
        participant.roundTrips(calls);
        Result.Latency result = new Result.Latency(
                participant.entrant(), calls, new Figures(), new Figures(), new Figures(), new Figures());
        for (int round = 0; round < rounds; round++) {
            long[] nanos = participant.roundTrips(calls);
            result.p50().add(nanos[0] / 1e3);
            result.p99().add(nanos[1] / 1e3);
            result.p999().add(nanos[2] / 1e3);
            result.mean().add(nanos[3] / 1e3 / calls);
        }
        return result;
    }

    /** Many sockets of fpipe's on one loop. */
    List<Result.Many> many(int[] numbers, int count) throws InterruptedException, IOException {
        List<Result.Many> results = new ArrayList<>();
        for (Participant participant : participants) {
            if (participant.entrant() == Entrant.FPIPE) {
                for (int sockets : numbers) {
                    try {
                        results.add(many(participant, sockets, count));
                    } catch (IllegalStateException e) {
                        fail(sockets + " sockets", participant, e);
                    }
                }
            }
        }
        return results;
    }

    private Result.Many many(Participant participant, int sockets, int count) throws InterruptedException {
        ManySockets.checkDescriptors(sockets);
        participant.many(sockets, count);
        Figures perSecond = new Figures();
        for (int round = 0; round < rounds; round++) {
            perSecond.add(count / participant.many(sockets, count));
        }
        return new Result.Many(sockets, count, perSecond);
    }

    @Override
    public void close() {
        participants.forEach(Participant::close);
    }
}
