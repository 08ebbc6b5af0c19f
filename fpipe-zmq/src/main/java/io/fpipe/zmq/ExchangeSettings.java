/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.time.Duration;
import zmq.ZMQ;

/**
 * What client and server of an exchange agree on or keep to themselves.
 *
 * @param window the bytes that may be under way to this side in each stream, at the cost of {@link #cost}
 * @param requestTimeout how long a caller waits for the first byte of a reply without progress of its request
 */
record ExchangeSettings(int window, Duration requestTimeout) {

    /** The largest payload of a data frame that this side sends and accepts. */
    static final int MAX_PAYLOAD = 1 << 16;

    /** Room for a header and the metadata of a stream beside the payload. */
    static final int MAX_FRAME = MAX_PAYLOAD + (1 << 16);

    static final int MIN_COST = 256;
    static final int MIN_WINDOW = 1 << 12;
    static final int LINGER_MILLIS = 1000;
    static final int MAX_STREAMS = 1 << 16;

    static final ExchangeSettings DEFAULT = new ExchangeSettings(4 << 20, Duration.ofSeconds(30));

    /** What a data payload costs of the receiver's window: small ones cost more than their length, as they do memory. */
    static int cost(int length) {
        return length == 0 ? 0 : Math.max(length, MIN_COST);
    }

    static int checkWindow(int bytes) {
        if (bytes < MIN_WINDOW) {
            throw new IllegalArgumentException("window must be at least " + MIN_WINDOW + " bytes, was " + bytes);
        }
        return bytes;
    }

    /** Exchange sockets have no high-water marks and are always read: the windows bound the memory. */
    static SocketSettings socket(SocketType type) {
        return SocketSettings.of(type)
                .with(ZMQ.ZMQ_SNDHWM, 0)
                .with(ZMQ.ZMQ_RCVHWM, 0)
                .maxMessageBytes(MAX_FRAME)
                .farewell();
    }
}
