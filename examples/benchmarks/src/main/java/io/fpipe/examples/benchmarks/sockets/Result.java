/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

/**
 * What was measured of one entrant: messages of one size, one way.
 *
 * @param transport {@code tcp} and {@code inproc} within a process, or {@code processes}: tcp from one to another
 * @param entrant whose figures these are
 * @param size the bytes of a message
 * @param count the messages of a round
 * @param perSecond messages a second
 * @param thread the thread that the source ran on
 */
record Result(String transport, Entrant entrant, int size, int count, Figures perSecond, String thread) {

    double megabytes() {
        return megabytes(perSecond.median());
    }

    double megabytes(double messagesPerSecond) {
        return messagesPerSecond * size / 1e6;
    }

    /**
     * The times of one call after the other, in microseconds.
     *
     * @param entrant whose figures these are
     * @param calls the calls of a round
     * @param p50 what half of the calls took at most
     * @param p99 what 99 % of the calls took at most
     * @param p999 what 99.9 % of the calls took at most
     * @param mean the mean
     */
    record Latency(Entrant entrant, int calls, Figures p50, Figures p99, Figures p999, Figures mean) {}

    /**
     * Many sockets on one loop.
     *
     * @param sockets how many receive
     * @param count the messages of a round
     * @param perSecond messages a second
     */
    record Many(int sockets, int count, Figures perSecond) {}
}
