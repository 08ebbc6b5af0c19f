/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;

/**
 * A piece of a frame.
 *
 * @param bytes the next bytes of the frame; empty only if it is the last
 * @param last whether the frame ends with them
 */
record FramePart(ByteBuffer bytes, boolean last) {

    private static final FramePart END = new FramePart(ByteBuffer.allocate(0), true);

    /** The end of a frame, without bytes. */
    static FramePart end() {
        return END;
    }
}
