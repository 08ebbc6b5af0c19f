/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Function;

/**
 * How peers are dealt with that are not fpipe.
 *
 * @param calls whether a client calls such peers
 * @param accepted whether a server serves them
 * @param timeout how long a server's handler may take for the reply to one
 * @param errorReply what such a peer gets instead of a reply
 */
record PlainSettings(
        boolean calls,
        boolean accepted,
        Duration timeout,
        Function<? super Throwable, ? extends ByteBuffer> errorReply) {

    static final PlainSettings DEFAULT =
            new PlainSettings(false, true, Duration.ofSeconds(30), error -> ByteBuffer.allocate(0));

    PlainSettings calling() {
        return new PlainSettings(true, accepted, timeout, errorReply);
    }

    PlainSettings accepted(boolean accept) {
        return new PlainSettings(calls, accept, timeout, errorReply);
    }

    PlainSettings timeout(Duration limit) {
        return new PlainSettings(calls, accepted, limit, errorReply);
    }

    PlainSettings errorReply(Function<? super Throwable, ? extends ByteBuffer> reply) {
        return new PlainSettings(calls, accepted, timeout, reply);
    }
}
