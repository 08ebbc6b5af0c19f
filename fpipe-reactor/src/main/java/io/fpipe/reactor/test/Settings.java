/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import java.time.Duration;
import java.util.Objects;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The options of a check; {@link StageCheck} documents them.
 *
 * @param prefetch the outstanding requests that are allowed to the source
 * @param completesWithLast whether the end comes with the last element
 * @param timeout how long nothing may happen
 * @param seed the seed of what is selected at random
 * @param equality compares results
 */
record Settings(
        long prefetch,
        boolean completesWithLast,
        Duration timeout,
        long seed,
        BiPredicate<@Nullable Object, @Nullable Object> equality) {

    static final Settings DEFAULT = new Settings(1, false, Duration.ofSeconds(2), 1, Objects::deepEquals);

    Settings prefetch(long newPrefetch) {
        return new Settings(newPrefetch, completesWithLast, timeout, seed, equality);
    }

    Settings completesWithLast(boolean newCompletesWithLast) {
        return new Settings(prefetch, newCompletesWithLast, timeout, seed, equality);
    }

    Settings timeout(Duration newTimeout) {
        return new Settings(prefetch, completesWithLast, newTimeout, seed, equality);
    }

    Settings seed(long newSeed) {
        return new Settings(prefetch, completesWithLast, timeout, newSeed, equality);
    }

    Settings equality(BiPredicate<@Nullable Object, @Nullable Object> newEquality) {
        return new Settings(prefetch, completesWithLast, timeout, seed, newEquality);
    }
}
