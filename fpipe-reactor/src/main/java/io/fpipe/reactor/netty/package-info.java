/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Messages from and to Netty's buffers, for reactor-netty. Needs Netty, which is an optional dependency: add
 * {@code reactor-netty-core} or {@code reactor-netty-http} to your project.
 */
@NullMarked
package io.fpipe.reactor.netty;

import org.jspecify.annotations.NullMarked;
