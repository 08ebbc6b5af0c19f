/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The name that {@link Cbor} writes and reads: on a component of a record or on a constant of an enum instead of its
 * own name, on a record the name by which the discriminator of a {@link CborUnion} tells it from others.
 */
@Target({ElementType.TYPE, ElementType.RECORD_COMPONENT, ElementType.FIELD})
@Retention(RetentionPolicy.RUNTIME)
public @interface CborName {

    /**
     * The name.
     *
     * @return the name
     */
    String value();
}
