/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import zmq.Msg;

/**
 * A part on its way out that tells when it leaves ZeroMQ's queue: the queues of exchange sockets have no limit, and a
 * peer that is not fpipe sends no sign that it reads. JeroMQ asks for the bytes first when the connection takes them,
 * and over {@code inproc} the peer does when it has received them.
 */
final class NoticedMsg extends Msg {

    private final Runnable taken;
    private final AtomicBoolean told = new AtomicBoolean();

    NoticedMsg(ByteBuffer bytes, Runnable taken) {
        super(bytes);
        this.taken = taken;
    }

    @Override
    public ByteBuffer buf() {
        tell();
        return super.buf();
    }

    @Override
    public byte[] data() {
        tell();
        return super.data();
    }

    @Override
    public void transfer(ByteBuffer target, int from, int length) {
        tell();
        super.transfer(target, from, length);
    }

    private void tell() {
        if (told.compareAndSet(false, true)) {
            taken.run();
        }
    }
}
