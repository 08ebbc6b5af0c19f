/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** The tutorial: a message there and back. */
@NullMarked
package io.fpipe.examples.echo;

import org.jspecify.annotations.NullMarked;
