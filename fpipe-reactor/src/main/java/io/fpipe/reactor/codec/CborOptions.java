/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static java.util.Objects.requireNonNull;

import java.util.function.UnaryOperator;

/** How {@link Cbor} writes and reads. Immutable: each method returns a changed copy. */
public final class CborOptions {

    static final CborOptions DEFAULTS = new CborOptions(CborLimits.DEFAULTS, false, false, false, false, false);

    final CborLimits limits;
    final boolean deterministic;
    final boolean typedArrays;
    final boolean keepTags;
    final boolean keepSimpleValues;
    final boolean refuseUnknown;

    private CborOptions(
            CborLimits limits,
            boolean deterministic,
            boolean typedArrays,
            boolean keepTags,
            boolean keepSimpleValues,
            boolean refuseUnknown) {
        this.limits = limits;
        this.deterministic = deterministic;
        this.typedArrays = typedArrays;
        this.keepTags = keepTags;
        this.keepSimpleValues = keepSimpleValues;
        this.refuseUnknown = refuseUnknown;
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
        CborLimits changed = requireNonNull(change.apply(limits), "the change returned null");
        return new CborOptions(changed, deterministic, typedArrays, keepTags, keepSimpleValues, refuseUnknown);
    }

    /**
     * Sets whether the same value always has the same bytes: the core deterministic encoding (RFC 8949, section
     * 4.2.1). The keys of a map are sorted by their bytes, so a map is copied before it is written; two keys with the
     * same bytes, as an {@code Integer} and a {@code Long} may have, are refused. So is what has no known size: an
     * {@code Iterable} that is no {@code Collection}, an {@code Iterator}, a {@code Stream} and a {@code Publisher}.
     * Writing only. Default: false, maps in the order of their iteration.
     *
     * @param sorted whether to write the deterministic encoding
     * @return the changed copy
     */
    public CborOptions deterministic(boolean sorted) {
        return new CborOptions(limits, sorted, typedArrays, keepTags, keepSimpleValues, refuseUnknown);
    }

    /**
     * Sets whether {@code short[]}, {@code int[]}, {@code long[]}, {@code float[]} and {@code double[]} are written as
     * typed arrays (RFC 8746), little-endian: each element takes its size in memory, which is as fast as copying and
     * fit for {@code Shuffle}. Typed arrays are read whatever this is. Writing only. Default: false, arrays of
     * numbers.
     *
     * @param typed whether to write typed arrays
     * @return the changed copy
     */
    public CborOptions typedArrays(boolean typed) {
        return new CborOptions(limits, deterministic, typed, keepTags, keepSimpleValues, refuseUnknown);
    }

    /**
     * Sets whether a tag that has no Java type here is read as a {@link CborTag}. Reading only. Default: false, such a
     * tag is refused.
     *
     * @param keep whether to keep tags
     * @return the changed copy
     */
    public CborOptions keepTags(boolean keep) {
        return new CborOptions(limits, deterministic, typedArrays, keep, keepSimpleValues, refuseUnknown);
    }

    /**
     * Sets whether undefined and unassigned simple values are read as {@link CborSimple}. Reading only. Default: false,
     * undefined is read as null and an unassigned value is refused.
     *
     * @param keep whether to keep them
     * @return the changed copy
     */
    public CborOptions keepSimpleValues(boolean keep) {
        return new CborOptions(limits, deterministic, typedArrays, keepTags, keep, refuseUnknown);
    }

    /**
     * Sets whether a key that is no component of the record is refused. Reading by type only. Default: false, such a
     * key and its value are skipped.
     *
     * @param refuse whether to refuse unknown components
     * @return the changed copy
     */
    public CborOptions refuseUnknownComponents(boolean refuse) {
        return new CborOptions(limits, deterministic, typedArrays, keepTags, keepSimpleValues, refuse);
    }
}
