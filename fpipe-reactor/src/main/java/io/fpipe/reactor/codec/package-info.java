/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Codecs that turn objects into messages and back, piece by piece: CBOR (RFC 8949). An object is written while its
 * bytes are asked for and read while they arrive; either side can stop in the middle of it.
 */
@NullMarked
package io.fpipe.reactor.codec;

import org.jspecify.annotations.NullMarked;
