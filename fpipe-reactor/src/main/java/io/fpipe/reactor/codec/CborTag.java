/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/**
 * A tagged data item (RFC 8949, section 3.4). {@link Cbor} writes it as it is, and reads a tag that has no Java type
 * there as one, if {@link CborOptions#keepTags} says so.
 *
 * @param number the tag number, unsigned
 * @param content the tagged value, anything that can be written
 */
public record CborTag(long number, @Nullable Object content) {}
