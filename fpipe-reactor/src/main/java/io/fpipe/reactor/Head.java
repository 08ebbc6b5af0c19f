/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/**
 * Holds buffers back until the first bytes of a message are enough to choose its branch, then passes them on, and all
 * that follow, as the same objects.
 *
 * @param <B> the type of the branches
 */
final class Head<B> implements Transcoder<ByteBuffer, ByteBuffer> {

    /** Chooses the branch of one message. */
    interface Chooser<B> {

        /**
         * Chooses, or asks for more.
         *
         * @param head the first bytes, read-only: more than before in each call
         * @param complete whether they are the whole message; then it must choose
         * @return the branch, or null while more bytes are needed
         */
        @Nullable
        B choose(ByteBuffer head, boolean complete);
    }

    /** Chooses by a header of fixed length, which must be there. */
    static <B> Chooser<B> byHeader(int bytes, Function<? super ByteBuffer, ? extends B> choose) {
        Objects.requireNonNull(choose, "choose");
        if (bytes < 1) {
            throw new IllegalArgumentException("bytes must be at least 1, was " + bytes);
        }
        return (head, complete) -> {
            if (head.remaining() >= bytes) {
                return Objects.requireNonNull(choose.apply(head), "nothing was chosen for the header");
            }
            if (complete) {
                throw new CorruptStreamException(
                        "the message ended after " + head.remaining() + " of the " + bytes + " bytes of its header");
            }
            return null;
        };
    }

    private final int most;
    private final Chooser<? extends B> chooser;

    private final Queue<ByteBuffer> held = new ArrayDeque<>(4);
    private @Nullable ByteBuffer head;
    private @Nullable ByteBuffer gathered;
    private @Nullable B branch;
    private boolean ended;

    private Head(int most, Chooser<? extends B> chooser) {
        this.most = most;
        this.chooser = chooser;
    }

    /**
     * Runs each message through the branch that is chosen for it. An error before that is passed on, and so is
     * whatever the chooser or the branch throws.
     *
     * @param message the message
     * @param most the bytes the chooser needs at most
     * @param chooser makes the chooser of one subscription
     * @param run assembles the branch on the message
     */
    static <B, R> Flux<R> route(
            Flux<ByteBuffer> message,
            int most,
            Supplier<? extends Chooser<? extends B>> chooser,
            BiFunction<? super B, ? super Flux<ByteBuffer>, ? extends Publisher<? extends R>> run) {
        return Flux.defer(() -> {
            Head<B> head = new Head<>(most, chooser.get());
            Flux<R> switched = Transcoders.transcode(message, () -> head).switchOnFirst((first, all) -> {
                Throwable error = first.getThrowable();
                return error != null ? Flux.error(error) : run.apply(head.branch(), all);
            });
            return Transcoders.transcode(switched, Passing::new);
        });
    }

    /** The branch; known before the first buffer or the end is emitted. */
    private B branch() {
        return Objects.requireNonNull(branch, "no branch was chosen");
    }

    @Override
    public void feed(ByteBuffer input) {
        if (!input.hasRemaining()) {
            return;
        }
        held.add(input);
        if (branch == null) {
            branch = chooser.choose(lookAt(input), false);
        }
    }

    /** The first bytes, up to most, with those of the input; copied only if they are not all in the first buffer. */
    private ByteBuffer lookAt(ByteBuffer input) {
        ByteBuffer view = input.asReadOnlyBuffer();
        if (head != null) {
            ByteBuffer bytes = gathered == null ? ByteBuffer.allocate(most).put(head) : gathered;
            gathered = bytes;
            view.limit(view.position() + Math.min(view.remaining(), bytes.remaining()));
            bytes.put(view);
            view = bytes.asReadOnlyBuffer().flip();
        }
        head = view.slice(view.position(), Math.min(most, view.remaining()));
        return head;
    }

    @Override
    public void end() {
        ended = true;
        if (branch == null) {
            ByteBuffer all = head == null ? ByteBuffer.allocate(0).asReadOnlyBuffer() : head;
            branch = Objects.requireNonNull(chooser.choose(all, true), "the chooser did not choose");
        }
    }

    @Override
    public @Nullable ByteBuffer poll() {
        return branch == null ? null : held.poll();
    }

    @Override
    public boolean isFinished() {
        return ended && held.isEmpty();
    }

    /**
     * Asks switchOnFirst for one element at a time, from outside onNext. Asked from inside, it emits the second element
     * within the first; asked for many, it passes a cancel on only when all of them are emitted.
     */
    private static final class Passing<R> implements Transcoder<R, R> {

        private @Nullable R element;
        private boolean ended;

        @Override
        public void feed(R input) {
            element = input;
        }

        @Override
        public void end() {
            ended = true;
        }

        @Override
        public @Nullable R poll() {
            R output = element;
            element = null;
            return output;
        }

        @Override
        public boolean isFinished() {
            return ended && element == null;
        }
    }
}
