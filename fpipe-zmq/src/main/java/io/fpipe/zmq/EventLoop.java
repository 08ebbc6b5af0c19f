/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import reactor.core.scheduler.NonBlocking;
import reactor.util.Logger;
import reactor.util.Loggers;
import reactor.util.concurrent.Queues;
import zmq.Msg;

/**
 * The one thread that waits for sockets to become ready, receives from them and signals what it received.
 *
 * <p>Work reaches it as tasks, as sockets marked dirty (which need a turn although their descriptor may be silent) and
 * as timers. It sleeps only in {@code select}, and for an instant in {@link #idle()}.
 */
final class EventLoop implements Executor {

    private static final Logger LOG = Loggers.getLogger(EventLoop.class);

    private static final int AWAKE = 0;
    private static final int SLEEPING = 1;
    private static final int NOTIFIED = 2;

    private static final int TASK_BUDGET = 1024;
    private static final long SPIN_PARK_NANOS = 30_000;
    private static final long BURST_NANOS = 15_000;

    /** How long the loop looks for more before it sleeps: longer than what it is sent takes to be answered near by. */
    private static final long LOOK_NANOS = 100_000;

    /** Whoever has received more since the last look has many messages on their way, and others need the processors. */
    private static final int FEW_PARTS = 8;

    private final Selector selector;
    private final Thread thread;
    private final Runnable atExit;
    private final Queue<Runnable> tasks =
            Queues.<Runnable>unboundedMultiproducer().get();
    private final Queue<OwnedSocket> dirty =
            Queues.<OwnedSocket>unboundedMultiproducer().get();
    private final AtomicInteger state = new AtomicInteger(AWAKE);

    /** Loop thread only. */
    private final TreeSet<Timer> timers = new TreeSet<>();

    /** Loop thread only. */
    private long timerCount;

    /** Loop thread only: the message parts that a socket's turn received, until they are delivered. */
    private final List<Msg> received = new ArrayList<>();

    /** Loop thread only: the sockets whose turn it is. */
    private final List<OwnedSocket> round = new ArrayList<>();

    private final Looks looks = new Looks();
    private int emptyWakes;
    private int receivedParts;
    private long idled;
    private long burstBegan;
    private boolean stopped;

    /** Set when the loop thread touches nothing any more; after it, {@code late} says who may. */
    private volatile boolean ended;

    private final AtomicInteger late = new AtomicInteger();

    EventLoop(String name, Runnable atExit) {
        this.atExit = atExit;
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open a selector", e);
        }
        thread = new LoopThread(this::run, name);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Tells whether what the caller sends may wait for more of it: the caller is the loop, and has not been busy for long
     * since it began its turn, or was told no.
     */
    boolean gathers() {
        if (!isCurrentThread()) {
            return false;
        }
        long now = System.nanoTime();
        if (now - burstBegan < BURST_NANOS) {
            return true;
        }
        burstBegan = now;
        return false;
    }

    /** Tells whether the caller is the loop. */
    boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /** Runs a task on the loop, after the tasks before it. When the loop has ended, the caller runs it. */
    @Override
    public void execute(Runnable task) {
        tasks.offer(task);
        wake();
    }

    /** How often a descriptor was ready and there was nothing to do; to be called on the loop. */
    long idled() {
        return idled;
    }

    /** Gives a socket a turn. Only {@link OwnedSocket#wake()} calls this, once until that turn. */
    void enqueue(OwnedSocket socket) {
        dirty.offer(socket);
        wake();
    }

    /** Runs a task on the loop after a delay; to be called on the loop. */
    Timer schedule(long delayNanos, Runnable task) {
        Timer timer = new Timer(System.nanoTime() + delayNanos, timerCount++, task);
        timers.add(timer);
        return timer;
    }

    /** How many tasks wait for their time; to be called on the loop. */
    int timerCount() {
        return timers.size();
    }

    void cancel(Timer timer) {
        timers.remove(timer);
    }

    /** Adds a socket to the selector; to be called on the loop. */
    SelectionKey register(OwnedSocket socket) throws ClosedChannelException {
        return socket.descriptor().register(selector, SelectionKey.OP_READ, socket);
    }

    /** Forgets a cancelled key at once, so that nobody else's selector meets it; to be called on the loop. */
    void deregister(SelectionKey key) {
        key.cancel();
        try {
            if (selector.isOpen()) {
                selector.selectNow(ready -> {}); // only to flush cancelled keys; the others stay ready
            }
        } catch (IOException e) {
            LOG.error("cannot deregister a socket", e);
        }
    }

    /** Ends the loop after the tasks that it already has; to be called on the loop. */
    void stop() {
        execute(() -> stopped = true);
    }

    private void wake() {
        if (ended) {
            runLate();
        } else if (!isCurrentThread() && state.compareAndSet(SLEEPING, NOTIFIED)) {
            selector.wakeup();
        }
    }

    /**
     * Runs what comes when the loop has ended, one caller at a time, so that whoever sends or receives after the end
     * hears of it, and a socket that lingers longer than the loop is reported closed.
     */
    private void runLate() {
        if (late.getAndIncrement() == 0) {
            int missed = 1;
            while (missed != 0) {
                if (!(runTasks() || runDirty())) {
                    missed = late.addAndGet(-missed);
                }
            }
        }
    }

