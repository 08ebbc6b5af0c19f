/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.util.concurrent.Queues;
import zmq.Msg;
import zmq.SocketBase;
import zmq.ZMQ;

/**
 * Decides who may touch a socket: whoever raises {@code wip} from zero owns it until it is zero again. JeroMQ allows a
 * socket to move between threads if there is a happens-before edge between them, and {@code wip} is that edge. It
 * protects {@code socket} and {@code outbound}. Ownership covers calls into JeroMQ, never user code: whatever is to be
 * signalled is remembered and signalled after the release.
 *
 * <p>A caller sends its own message and at most {@value #CALLER_BUDGET} queued ones; whatever is left, and whatever
 * became readable because a send consumed the socket's commands, is handed to the loop by marking the socket dirty.
 * Receiving, retries, connecting and closing happen in the loop's {@link #turn} only.
 */
final class OwnedSocket {

    private static final AtomicIntegerFieldUpdater<OwnedSocket> WIP =
            AtomicIntegerFieldUpdater.newUpdater(OwnedSocket.class, "wip");
    private static final AtomicIntegerFieldUpdater<OwnedSocket> DIRTY =
            AtomicIntegerFieldUpdater.newUpdater(OwnedSocket.class, "dirty");

    private static final int INBOUND_BUDGET = 256;
    private static final int CALLER_BUDGET = 64;
    private static final int LOOP_BUDGET = 256;
    private static final long DESTROY_NANOS = 200_000_000;

    private final EventLoop loop;
    private final SocketBase socket;
    private final SocketSettings settings;
    private final List<Attachment> attachments;
    private final SocketHandler handler;
    private final Inbound inbound;
    private final Outbound outbound;
    private final Queue<Outgoing> queue =
            Queues.<Outgoing>unboundedMultiproducer().get();
    private final Queue<Consumer<SocketBase>> actions =
            Queues.<Consumer<SocketBase>>unboundedMultiproducer().get();

    /** What happened before the start. */
    private final List<ZmqEvent> early = new ArrayList<>();

    // Loop thread only.
    private @Nullable SelectionKey key;
    private EventLoop.@Nullable Timer report;
    private boolean released;
    private boolean reported;
    private int linger;

    private volatile boolean started;
    private volatile boolean up;
    private volatile @Nullable Throwable failure;
    private volatile boolean closing;
    private volatile boolean handBack;

    @SuppressWarnings("unused") // used through WIP
    private volatile int wip;

    @SuppressWarnings("unused") // used through DIRTY
    private volatile int dirty;

    OwnedSocket(
            EventLoop loop,
            SocketBase socket,
            SocketSettings settings,
            List<Attachment> attachments,
            SocketHandler handler) {
        this.loop = loop;
        this.socket = socket;
        this.settings = settings;
        this.attachments = attachments;
        this.handler = handler;
        // a publisher has nothing to send to a peer before that has subscribed
        this.up = settings.type().publishes() || attachments.stream().anyMatch(Attachment::isReadyAtOnce);
        this.inbound = new Inbound(this, socket);
        this.outbound = new Outbound(this, socket, settings);
    }

    /** Binds and connects; by the thread that made the socket, before {@link #start()}. */
    void attach() {
        attachments.stream().filter(Attachment::binds).forEach(Attachment::bind);
        settings.applySendBufferTo(socket);
        attachments.stream().filter(a -> !a.binds()).forEach(a -> a.open(this));
    }

    /** Gives back the inproc names. */
    void detach() {
        attachments.forEach(attachment -> attachment.close(this));
    }

    /** The addresses that the socket is bound and connected to, with the real ports. */
    List<String> addresses() {
        return attachments.stream().map(Attachment::address).toList();
    }

    /** The first of the addresses. */
    String address() {
        return attachments.get(0).address();
    }

    /** Hands the socket to the loop; the thread that made it must not touch it afterwards. */
    void start() {
        synchronized (early) {
            early.forEach(this::tell);
            started = true;
        }
        loop.execute(() -> {
            try {
                key = loop.register(this);
            } catch (ClosedChannelException | ClosedSelectorException e) { // the loop has ended meanwhile
                fail(new ZmqException(this + " cannot be waited for: " + e, e));
            }
            wake();
        });
    }

    SelectableChannel descriptor() {
        return Objects.requireNonNull(socket.getFD(), "the socket has no descriptor");
    }

