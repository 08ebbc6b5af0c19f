/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/**
 * One ZeroMQ message: one or more frames, sent and received whole.
 *
 * <p>The buffers are frozen: nobody writes their content, neither the sender after it has sent them, for ZeroMQ reads
 * them later and copies nothing, nor the receiver, who over inproc reads the sender's memory. What is sent of a buffer
 * is what lies between its position and limit; its cursor is not moved.
 */
public final class ZmqMessage {

    private final ByteBuffer[] frames;

    ZmqMessage(ByteBuffer[] frames) {
        this.frames = frames;
    }

    /**
     * Makes a message of its frames.
     *
     * @param frames the frames, at least one
     * @return the message
     */
    public static ZmqMessage of(ByteBuffer... frames) {
        if (frames.length == 0) {
            throw new IllegalArgumentException("a message has at least one frame");
        }
        for (ByteBuffer frame : frames) {
            Objects.requireNonNull(frame, "frame");
        }
        return new ZmqMessage(frames.clone());
    }

    /**
     * Returns the frames.
     *
     * @return the frames in their order, unmodifiable
     */
    public List<ByteBuffer> frames() {
        return List.of(frames);
    }

    /**
     * Returns one frame.
     *
     * @param i its index, from 0
     * @return the frame
     */
    public ByteBuffer frame(int i) {
        return frames[i];
    }

    /** The frames without a copy; not to be changed. */
    ByteBuffer[] array() {
        return frames;
    }

    /** The bytes of a message that has one frame. */
    ByteBuffer singleFrame() {
        if (frames.length != 1) {
            throw new ZmqException("expected a message of one frame, got " + frames.length + " frames");
        }
        return frames[0];
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("ZmqMessage[");
        for (int i = 0; i < frames.length; i++) {
            text.append(i == 0 ? "" : ", ").append(frames[i].remaining()).append(" B");
        }
        return text.append(']').toString();
    }
}
