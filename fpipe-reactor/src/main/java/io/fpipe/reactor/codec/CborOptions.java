/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import java.util.function.UnaryOperator;

/** How {@link Cbor} writes and reads. Immutable: each method returns a changed copy. */
public final class CborOptions {

    static final CborOptions DEFAULTS = new CborOptions(CborLimits.DEFAULTS, false);

    final CborLimits limits;

    /** Whether a component that a record does not have is refused. */
    final boolean strict;

    private CborOptions(CborLimits limits, boolean strict) {
        this.limits = limits;
        this.strict = strict;
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
        return new CborOptions(requireNonNull(change.apply(limits), "the change returned null"), strict);
    }

    /**
     * Refuses components that a record does not have. Reading by type only. Default: they are skipped.
     *
     * @return the changed copy
     */
    public CborOptions refuseUnknownComponents() {
        return new CborOptions(limits, true);
    }
}