    /**
     * Sends a message, or queues it behind those that were sent before. Never blocks; called by any thread. What the loop
     * sends while it signals what it has received waits for the socket's next turn, if it is small and soon: JeroMQ
     * wakes its IO thread, by a system call, for each message that finds it asleep, and for a burst of them once.
     */
    void send(Outgoing message) {
        if (message.isSmall() && loop.gathers()) {
            queue.offer(message);
            wake();
        } else if (WIP.compareAndSet(this, 0, 1)) {
            own(message);
        } else {
            queue.offer(message);
            if (WIP.getAndIncrement(this) == 0) {
                own(null);
            } else if (closing) {
                wake(); // the socket may be closed, and then only the loop looks at the queue
            }
        }
    }

    /**
     * Asks for a turn on the loop: there is demand, or something to do. Called by any thread. Before the start there is
     * no turn, for the thread that makes the socket still uses it, and its handler may not be whole; {@link #start()}
     * asks for the one that was left out.
     */
    void wake() {
        if (started && DIRTY.compareAndSet(this, 0, 1)) {
            loop.enqueue(this);
        }
    }

    void clearDirty() {
        dirty = 0;
    }

    /** Connects in a turn of this socket: the inproc name has been bound. */
    void connectSoon(String name) {
        perform(ignored -> attachments.stream()
                .filter(a -> !a.binds() && a.address().equals(name))
                .forEach(a -> a.connect(this)));
    }

    /** Has something done to the socket in a turn of it, when it may be used. */
    void perform(Consumer<SocketBase> action) {
        actions.offer(action);
        wake();
    }

    /** Closes the socket on the loop, after what was sent before; ZeroMQ goes on sending it for the linger time. */
    void close(int lingerMillis) {
        loop.execute(() -> {
            if (!closing) {
                linger = lingerMillis;
                closing = true;
                wake();
            }
        });
    }

    boolean isClosing() {
        return closing;
    }

    /** Closes the socket because of a failure, which the handler hears. */
    void fail(Throwable ex) {
        if (failure == null) {
            failure = ex;
        }
        close(0);
    }

    /** JeroMQ has destroyed the socket; called on a thread of JeroMQ's. */
    void destroyed() {
        if (started) { // or it could not be opened, and its handler does not exist
            loop.execute(this::reportClosed);
        }
    }

    private void reportClosed() {
        if (!reported) {
            reported = true;
            if (report != null) {
                loop.cancel(report);
            }
            handler.closed(failure);
        }
    }

    /**
     * A connection is up. Until then a socket that connects holds back what it sends: a
     * command that reaches JeroMQ's IO thread in the same turn as the end of the TCP connect can make it forget to read
     * from the connection.
     */
    private void connected() {
        if (!up) {
            up = true;
            wake();
        }
    }

    /** Something happened to a connection; called on a thread of JeroMQ's, which must not wait. */
    void happened(ZmqEvent event) {
        if (event.kind() == ZmqEvent.Kind.PEER_UP) {
            connected();
        }
        synchronized (early) {
            if (!started) { // its handler may not exist yet
                early.add(event);
                return;
            }
        }
        tell(event);
    }

    private void tell(ZmqEvent event) {
        loop.execute(() -> {
            if (event.kind() == ZmqEvent.Kind.DISCONNECTED) {
                handler.disconnected();
            }
            handler.happened(event);
        });
    }

