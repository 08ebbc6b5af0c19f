/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.Logger;
import reactor.util.Loggers;
import zmq.Ctx;
import zmq.SocketBase;
import zmq.ZMQ;

/**
 * What sockets run on: one ZeroMQ context with one IO thread, and one loop thread that receives and signals.
 *
 * <p>{@code inproc} endpoints are names inside one {@code ZmqResources}. The loop thread signals everything that was
 * received and may run the sources of what is sent, so it must not be blocked: Reactor's {@code block} refuses to run
 * there. All threads are daemons.
 */
public final class ZmqResources implements Disposable {

    private static final Logger LOG = Loggers.getLogger(ZmqResources.class);
    private static final AtomicInteger COUNT = new AtomicInteger();

    /** JeroMQ's limit is 1023; file descriptors, 4 for each socket, are the limit that operators know. */
    private static final int MAX_SOCKETS = 1 << 13;

    /** Less than what passes between a connect and the first look after it. */
    private static final long NUDGE_NANOS = 10_000_000;

    private static final long CLOSE_GRACE_NANOS = Duration.ofSeconds(3).toNanos();

    private static @Nullable ZmqResources shared;

    private final Ctx context;
    private final EventLoop loop;
    private final InprocNames names = new InprocNames();
    private final Set<OwnedSocket> sockets = ConcurrentHashMap.newKeySet();
    private final MadeConnections connections = new MadeConnections();
    private final Set<Disposable> owners = ConcurrentHashMap.newKeySet();
    private final Sinks.One<Void> terminated = Sinks.one();
    private final String name;
    private final WindowBudget windows;

    /** Loop thread only. */
    private long nudged = System.nanoTime() - NUDGE_NANOS;

    private volatile @Nullable Thread ioThread;
    private volatile @Nullable Logins logins;
    private volatile boolean disposed;
    private volatile @Nullable ZmqException dead;

    private ZmqResources(Options options) {
        name = options.name + "-" + COUNT.incrementAndGet();
        windows = new WindowBudget(options.windowBudget);
        context = new EngineContext();
        context.set(ZMQ.ZMQ_IO_THREADS, 1); // with more, JeroMQ loses connections
        context.set(ZMQ.ZMQ_MAX_SOCKETS, MAX_SOCKETS);
        context.setThreadFactory((task, id) -> {
            Thread thread = new Thread(task, name + "-" + id);
            if (id.startsWith("iothread")) {
                ioThread = thread;
            }
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((dead, ex) -> ioThreadDied(ex)); // the context sets its own only
            return thread;
        });
        context.setNotificationExceptionHandler(this::reported);
        loop = new EventLoop(name, this::terminateContext);
    }

    /**
     * Creates resources of one's own.
     *
     * @return the resources; whoever creates them disposes them
     */
    public static ZmqResources create() {
        return create(options -> options);
    }

    /**
     * Creates resources of one's own.
     *
     * @param options changes the options
     * @return the resources; whoever creates them disposes them
     */
    public static ZmqResources create(UnaryOperator<Options> options) {
        return new ZmqResources(
                options.apply(new Options("fpipe-zmq", Runtime.getRuntime().maxMemory() / 4)));
    }

    /**
     * Returns the resources that everything runs on that is not told otherwise. They are created when they are first
     * asked for, and again when they were disposed.
     *
     * @return the shared resources
     */
    public static synchronized ZmqResources shared() {
        ZmqResources current = shared;
        if (current == null || current.disposed) {
            current = create(options -> options.name("fpipe-zmq-shared"));
            shared = current;
        }
        return current;
    }

    /** Options of {@link ZmqResources}: immutable, each method returns a changed copy. */
    public static final class Options {

        private final String name;
        private final long windowBudget;

        private Options(String name, long windowBudget) {
            this.name = name;
            this.windowBudget = windowBudget;
        }

        /**
         * Names the threads. Default: {@code fpipe-zmq}; a number is added.
         *
         * @param name the beginning of the threads' names
         * @return a changed copy
         */
        public Options name(String name) {
            return new Options(Objects.requireNonNull(name, "name"), windowBudget);
        }

