/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

/** One way to bring messages from a source to a sink, and small ones there and back; made anew for each run. */
interface Contestant extends AutoCloseable {

    /**
     * Opens the receiving end, which hands what arrives to {@link Run#arrived}, on threads of the contestant's.
     *
     * @return the address for {@link #send}
     */
    String bind(String transport, Run run) throws Exception;

    /** Connects, and sends the messages of a run that a thread of the source's own makes; returns when all are taken. */
    void send(String address, Run run) throws Exception;

    /**
     * Sends messages of 64 bytes over tcp in this process, each when the answer to the one before has come.
     *
     * @param answered to be called before the first message, and for each answer
     */
    void roundTrips(int calls, Runnable answered) throws Exception;

    @Override
    void close();
}
