/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What happens when a reader stops: how much leaves the source before it stops, what the process does meanwhile, and
 * what the others get.
 */
@NullMarked
package io.fpipe.examples.benchmarks.stopped;

import org.jspecify.annotations.NullMarked;
