/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

/** Both ends of an exchange, or one. A method that a library has no fitting way for throws. */
interface Contestant extends AutoCloseable {

    /** Serves a task until closed; returns the address. */
    String serve(Task task, String transport) throws Exception;

    /** Connects to what serves the task. */
    void connect(Task task, String address) throws Exception;

    /** Makes calls, each of the next from the signal that an answer has come; returns when all are answered. */
    void calls(Calls calls) throws Exception;

    /** Sends streams and takes them back, all at once; returns when all have come back. */
    void streams(Streams streams) throws Exception;

    /** Sends an object and returns what has come back, an object of its own. */
    Object there(Task task, Object value) throws Exception;

    @Override
    void close();
}
