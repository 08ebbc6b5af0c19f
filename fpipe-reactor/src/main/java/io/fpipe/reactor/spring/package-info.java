/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Messages from and to Spring's buffers, for WebFlux. Needs {@code spring-core}, which is an optional dependency: a
 * WebFlux project has it.
 */
@NullMarked
package io.fpipe.reactor.spring;

import org.jspecify.annotations.NullMarked;
