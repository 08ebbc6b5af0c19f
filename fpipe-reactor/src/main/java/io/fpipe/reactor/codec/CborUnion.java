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
 * Says that {@link Cbor} may write and read values of a sealed interface, and how it tells the records that it permits
 * from each other: each has a {@link CborName}, which is written as one more entry of its map.
 *
 * <pre>{@code
 * @CborUnion("kind")
 * sealed interface Shape permits Circle, Square {}
 *
 * @CborName("circle")
 * record Circle(double radius) implements Shape {}     // {"kind": "circle", "radius": 1.0}
 *
 * @CborName("square")
 * record Square(double side) implements Shape {}
 * }</pre>
 *
 * <p>The entry is written first, wherever such a record is written; it is read at any place, and fastest at the first.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface CborUnion {

    /**
     * The key of the discriminator.
     *
     * @return the key
     */
    String value();
}
