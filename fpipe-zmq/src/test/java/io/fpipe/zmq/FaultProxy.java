/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A TCP proxy whose first connection suffers one fault, when so many bytes have passed in one of the directions. The
 * connections that follow are as they should be.
 */
final class FaultProxy implements AutoCloseable {

    private static final int PIECE = 8 << 10;
    private static final int SLOW_PIECE = 256;
    private static final int SLOW_PIECES = 300;

    /** What may happen to a connection. */
    enum Fault {
        /** Bytes wait for a while. */
        DELAY,
        /** Bytes come in small pieces for a while. */
        SLOW,
        /** Both directions are closed. */
        CUT,
        /** One direction is closed. */
        HALF_CLOSE,
        /** The connection is reset. */
        RESET,
        /** One bit changes, as it does where TCP's checksum fails. */
        FLIP
    }

    private final ServerSocket listener;
    private final int target;
    private final Fault fault;
    private final boolean towardsServer;
    private final long at;
    private final int amount;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Thread acceptor = new Thread(this::accept, "fault-proxy");
    private volatile boolean closed;
    private volatile boolean happened;

    /**
     * Starts a proxy.
     *
     * @param target the port of the server
     * @param towardsServer which direction suffers
     * @param at how many bytes pass before the fault
     * @param amount milliseconds of a delay, or the number of the bit that changes
     */
    FaultProxy(int target, Fault fault, boolean towardsServer, long at, int amount) {
        this.target = target;
        this.fault = fault;
        this.towardsServer = towardsServer;
        this.at = at;
        this.amount = amount;
        try {
            this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        acceptor.setDaemon(true);
        acceptor.start();
    }

    String endpoint() {
        return "tcp://127.0.0.1:" + listener.getLocalPort();
    }

    /** Whether the fault has come to pass. */
    boolean hasHappened() {
        return happened;
    }

    private void accept() {
        for (boolean first = true; !closed; first = false) {
            try {
                Socket client = track(listener.accept());
                Socket server = track(new Socket(InetAddress.getLoopbackAddress(), target));
                pump(client, server, first && towardsServer);
                pump(server, client, first && !towardsServer);
            } catch (IOException ex) { // the proxy is closed, or the server is gone
                closeAll();
            }
        }
    }

    private Socket track(Socket socket) throws IOException {
        sockets.add(socket);
        socket.setTcpNoDelay(true);
        if (closed) {
            socket.close();
        }
        return socket;
    }

    private void pump(Socket from, Socket to, boolean suffers) {
        Thread thread = new Thread(
                () -> {
                    try {
                        if (suffers) {
                            copy(from, to, at);
                            happened = true;
                            suffer(from, to);
                        }
                        if (!suffers || fault != Fault.HALF_CLOSE) {
                            copy(from, to, Long.MAX_VALUE);
                        }
                    } catch (IOException ex) { // one of the ends is gone: the other one hears of it
                        close(from);
                        close(to);
                    }
                },
                "fault-proxy-pump");
        thread.setDaemon(true);
        thread.start();
    }

    private static void copy(Socket from, Socket to, long most) throws IOException {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        byte[] piece = new byte[PIECE];
        for (long left = most; left > 0; ) {
            int n = in.read(piece, 0, (int) Math.min(left, PIECE));
            if (n < 0) {
                throw new IOException("end");
            }
            out.write(piece, 0, n);
            left -= n;
        }
    }

    private void suffer(Socket from, Socket to) throws IOException {
        switch (fault) {
            case DELAY -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(amount));
            case SLOW -> {
                for (int i = 0; i < SLOW_PIECES; i++) {
                    copy(from, to, SLOW_PIECE);
                    LockSupport.parkNanos(100_000);
                }
            }
            case CUT -> {
                close(from);
                close(to);
            }
            case HALF_CLOSE -> {
                from.shutdownInput();
                to.shutdownOutput();
            }
            case RESET -> {
                from.setSoLinger(true, 0);
                to.setSoLinger(true, 0);
                close(from);
                close(to);
            }
            case FLIP -> {
                int next = from.getInputStream().read();
                to.getOutputStream().write(next ^ (1 << amount % 8));
            }
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private void closeAll() {
        sockets.forEach(FaultProxy::close);
    }

    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        closeAll();
    }
}
