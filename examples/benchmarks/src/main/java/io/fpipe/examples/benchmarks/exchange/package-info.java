/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The benchmark of calls, streams and large objects there and back. Each contestant has a process for each of its two
 * ends, or one for both, and takes its orders from its standard input, as in the benchmark of sockets.
 */
@NullMarked
package io.fpipe.examples.benchmarks.exchange;

import org.jspecify.annotations.NullMarked;
