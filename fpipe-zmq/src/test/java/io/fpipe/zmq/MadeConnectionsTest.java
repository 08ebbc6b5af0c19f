/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import zmq.SocketBase;
import zmq.ZError;
import zmq.ZMQ;

/** What is mended when JeroMQ frees a socket too early; that it does needs an instant which no test can choose. */
class MadeConnectionsTest {

    private final EngineContext context = new EngineContext();
    private final SocketBase alive = context.createSocket(ZMQ.ZMQ_DEALER);
    private final SocketBase gone = context.createSocket(ZMQ.ZMQ_DEALER);
    private final CountDownLatch freed = new CountDownLatch(1);
    private ServerSocketChannel server;
    private SocketChannel ofAlive;
    private SocketChannel ofGone;

    @BeforeEach
    void open() throws IOException {
        server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        ofAlive = SocketChannel.open(server.getLocalAddress());
        ofGone = SocketChannel.open(server.getLocalAddress());
        gone.setEventHook(
                new ZMQ.EventConsummer() {
                    @Override
                    public void consume(ZMQ.Event event) {}

                    @Override
                    public void close() {
                        freed.countDown();
                    }
                },
                ZMQ.ZMQ_EVENT_ALL);
    }

    @AfterEach
    void close() throws IOException {
        ofGone.close();
        ofAlive.close();
        server.close();
        alive.close();
        if (freed.getCount() > 0) {
            free();
        }
        context.terminate();
    }

    private void free() {
        gone.close();
        Rig.await(freed);
    }

    @Test
    void onlyConnectionsWithoutSocketAreClosed() throws IOException {
        MadeConnections connections = new MadeConnections();
        connections.add(alive, ofAlive);
        connections.add(gone, ofGone);
        connections.closeLeft();
        assertThat(ofAlive.isOpen()).isTrue();
        assertThat(ofGone.isOpen()).isTrue();
        free();
        connections.closeLeft();
        assertThat(ofAlive.isOpen()).isTrue();
        assertThat(ofGone.isOpen()).isFalse();
    }

    @Test
    void theyAreClosedWhenTheIoThreadReportsAnException() {
        try (Rig rig = new Rig(Rig.Wiring.INPROC)) {
            ZmqResources resources = rig.resources;
            ZmqConnection pull = rig.track(
                    ZmqSocket.pull().bind("tcp://127.0.0.1:*").runOn(resources).openNow());
            QuietUser sender = new QuietUser();
            OwnedSocket push = resources.open(
                    SocketSettings.of(SocketType.PUSH), List.of(Endpoint.connect(pull.endpoint())), sender);
            push.start();
            free();
            CountDownLatch sent = new CountDownLatch(2);
            AtomicInteger made = new AtomicInteger();
            Runnable onTheIoThread = () -> {
                made.set(resources.connections().count());
                resources.connections().add(gone, ofGone);
                resources.reported(Thread.currentThread(), new IllegalStateException("as JeroMQ might"));
                sent.countDown();
            };
            push.send(new Outgoing(sender, onTheIoThread, ByteBuffer.allocate(1)));
            push.send(new Outgoing(sender, sent::countDown, ByteBuffer.allocate(1))); // its own connection is there
            Rig.await(sent);
            assertThat(made).hasValue(1);
            assertThat(ofGone.isOpen()).isFalse();
            push.close(0);
            Rig.await(sender.closed);
        }
    }

    @Test
    void aCallThatCameTooLateIsRepeatedAndNoOther() {
        AtomicInteger calls = new AtomicInteger();
        boolean done = LateByte.repeat(() -> {
            if (calls.getAndIncrement() == 0) {
                throw new ZError.IOException(new ClosedChannelException());
            }
            return true;
        });
        assertThat(done).isTrue();
        assertThat(calls).hasValue(2);
        assertThatThrownBy(() -> LateByte.repeat(() -> {
                    throw new ZError.IOException(new IOException("another one"));
                }))
                .isInstanceOf(ZError.IOException.class);
    }
}
