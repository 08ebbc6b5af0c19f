/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import zmq.SocketBase;
import zmq.ZMQ;

/** What is closed when JeroMQ has left something open; that it does needs an instant which no test can choose. */
class MadeConnectionsTest {

    private static final class Hook implements ZMQ.EventConsummer {

        final CountDownLatch destroyed = new CountDownLatch(1);

        @Override
        public void consume(ZMQ.Event event) {}

        @Override
        public void close() {
            destroyed.countDown();
        }
    }

    @Test
    void onlyConnectionsWithoutSocketAreClosed() throws Exception {
        EngineContext context = new EngineContext();
        SocketBase alive = context.createSocket(ZMQ.ZMQ_DEALER);
        SocketBase gone = context.createSocket(ZMQ.ZMQ_DEALER);
        Hook hook = new Hook();
        gone.setEventHook(hook, ZMQ.ZMQ_EVENT_ALL);
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (SocketChannel ofAlive = SocketChannel.open(server.getLocalAddress());
                    SocketChannel ofGone = SocketChannel.open(server.getLocalAddress())) {
                MadeConnections connections = new MadeConnections();
                connections.add(alive, ofAlive);
                connections.add(gone, ofGone);
                connections.closeLeft();
                assertThat(ofAlive.isOpen()).isTrue();
                assertThat(ofGone.isOpen()).isTrue();
                gone.close();
                Rig.await(hook.destroyed);
                connections.closeLeft();
                assertThat(ofAlive.isOpen()).isTrue();
                assertThat(ofGone.isOpen()).isFalse();
            }
        }
        alive.close();
        context.terminate();
    }
}