        /**
         * Limits the sum of the windows of all messages that are under way to these resources: what all exchanges on
         * them may hold in memory of what has arrived and was not read. When little is left, windows stay small, so
         * that messages travel more slowly; when nothing is left, calls are refused. What windows grow by takes at most
         * half of it, so that long messages leave room for calls that begin; so do the messages of peers that are not fpipe,
         * while they are gathered and until they are sent. Default: a quarter of the heap.
         *
         * @param bytes the limit, at least 65536
         * @return a changed copy
         */
        public Options windowBudget(long bytes) {
            if (bytes < ExchangeSettings.MAX_PAYLOAD) {
                throw new IllegalArgumentException(
                        "windowBudget must be at least " + ExchangeSettings.MAX_PAYLOAD + " bytes, was " + bytes);
            }
            return new Options(name, bytes);
        }
    }

    EventLoop loop() {
        return loop;
    }

    /** What happens when JeroMQ fails the socket that answers whether a client may log in. */
    void failLogins(ZmqException reason) {
        Logins door = logins;
        if (door != null) {
            door.socket().fail(reason);
        }
    }

    WindowBudget windows() {
        return windows;
    }

    /** How many sockets are open, or closed and lingering. */
    int openSockets() {
        return sockets.size();
    }

    /** Has something disposed when the resources are; returns whether they are not already. */
    boolean attach(Disposable owner) {
        owners.add(owner);
        if (disposed) {
            owners.remove(owner);
            return false;
        }
        return true;
    }

    void detach(Disposable owner) {
        owners.remove(owner);
    }

