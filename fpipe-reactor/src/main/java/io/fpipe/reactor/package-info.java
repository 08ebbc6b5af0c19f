/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Stages, serializers and deserializers for byte streams: one message is one {@code Flux<ByteBuffer>}, and its
 * completion is the end of the message. Stages are composed with {@code then} and {@code into}, routed by
 * {@code FpipeCond} and written as {@link io.fpipe.reactor.Transcoder}s.
 */
@NullMarked
package io.fpipe.reactor;

import org.jspecify.annotations.NullMarked;
