/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import org.zeromq.SocketType;
import org.zeromq.ZMQ;

/** Two threads that block in plain JeroMQ. */
final class JeroMqContestant implements Contestant {

    private static final String ANY_PORT = "tcp://127.0.0.1:*";

    /** JeroMQ may forget a connection that it has just made, until this time is over; its default is 30 seconds. */
    static final int HANDSHAKE_MILLIS = 300;

    private static final byte[] MESSAGE = new byte[64];

    private final int bufferBytes;
    private final ZMQ.Context context = ZMQ.context(1);

    /** The argument is the size of the socket buffers, 0 for the defaults. */
    JeroMqContestant(int bufferBytes) {
        this.bufferBytes = bufferBytes;
    }

    @Override
    public String bind(String transport, Run run) {
        ZMQ.Socket pull = bound(SocketType.PULL, transport.equals("inproc") ? "inproc://oneway" : ANY_PORT);
        String address = pull.getLastEndpoint();
        Thread sink = new Thread(
                () -> {
                    try (pull) {
                        for (int i = 0; i < run.count(); i++) {
                            run.arrived(pull.recv());
                        }
                    }
                },
                "sink");
        sink.start();
        return address;
    }

    @Override
    public void send(String address, Run run) {
        try (ZMQ.Socket push = connected(SocketType.PUSH, address)) {
            for (int i = 0; i < run.count(); i++) {
                push.send(run.message(i));
            }
        }
    }

    @Override
    public void roundTrips(int calls, Runnable answered) throws InterruptedException {
        ZMQ.Socket rep = bound(SocketType.REP, ANY_PORT);
        try (ZMQ.Socket req = connected(SocketType.REQ, rep.getLastEndpoint())) {
            Thread server = new Thread(() -> {
                try (rep) {
                    for (int i = 0; i <= calls; i++) {
                        rep.send(rep.recv());
                    }
                }
            });
            server.start();
            for (int i = 0; i <= calls; i++) {
                req.send(MESSAGE.clone());
                req.recv();
                answered.run();
            }
            server.join();
        }
    }

    private ZMQ.Socket bound(SocketType type, String address) {
        ZMQ.Socket socket = context.socket(type);
        socket.setHandshakeIvl(HANDSHAKE_MILLIS);
        if (bufferBytes > 0) {
            socket.setReceiveBufferSize(bufferBytes);
        }
        socket.bind(address);
        if (bufferBytes > 0) {
            socket.setSendBufferSize(bufferBytes); // before the bind it throws
        }
        return socket;
    }

    private ZMQ.Socket connected(SocketType type, String address) {
        ZMQ.Socket socket = context.socket(type);
        socket.setHandshakeIvl(HANDSHAKE_MILLIS);
        if (bufferBytes > 0) {
            socket.setSendBufferSize(bufferBytes);
            socket.setReceiveBufferSize(bufferBytes);
        }
        socket.connect(address);
        return socket;
    }

    @Override
    public void close() {
        context.close();
    }
}
