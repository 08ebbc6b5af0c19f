/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What the threads of the ZeroMQ engine wait with: the JDK's selector, with two differences. It looks for more before it
 * sleeps, as {@link EventLoop} does: to wake a thread takes longer than many an answer. And it gives way where the engine
 * would spin: the engine writes the byte that wakes its thread before it counts it, so a thread that is woken in between,
 * on the writer's processor, keeps the writer from counting until the system's next tick.
 *
 * <p>Its keys stand for those of the JDK's selector, which each channel has as well. They are given up first, for a
 * channel that is closed gives its descriptor back when the JDK's selector finds it without any other key.
 */
final class EngineSelector extends AbstractSelector {

    /** How long it looks for more before it sleeps. */
    private static final long LOOK_NANOS = 50_000;

    /** A signal that is there again so soon was not consumed. */
    private static final long SPIN_NANOS = 4_000;

    private final Selector selector;
    private final Set<SelectionKey> keys = ConcurrentHashMap.newKeySet();
    private final Set<SelectionKey> selected = new LinkedHashSet<>();
    private final Looks looks = new Looks();

    // The selecting thread only.
    private boolean active;
    private boolean signalled;
    private long returned;

    /** Whether someone wants {@code select} to return: a look takes the wake-up of the JDK's selector away. */
    private volatile boolean woken;

    EngineSelector() throws IOException {
        super(SelectorProvider.provider());
        selector = provider().openSelector();
    }

    @Override
    protected SelectionKey register(AbstractSelectableChannel channel, int ops, @Nullable Object attachment) {
        try {
            Key key = new Key(channel, channel.register(selector, ops));
            key.attach(attachment);
            key.key.attach(key);
            keys.add(key);
            return key;
        } catch (ClosedChannelException ex) { // not while its own register calls this
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public Set<SelectionKey> keys() {
        return Collections.unmodifiableSet(keys);
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
        return selected;
    }

    @Override
    public int select() throws IOException {
        return select(0);
    }

    @Override
    @SuppressWarnings("ThreadPriorityCheck") // the other thread is between two instructions
    public int select(long timeout) throws IOException {
        boolean again = signalled && System.nanoTime() - returned < SPIN_NANOS;
        signalled = false;
        int ready = look();
        if (ready == 0 && woken) {
            woken = false; // only where the call returns for it
        } else if (ready == 0) {
            ready = selector.select(this::collect, timeout);
        }
        active = ready > 0;
        if (again && signalled && ready == 1) {
            Thread.yield();
        }
        returned = System.nanoTime();
        return ready;
    }

    @SuppressWarnings("ThreadPriorityCheck") // whoever wants to run may
    private int look() throws IOException {
        forgetCancelled();
        if (!active || !looks.isDue()) {
            return 0;
        }
        long begin = System.nanoTime();
        int ready = selector.selectNow(this::collect);
        if (ready > 0) {
            return ready; // no need to look for it
        }
        while (ready == 0 && !woken) {
            if (System.nanoTime() - begin >= LOOK_NANOS) {
                looks.futile();
                return 0;
            }
            Thread.yield();
            ready = selector.selectNow(this::collect);
        }
        looks.found();
        return ready;
    }

    @Override
    public int selectNow() throws IOException {
        forgetCancelled();
        woken = false;
        return selector.selectNow(this::collect);
    }

    private void collect(SelectionKey ready) {
        Key key = (Key) ready.attachment();
        selected.add(key);
        signalled |= key.channel instanceof Pipe.SourceChannel;
    }

    @Override
    public Selector wakeup() {
        woken = true;
        selector.wakeup();
        return this;
    }

    private void forgetCancelled() {
        Set<SelectionKey> cancelled = cancelledKeys();
        synchronized (cancelled) {
            cancelled.forEach(this::forget);
            cancelled.clear();
        }
    }

    private void forget(SelectionKey cancelled) {
        Key key = (Key) cancelled;
        keys.remove(key);
        selected.remove(key);
        deregister(key);
        key.key.cancel();
    }

    @Override
    protected void implCloseSelector() throws IOException {
        List.copyOf(keys).forEach(SelectionKey::cancel);
        forgetCancelled();
        selector.close();
    }

    /** A channel's key here, beside its key of the JDK's selector. */
    private final class Key extends AbstractSelectionKey {

        private final AbstractSelectableChannel channel;
        private final SelectionKey key;

        Key(AbstractSelectableChannel channel, SelectionKey key) {
            this.channel = channel;
            this.key = key;
        }

        @Override
        public SelectableChannel channel() {
            return channel;
        }

        @Override
        public Selector selector() {
            return EngineSelector.this;
        }

        @Override
        public int interestOps() {
            return key.interestOps();
        }

        @Override
        public SelectionKey interestOps(int ops) {
            key.interestOps(ops);
            return this;
        }

        @Override
        public int readyOps() {
            return key.readyOps();
        }
    }
}
