/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** Benchmarks: fpipe and the same work done by hand, in turn, in one run. */
@NullMarked
package io.fpipe.examples.benchmarks;

import org.jspecify.annotations.NullMarked;
