/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import zmq.Msg;

/** Opens a socket and asks for nothing; hears when it is closed. */
final class QuietUser implements SocketHandler, Outgoing.Origin {

    final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public long demand() {
        return 0;
    }

    @Override
    public void received(List<Msg> parts, int from, int to) {}

    @Override
    public void disconnected() {}

    @Override
    public void closed(@Nullable Throwable failure) {
        closed.countDown();
    }

    @Override
    public void sent(int count) {}

    @Override
    public void failed(Outgoing message, ZmqException reason) {}
}
