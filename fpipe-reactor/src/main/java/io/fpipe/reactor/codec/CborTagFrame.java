/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import org.jspecify.annotations.Nullable;

/** A tag whose content is being written. */
final class CborTagFrame extends CborFrame {

    private final @Nullable Object content;
    private boolean begun;

    CborTagFrame(@Nullable Object content) {
        this.content = content;
    }

    @Override
    void fill(CborEncoder encoder) {
        boolean isWritten = begun;
        begun = true;
        if (isWritten || encoder.write(content)) {
            encoder.closeFrame();
        }
    }

    @Override
    void appendPlace(CborPath path) {}
}
