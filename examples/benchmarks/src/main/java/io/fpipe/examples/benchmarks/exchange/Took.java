/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

/**
 * What a round took in the client's process.
 *
 * @param nanos the time
 * @param p50 the nanoseconds that half of the calls took at most; 0 where there is one call
 * @param p99 the same for 99 %
 * @param p999 the same for 99.9 %
 * @param max the same for all
 * @param allocated bytes
 * @param cpu nanoseconds
 * @param heap bytes after a collection at the end
 * @param thread of the source
 */
record Took(long nanos, long p50, long p99, long p999, long max, long allocated, long cpu, long heap, String thread) {

    static Took parse(String[] words) {
        long[] numbers = new long[8];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Long.parseLong(words[i + 1]);
        }
        return new Took(
                numbers[0],
                numbers[1],
                numbers[2],
                numbers[3],
                numbers[4],
                numbers[5],
                numbers[6],
                numbers[7],
                words[9]);
    }
}
