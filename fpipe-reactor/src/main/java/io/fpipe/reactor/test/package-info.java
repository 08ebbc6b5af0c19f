/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The kit that proves stages, serializers, deserializers and transcoders. {@link io.fpipe.reactor.test.StageCheck}
 * replays samples with many cuts, kinds of buffers and patterns of demand, cancels and fails them at every point, and
 * prints the smallest case that goes wrong. It needs no test framework: what it finds is an {@link AssertionError}.
 */
@NullMarked
package io.fpipe.reactor.test;

import org.jspecify.annotations.NullMarked;
