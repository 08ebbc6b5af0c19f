/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The benchmark of single sockets. Each contestant runs in a process of its own, for both ends or for one end, and takes
 * its orders from its standard input; so each has the class path, the just-in-time compiler and the heap to itself.
 */
@NullMarked
package io.fpipe.examples.benchmarks.sockets;

import org.jspecify.annotations.NullMarked;
