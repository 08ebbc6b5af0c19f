/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Stages that compress and decompress a message. They stream: memory is one input buffer, one output chunk and the
 * window of the format. Every decompressor has a finite limit to its output unless told otherwise.
 */
@NullMarked
package io.fpipe.reactor.compress;

import org.jspecify.annotations.NullMarked;
