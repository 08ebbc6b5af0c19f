/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Many messages in one stream of bytes, trailers that prove a message whole, and text: length prefixes, chunks,
 * delimiters and lines ({@code Frames}), checksums, digests and MACs ({@code Digests}), UTF-8 and base64
 * ({@code Texts}).
 */
@NullMarked
package io.fpipe.reactor.frame;

import org.jspecify.annotations.NullMarked;
