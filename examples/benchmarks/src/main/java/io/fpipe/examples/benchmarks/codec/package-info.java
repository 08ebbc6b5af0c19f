/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** Codecs of objects, side by side. */
@NullMarked
package io.fpipe.examples.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
