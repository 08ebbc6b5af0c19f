/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import java.util.function.UnaryOperator;

/** How {@link Cbor} writes and reads. Immutable: each method returns a changed copy. */
public final class CborOptions {

    static final CborOptions DEFAULTS = new CborOptions(CborLimits.DEFAULTS);

    final CborLimits limits;

    private CborOptions(CborLimits limits) {
        this.limits = limits;
    }

    static CborOptions of(UnaryOperator<CborOptions> options) {
        requireNonNull(options, "options");
        return requireNonNull(options.apply(DEFAULTS), "the options returned null");
    }

    /**
     * Changes what a message may hold at most. Reading only. Default: the defaults of {@link CborLimits}.
     *
     * @param change changes the limits so far, for example {@code limits -> limits.maxDepth(20)}
     * @return the changed copy
     */
    public CborOptions limits(UnaryOperator<CborLimits> change) {
        requireNonNull(change, "change");
        return new CborOptions(requireNonNull(change.apply(limits), "the change returned null"));
    }
}
