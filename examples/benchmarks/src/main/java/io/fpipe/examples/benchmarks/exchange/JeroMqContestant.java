/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.zeromq.SocketType;
import org.zeromq.ZMQ;

/** Plain JeroMQ: a thread that blocks in REQ or DEALER, another that blocks in REP or ROUTER. */
final class JeroMqContestant implements Contestant {

    /** JeroMQ may forget a connection that it has just made, until this time is over; its default is 30 seconds. */
    private static final int HANDSHAKE_MILLIS = 300;

    private static final int POLL_MILLIS = 100;
    private static final int LONGEST_MILLIS = 20_000;

    /** By hand there is no flow control but the number of chunks that are under way. */
    private static final int CHUNKS_UNDER_WAY = 64;

    private final ZMQ.Context context = ZMQ.context(1);
    private @Nullable Thread server;
    private ZMQ.@Nullable Socket client;
    private volatile boolean closed;

    private static boolean oneAtATime(Task task) {
        return task != Task.CALLS && task != Task.STREAMS;
    }

    @Override
    public String serve(Task task, String transport) {
        ZMQ.Socket socket = socket(oneAtATime(task) ? SocketType.REP : SocketType.ROUTER);
        socket.setReceiveTimeOut(POLL_MILLIS);
        socket.bind(transport.equals("inproc") ? "inproc://exchange" : "tcp://127.0.0.1:*");
        String address = socket.getLastEndpoint();
        Thread thread = new Thread(() -> answer(task, socket), "server");
        thread.start();
        server = thread;
        return address;
    }

    private ZMQ.Socket socket(SocketType type) {
        ZMQ.Socket socket = context.socket(type);
        socket.setHandshakeIvl(HANDSHAKE_MILLIS);
        socket.setLinger(0);
        return socket;
    }

    private void answer(Task task, ZMQ.Socket socket) {
        try (socket) {
            while (!closed) {
                byte[] frame = socket.recv();
                if (frame == null) {
                    continue;
                }
                if (task == Task.ZLIB || task == Task.LZ4) {
                    socket.send(JacksonByHand.encode(task, JacksonByHand.decode(task, frame)));
                } else {
                    // whatever has come, part by part: the identity first where it is a ROUTER
                    socket.send(frame, socket.hasReceiveMore() ? ZMQ.SNDMORE : 0);
                }
            }
        }
    }

    @Override
    public void connect(Task task, String address) {
        ZMQ.Socket socket = socket(oneAtATime(task) ? SocketType.REQ : SocketType.DEALER);
        socket.setReceiveTimeOut(LONGEST_MILLIS);
        socket.connect(address);
        client = socket;
    }

    private ZMQ.Socket client() {
        return Objects.requireNonNull(client, "not connected");
    }

    private static byte[] received(ZMQ.Socket socket) {
        byte[] bytes = socket.recv();
        if (bytes == null) {
            throw new IllegalStateException("no answer within " + LONGEST_MILLIS + " ms");
        }
        return bytes;
    }

    @Override
    public void calls(Calls calls) {
        ZMQ.Socket socket = client();
        for (int i = 0; i < calls.inFlight(); i++) {
            socket.send(calls.message(calls.next()));
        }
        for (int i = 0; i < calls.count(); i++) {
            calls.answered(ByteBuffer.wrap(received(socket)));
            int next = calls.next();
            if (next >= 0) {
                socket.send(calls.message(next));
            }
        }
    }

    /** The streams take turns on one socket, each chunk behind the number of its stream. */
    @Override
    public void streams(Streams streams) {
        ZMQ.Socket socket = client();
        int total = streams.number() * streams.chunks();
        int sent = 0;
        for (int i = 0; i < total; i++) {
            for (; sent < total && sent < i + CHUNKS_UNDER_WAY; sent++) {
                socket.sendMore(new byte[] {(byte) (sent % streams.number())});
                socket.send(streams.chunk(sent / streams.number()));
            }
            int stream = received(socket)[0];
            streams.came(stream, ByteBuffer.wrap(received(socket)));
        }
    }

    @Override
    public Object there(Task task, Object value) {
        ZMQ.Socket socket = client();
        if (task == Task.BYTES) {
            socket.send((byte[]) value); // one frame; what is received is an array of its own
            byte[] back = received(socket);
            return back == value ? back.clone() : back; // inproc hands over the array itself
        }
        socket.send(JacksonByHand.encode(task, value));
        return JacksonByHand.decode(task, received(socket));
    }

    @Override
    public void close() {
        closed = true;
        if (client != null) {
            client.close();
        }
        if (server != null) {
            try {
                server.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        context.close();
    }
}
