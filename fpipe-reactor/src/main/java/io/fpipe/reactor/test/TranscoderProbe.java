/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Wraps a factory of transcoders and watches how each is driven and how it answers: one thread at a time, input and
 * {@code flush()} only after {@code poll()} returned {@code null} and never after the end, one end, {@code
 * isFinished()} only after it and never true while output is left, no empty output, nothing at all after {@code
 * close()}, and exactly one {@code close()}. What it finds is kept and thrown by {@link #verify()}, so that the
 * operator under test cannot turn it into an ordinary error.
 *
 * @param <I> the type of the input
 * @param <O> the type of the output
 */
public final class TranscoderProbe<I, O> implements Supplier<Transcoder<I, O>> {

    private final Supplier<? extends Transcoder<? super I, ? extends O>> factory;
    private final Queue<Watched> opened = new ConcurrentLinkedQueue<>();
    private final Queue<String> problems = new ConcurrentLinkedQueue<>();

    private TranscoderProbe(Supplier<? extends Transcoder<? super I, ? extends O>> factory) {
        this.factory = factory;
    }

    /**
     * Wraps a factory.
     *
     * @param <I> the type of the input
     * @param <O> the type of the output
     * @param factory creates the transcoders to watch
     * @return the factory of watched ones
     */
    public static <I, O> TranscoderProbe<I, O> of(Supplier<? extends Transcoder<? super I, ? extends O>> factory) {
        return new TranscoderProbe<>(requireNonNull(factory, "factory"));
    }

    @Override
    public Transcoder<I, O> get() {
        Watched watched = new Watched(requireNonNull(factory.get(), "the factory returned null"));
        opened.add(watched);
        return watched;
    }

    /**
     * Returns how many transcoders were created.
     *
     * @return the number since the last {@link #verify()}
     */
    public int opened() {
        return opened.size();
    }

    /**
     * Returns how often transcoders were closed.
     *
     * @return the number of calls of {@code close()} since the last {@link #verify()}
     */
    public int closed() {
        return opened.stream().mapToInt(watched -> watched.closed.get()).sum();
    }

    /**
     * Checks all transcoders that were created since the last call, and forgets them.
     *
     * @throws AssertionError if one was used against its contract, broke it, or was not closed exactly once
     */
    public void verify() {
        for (Watched watched : opened) {
            int times = watched.closed.get();
            if (times != 1) {
                problems.add("the transcoder was closed " + times + " times");
            }
        }
        String first = problems.peek();
        forget();
        if (first != null) {
            throw new AssertionError(first);
        }
    }

    void forget() {
        opened.clear();
        problems.clear();
    }

    private final class Watched implements Transcoder<I, O> {

        private final Transcoder<? super I, ? extends O> transcoder;
        private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();
        private final AtomicInteger closed = new AtomicInteger();

        // Guarded by the driver, as the state of the transcoder itself.
        private boolean drained = true;
        private boolean ended;
        private boolean finished;

        Watched(Transcoder<? super I, ? extends O> transcoder) {
            this.transcoder = transcoder;
        }

        @Override
        public void feed(I input) throws Exception {
            enter("feed");
            try {
                check(drained, "feed was called before poll() returned null");
                check(!ended, "feed was called after end()");
                drained = false;
                transcoder.feed(input);
            } finally {
                user.set(null);
            }
        }

        @Override
        public void end() throws Exception {
            enter("end");
            try {
                check(!ended, "end was called twice");
                ended = true;
                transcoder.end();
            } finally {
                user.set(null);
            }
        }

        @Override
        public boolean flush() throws Exception {
            enter("flush");
            try {
                check(drained, "flush was called before poll() returned null");
                check(!ended, "flush was called after end()");
                boolean flushed = transcoder.flush();
                drained = !flushed;
                return flushed;
            } finally {
                user.set(null);
            }
        }

        @Override
        public @Nullable O poll() throws Exception {
            enter("poll");
            try {
                O output = transcoder.poll();
                check(!finished || output == null, "poll() gave output after isFinished() was true");
                check(!(output instanceof ByteBuffer b) || b.hasRemaining(), "poll() gave an empty buffer");
                drained = output == null;
                return output;
            } finally {
                user.set(null);
            }
        }

        @Override
        public boolean isFinished() {
            enter("isFinished");
            try {
                check(ended, "isFinished was called before end()");
                finished = transcoder.isFinished();
                return finished;
            } finally {
                user.set(null);
            }
        }

        @Override
        public void close() {
            enter("close");
            try {
                closed.incrementAndGet();
                transcoder.close();
            } finally {
                user.set(null);
            }
        }

        private void enter(String call) {
            Thread other = user.getAndSet(Thread.currentThread());
            check(other == null, call + " was called while another call was running");
            check(closed.get() == 0, call + " was called after close()");
        }

        private void check(boolean condition, String problem) {
            if (!condition) {
                problems.add(problem);
            }
        }
    }
}