    private void run() {
        try {
            while (!stopped) {
                turn();
            }
        } catch (Throwable ex) {
            LOG.error("the event loop failed", ex);
            ZmqException reason = new ZmqException("the event loop failed: " + ex, ex);
            selector.keys().forEach(key -> ((OwnedSocket) key.attachment()).fail(reason));
        } finally {
            try {
                selector.close();
            } catch (IOException e) {
                LOG.error("cannot close the selector", e);
            }
            ended = true; // whoever does not see it has offered before, and is found here
            runLate();
            atExit.run();
        }
    }

    private void turn() throws IOException {
        // User code that ran here may have left the interrupt flag set; a set flag would make select spin and close
        // the channels that JeroMQ signals with.
        Thread.interrupted();
        burstBegan = System.nanoTime();
        runTasks();
        runTimers();
        runDirty();
        select();
    }

    private boolean runTasks() {
        for (int i = 0; i < TASK_BUDGET; i++) {
            Runnable task = tasks.poll();
            if (task == null) {
                return i > 0;
            }
            guarded(task);
        }
        return true;
    }

    private void runTimers() {
        while (!timers.isEmpty() && timers.first().deadline() - System.nanoTime() <= 0) {
            guarded(timers.pollFirst().task());
        }
    }

    /** One turn for each socket that is dirty now; a socket that marks itself again waits for the next round. */
    private boolean runDirty() {
        if (dirty.isEmpty()) {
            return false;
        }
        for (OwnedSocket socket = dirty.poll(); socket != null; socket = dirty.poll()) {
            socket.clearDirty();
            round.add(socket);
        }
        turnOfEach();
        return true;
    }

    private void select() throws IOException {
        int ready = look();
        if (ready == 0) {
            state.set(SLEEPING);
            // A producer either sees SLEEPING and wakes the selector, or what it offered is seen here.
            ready = isSilent() ? selector.select(this::collect, timeoutMillis()) : selector.selectNow(this::collect);
            state.set(AWAKE);
        }
        if (turnOfEach() || ready == 0) {
            emptyWakes = 0;
        } else {
            idle();
        }
    }

    private boolean isSilent() {
        return tasks.isEmpty() && dirty.isEmpty() && !stopped;
    }

    /**
     * Looks for sockets that become ready, and gives way to others meanwhile. To wake a thread that sleeps takes longer
     * than many an answer, so this takes two thirds off the time of a call. Not done where nothing or much was received,
     * and seldom where messages come one by one with pauses between them.
     */
    @SuppressWarnings("ThreadPriorityCheck") // whoever wants to run may
    private int look() throws IOException {
        int parts = receivedParts;
        receivedParts = 0;
        if (parts == 0 || parts > FEW_PARTS || !looks.isDue()) {
            return 0;
        }
        long begin = System.nanoTime();
        int ready = 0;
        boolean first = true;
        while (isSilent()) {
            ready = selector.selectNow(this::collect);
            if (ready > 0) {
                break;
            } else if (System.nanoTime() - begin >= LOOK_NANOS) {
                looks.futile();
                return 0;
            }
            Thread.yield();
            first = false;
        }
        if (!first) { // it came meanwhile
            looks.found();
        }
        return ready;
    }

    private void collect(SelectionKey key) {
        round.add((OwnedSocket) key.attachment());
    }

    /** Gives a turn to each socket of the round, and tells whether any of them had something to do. */
    private boolean turnOfEach() {
        boolean worked = false;
        burstBegan = System.nanoTime();
        for (OwnedSocket socket : round) {
            worked |= turnOf(socket);
        }
        round.clear();
        return worked;
    }

    /**
     * Lets a peer's signal finish. JeroMQ writes the byte that makes a descriptor readable before it counts it; a
     * reader that is woken in between cannot consume the byte and would spin until the writer runs again.
     */
    @SuppressWarnings("ThreadPriorityCheck") // the other thread is between two instructions
    private void idle() {
        idled++;
        if (++emptyWakes < 3) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(SPIN_PARK_NANOS);
        }
    }

    private long timeoutMillis() {
        if (timers.isEmpty()) {
            return 0;
        }
        return Math.max(1, TimeUnit.NANOSECONDS.toMillis(timers.first().deadline() - System.nanoTime() + 999_999));
    }

    private boolean turnOf(OwnedSocket socket) {
        try {
            return socket.turn(received);
        } catch (Throwable ex) {
            LOG.error("a turn of " + socket + " failed", ex);
            socket.fail(ex);
            return true;
        } finally {
            receivedParts += received.size();
            received.clear();
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable ex) {
            LOG.error("a task of the event loop failed", ex);
        }
    }

    /**
     * A task that is due at a time of {@link System#nanoTime()}. Ordered, so that one of many can be cancelled quickly.
     */
    record Timer(long deadline, long number, Runnable task) implements Comparable<Timer> {

        @Override
        public int compareTo(Timer other) {
            int order = Long.signum(deadline - other.deadline); // nanoTime may overflow
            return order == 0 ? Long.compare(number, other.number) : order;
        }
    }

    /** Reactor refuses to block on it. */
    private static final class LoopThread extends Thread implements NonBlocking {
        LoopThread(Runnable target, String name) {
            super(target, name);
        }
    }
}