    /**
     * Opens a socket on the calling thread, which may resolve a name. It is handed to the loop by
     * {@link OwnedSocket#start()}, when the handler is ready for it.
     *
     * @throws ZmqException if it cannot be bound or connected
     */
    OwnedSocket open(SocketSettings settings, List<Endpoint> endpoints, SocketHandler handler) {
        if (disposed) {
            throw new ZmqException("the ZmqResources are disposed");
        }
        ZmqException failure = dead;
        if (failure != null) {
            throw new ZmqException("no socket can be opened: " + failure.getMessage(), failure);
        }
        // JeroMQ takes an interrupt for a failure to bind or connect and clears it: keep it for the caller.
        boolean interrupted = Thread.interrupted();
        try {
            return openUninterrupted(settings, endpoints, handler);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private OwnedSocket openUninterrupted(SocketSettings settings, List<Endpoint> endpoints, SocketHandler handler) {
        Admission admission = settings.admission();
        if (admission == null) {
            return openWith(settings, endpoints, handler, () -> {});
        }
        Logins door = logins();
        String domain = door.add(admission);
        try {
            OwnedSocket owned =
                    openWith(settings.with(ZMQ.ZMQ_ZAP_DOMAIN, domain), endpoints, handler, () -> door.remove(domain));
            door.opened(domain, owned);
            return owned;
        } catch (Throwable ex) {
            door.remove(domain);
            throw ex;
        }
    }

    private Logins logins() {
        synchronized (sockets) {
            Logins current = logins;
            if (current == null || current.isClosed()) {
                current = new Logins(this);
                logins = current;
            }
            return current;
        }
    }

    private OwnedSocket openWith(
            SocketSettings settings, List<Endpoint> endpoints, SocketHandler handler, Runnable destroyed) {
        SocketBase socket = create(settings);
        List<Attachment> attachments = endpoints.stream()
                .map(endpoint -> new Attachment(socket, settings, endpoint, names))
                .toList();
        OwnedSocket owned = new OwnedSocket(loop, socket, settings, attachments, handler);
        sockets.add(owned);
        HandshakeWatch watch = new HandshakeWatch(loop, this::nudge);
        socket.setEventHook(
                new EventHook(owned, watch, channel -> connections.add(socket, channel), () -> {
                    owned.destroyed(); // first: when there are no sockets left, the loop ends
                    sockets.remove(owned);
                    destroyed.run();
                }),
                EventHook.MASK);
        try {
            settings.applyTo(socket, owned::isClosing);
            owned.attach();
        } catch (Throwable ex) { // with assertions on, JeroMQ throws AssertionError
            owned.detach();
            socket.close();
            throw ex;
        }
        return owned;
    }

    /**
     * Has JeroMQ's poller look at all its entries: a listener, on loopback and for a moment, is a new one. One is enough
     * for all that have connected before; to be called on the loop.
     */
    private void nudge() {
        long now = System.nanoTime();
        if (now - nudged < NUDGE_NANOS) {
            return;
        }
        try {
            SocketBase socket = context.createSocket(ZMQ.ZMQ_PAIR);
            try {
                socket.bind("tcp://127.0.0.1:*");
                nudged = now;
            } finally {
                socket.close();
            }
        } catch (RuntimeException
                | AssertionError ex) { // no descriptors left, or the context is terminated: the handshake times out
            LOG.debug("cannot look after a handshake of " + name, ex);
        }
    }

    private SocketBase create(SocketSettings settings) {
        try {
            return context.createSocket(settings.type().number());
        } catch (RuntimeException ex) { // too many sockets, no descriptors left, context terminated meanwhile
            throw new ZmqException("cannot create a " + settings.type() + " socket: " + ex.getMessage(), ex);
        }
    }

    /** The connections that sockets have made; for the IO thread. */
    MadeConnections connections() {
        return connections;
    }

    /** JeroMQ goes on after an exception, but what it was doing is not done. */
    void reported(Thread thread, Throwable ex) {
        LOG.warn("ZeroMQ reports on " + thread.getName() + ": " + ex);
        if (thread == ioThread) {
            try {
                connections.closeLeft();
            } catch (IOException failure) {
                LOG.warn("cannot close a connection that ZeroMQ has left open: " + failure);
            }
        }
    }

    private void ioThreadDied(Throwable ex) {
        LOG.error("an IO thread of ZeroMQ died; all sockets of " + name + " fail", ex);
        ZmqException failure = new ZmqException("an IO thread of ZeroMQ died: " + ex, ex);
        dead = failure;
        sockets.forEach(socket -> socket.fail(failure));
    }

    /**
     * Disposes everything that runs on these resources, then the context and the threads. Returns at once.
     */
    @Override
    public void dispose() {
        if (disposed) {
            return;
        }
        disposed = true;
        owners.forEach(Disposable::dispose);
        loop.execute(() -> stopWhenClosed(System.nanoTime() + CLOSE_GRACE_NANOS));
    }

    private void stopWhenClosed(long deadline) {
        Logins door = logins;
        if (door != null && sockets.size() == 1) {
            door.socket().close(0); // the last of all
        }
        if (sockets.isEmpty()) {
            loop.stop();
        } else if (System.nanoTime() - deadline < 0) {
            loop.schedule(1_000_000, () -> stopWhenClosed(deadline));
        } else {
            sockets.forEach(socket -> socket.close(0));
            loop.stop();
        }
    }

    /** Terminates on a thread of its own: it waits for the sockets, and fails for ever if it is interrupted once. */
    private void terminateContext() {
        ZmqException failure = dead;
        if (failure != null) { // ZeroMQ would wait for its dead thread for ever
            terminated.tryEmitError(failure);
            return;
        }
        Thread thread = new Thread(
                () -> {
                    try {
                        context.terminate();
                    } catch (RuntimeException ex) {
                        LOG.error("cannot terminate the ZeroMQ context of " + name, ex);
                    } finally {
                        terminated.tryEmitEmpty();
                    }
                },
                name + "-term");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public boolean isDisposed() {
        return disposed;
    }

    /**
     * Completes when everything is gone: sockets, threads and the context. Fails if an IO thread of ZeroMQ died, which
     * leaves what that thread held.
     *
     * @return the completion
     */
    public Mono<Void> onDispose() {
        return terminated.asMono();
    }

    @Override
    public String toString() {
        return name;
    }
}