    /** A caller's ownership: sends, and leaves the rest to the loop. */
    private void own(@Nullable Outgoing first) {
        // JeroMQ takes an interrupt for a failure of the socket and clears it: keep it for the caller.
        boolean interrupted = Thread.interrupted();
        int missed = 1;
        boolean left = true;
        try {
            if (first != null) {
                if (up && queue.isEmpty()) {
                    outbound.transmit(first);
                } else {
                    queue.offer(first); // no direct send past a queue: the order of each producer is kept
                }
            }
            for (int budget = CALLER_BUDGET; ; ) {
                budget -= drain(budget);
                int current = wip;
                if (current == missed || budget <= 0) {
                    missed = current;
                    break;
                }
                missed = current;
            }
            // A send consumes commands, so it may have swallowed the edge that would have woken the loop.
            left = queued() || outbound.isBlocked() || (handler.demand() > 0 && outbound.readable());
        } catch (Throwable ex) { // with assertions on, JeroMQ throws AssertionError
            fail(ex);
        } finally {
            interrupted |= outbound.wasInterrupted();
            try {
                release(missed, left);
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private void release(int missed, boolean left) {
        List<Runnable> told = outbound.takeTold();
        Outgoing.Origin origin = outbound.takeOrigin();
        int sent = outbound.takeSent();
        // Whoever raised wip meanwhile left something to do, and the loop does it.
        boolean more = WIP.getAndSet(this, 0) != missed || left;
        if (more || handBack) {
            wake();
        }
        if (told != null) {
            told.forEach(Runnable::run);
        }
        if (origin != null) {
            origin.sent(sent);
        }
    }

    /** Receives within demand and budget, sends what is queued, then signals; returns whether there was any of it. */
    boolean turn(List<Msg> received) {
        if (released) {
            refuseQueue();
            return true;
        }
        handBack = true; // before the increment: if it fails, the owner sees it at its release
        if (WIP.getAndIncrement(this) != 0) {
            interest(0); // the descriptor may stay readable all the while
            return true;
        }
        handBack = false;
        if (closing) {
            closeOwned();
            return true;
        }
        long demand = 0;
        int taken = 0;
        int sent = 0;
        boolean readable = false;
        boolean left = true;
        try {
            interest(SelectionKey.OP_READ);
            demand = handler.demand();
            act();
            taken = inbound.receive(received, limit(demand));
            sent = outbound.retry(LOOP_BUDGET) + drain(LOOP_BUDGET);
            int events = outbound.events(); // last: whatever came before may have consumed commands
            readable = (events & ZMQ.ZMQ_POLLIN) != 0;
            boolean writable = !settings.type().hidesRoom() && outbound.isBlocked() && (events & ZMQ.ZMQ_POLLOUT) != 0;
            left = queued() || writable || (readable && demand > taken) || sent >= LOOP_BUDGET;
            outbound.armRetry(loop);
        } finally {
            outbound.wasInterrupted(); // an interrupt of the loop is nobody's
            release(1, left);
        }
        Inbound.deliver(received, handler);
        if (demand <= taken) {
            handler.starved();
        }
        return taken > 0 || sent > 0;
    }

    private void act() {
        for (Consumer<SocketBase> action = up ? actions.poll() : null; action != null; action = actions.poll()) {
            action.accept(socket);
        }
    }

    /** How many messages may be taken now. A REP that is asked out of turn gives the next request all the same. */
    private int limit(long demand) {
        if (settings.type() == SocketType.REP) {
            return demand > 0 && outbound.readable() ? 1 : 0;
        }
        return (int) Math.min(demand, INBOUND_BUDGET);
    }

    private boolean queued() {
        return up && !queue.isEmpty();
    }

    private int drain(int budget) {
        if (!up) {
            return 0;
        }
        int done = 0;
        for (Outgoing m = done < budget ? queue.poll() : null; m != null; m = done < budget ? queue.poll() : null) {
            outbound.transmit(m);
            done++;
        }
        return done;
    }

    /** Closes; the ownership is never given back, so that nobody touches the socket again. */
    private void closeOwned() {
        released = true;
        outbound.cancelRetry(loop);
        try {
            up = true; // ZeroMQ may still connect while it lingers
            drain(Integer.MAX_VALUE);
            detach();
            socket.setSocketOpt(ZMQ.ZMQ_LINGER, linger);
            // or the end of the linger time ends the IO thread, if a connection is lost before
            socket.setSocketOpt(ZMQ.ZMQ_IMMEDIATE, true);
        } finally { // whatever JeroMQ throws
            if (key != null) { // before the close: the reaper registers the same channel with its own selector
                loop.deregister(key);
            }
            socket.close();
        }
        outbound.refuseBlocked();
        refuseQueue();
        // Over inproc JeroMQ keeps the socket until its peer has read everything, whatever the linger time is, and
        // for ever if the IO thread is dead.
        report = loop.schedule(linger * 1_000_000L + DESTROY_NANOS, this::reportClosed);
        handler.closing(failure);
    }

    private void refuseQueue() {
        for (Outgoing m = queue.poll(); m != null; m = queue.poll()) {
            outbound.refuse(m);
        }
        List<Runnable> told = outbound.takeTold();
        if (told != null) {
            told.forEach(Runnable::run);
        }
    }

    private void interest(int ops) {
        if (key != null && key.isValid() && key.interestOps() != ops) {
            key.interestOps(ops);
        }
    }

    @Override
    public String toString() {
        return settings.type() + " " + address();
    }
}
