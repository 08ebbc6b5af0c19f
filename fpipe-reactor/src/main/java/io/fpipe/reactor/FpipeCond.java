/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Chooses a branch for each message: by its first bytes, or by the value it is made of.
 *
 * <p>The first clause that matches wins. A cond over bytes
 * <ul>
 * <li>reads no more than it needs to decide; a prefix may span any number of buffers, and a message that is empty or
 * shorter than a clause looks at is decided at its end;</li>
 * <li>hands the message, with the bytes it looked at, to the branch as the same buffers, without empty ones;</li>
 * <li>requests one buffer at a time, the first when it is subscribed to;</li>
 * <li>emits, completes and fails as the branch does, of which it requests one element at a time;</li>
 * <li>fails with the source's error if that comes before the decision, with {@link UnroutedMessageException} if no
 * clause matches and there is no {@code otherwise}, and with whatever a clause or a branch throws;</li>
 * <li>cancels the source when it is cancelled or the branch ends before it.</li>
 * </ul>
 * A branch over bytes gets its message once: a {@code retry} or {@code repeat} inside it fails with "FluxSwitchOnFirst
 * allows only one Subscriber". Around the cond it decides anew; but only where the result is a {@code Mono}, for bytes
 * that have left before a failure would leave twice. Conds are
 * immutable: each method returns a copy, and refuses a clause that can never be reached.
 */
public final class FpipeCond {

    private FpipeCond() {}

    /**
     * Starts a cond from bytes to bytes.
     *
     * @return a cond without clauses
     */
    public static Bytes bytes() {
        return new Bytes(Clauses.none());
    }

    /**
     * Starts a cond from bytes to an object.
     * @param <T> the type of the object
     * @return a cond without clauses
     */
    public static <T> Decode<T> decode() {
        return new Decode<>(Clauses.none());
    }

    /**
     * Starts a cond from an object to bytes.
     * @param <T> the type of the object
     * @return a cond without clauses
     */
    public static <T extends @Nullable Object> Objects<T> objects() {
        return new Objects<>(ValueClauses.none());
    }

    /**
     * Consumes a header of fixed length and runs the rest of the message through the stage that is chosen by it. A
     * shorter message fails with {@link CorruptStreamException}.
     *
     * @param bytes the length of the header, at least 1
     * @param choose gives the stage for a header, which is read-only; what it throws is the message's error
     * @return the stage
     */
    public static Stage header(int bytes, Function<? super ByteBuffer, ? extends Stage> choose) {
        Head.Chooser<Stage> chooser = Head.byHeader(bytes, choose);
        Stage skip = Prefixes.skip(bytes);
        return message -> Head.route(message, bytes, () -> chooser, (stage, all) -> stage.apply(skip.apply(all)));
    }

    /**
     * Consumes a header of fixed length and hands the rest of the message to the deserializer that is chosen by it. A
     * shorter message fails with {@link CorruptStreamException}.
     *
     * @param <T> the type of the object
     * @param bytes the length of the header, at least 1
     * @param choose gives the deserializer for a header, which is read-only; what it throws is the message's error
     * @return the deserializer
     */
    public static <T> Deserializer<T> decodeHeader(
            int bytes, Function<? super ByteBuffer, ? extends Deserializer<? extends T>> choose) {
        Head.Chooser<Deserializer<? extends T>> chooser = Head.byHeader(bytes, choose);
        Stage skip = Prefixes.skip(bytes);
        return message -> Mono.fromDirect(Head.route(
                message, bytes, () -> chooser, (deserializer, all) -> deserializer.deserialize(skip.apply(all))));
    }

    /**
     * Serializes each value with the serializer that is chosen for it.
     *
     * @param <T> the type of the values
     * @param choose gives the serializer for a value, at each subscription; what it throws is the message's error
     * @return the serializer
     */
    public static <T extends @Nullable Object> Serializer<T> choose(
            Function<? super T, ? extends Serializer<? super T>> choose) {
        requireNonNull(choose, "choose");
        return value -> Flux.defer(() -> requireNonNull(choose.apply(value), "nothing was chosen for the value")
                .serialize(value));
    }

    /** A cond from bytes to bytes. */
    public static final class Bytes implements Stage {

        private final Clauses<Stage> clauses;

        private Bytes(Clauses<Stage> clauses) {
            this.clauses = clauses;
        }

        /**
         * Adds a clause for messages that begin with a byte; it stays in the message.
         * @param singleByte the byte, from -128 to 255
         * @param branch what they run through
         * @return the cond with the clause
         */
        public Bytes whenPrefix(int singleByte, Stage branch) {
            return whenPrefix(new byte[] {Prefixes.toByte(singleByte)}, branch);
        }

        /**
         * Adds a clause for messages that begin with some bytes; they stay in the message.
         * @param prefix the bytes, at least one
         * @param branch what they run through
         * @return the cond with the clause
         */
        public Bytes whenPrefix(byte[] prefix, Stage branch) {
            return new Bytes(clauses.whenPrefix(prefix, branch));
        }

        /**
         * Adds a clause for messages whose first bytes pass a test.
         * @param headBytes how many bytes the test sees, at least 1; fewer only of a shorter message
         * @param test the test, of a read-only buffer
         * @param branch what they run through
         * @return the cond with the clause
         */
        public Bytes when(int headBytes, Predicate<ByteBuffer> test, Stage branch) {
            return new Bytes(clauses.when(headBytes, test, branch));
        }

        /**
         * Adds the last clause, for all other messages.
         * @param branch what they run through
         * @return the cond with the clause
         */
        public Bytes otherwise(Stage branch) {
            return new Bytes(clauses.otherwise(branch));
        }

        @Override
        public Flux<ByteBuffer> apply(Flux<ByteBuffer> message) {
            return Head.route(message, clauses.most(), clauses::chooser, Stage::apply);
        }

        @Override
        public String toString() {
            return "FpipeCond.bytes" + clauses;
        }
    }

    /**
     * A cond from bytes to an object.
     *
     * @param <T> the type of the object
     */
    public static final class Decode<T> implements Deserializer<T> {

        private final Clauses<Deserializer<? extends T>> clauses;

        private Decode(Clauses<Deserializer<? extends T>> clauses) {
            this.clauses = clauses;
        }

        /**
         * Adds a clause for messages that begin with a byte; it stays in the message.
         * @param singleByte the byte, from -128 to 255
         * @param branch what reads them
         * @return the cond with the clause
         */
        public Decode<T> whenPrefix(int singleByte, Deserializer<? extends T> branch) {
            return whenPrefix(new byte[] {Prefixes.toByte(singleByte)}, branch);
        }

        /**
         * Adds a clause for messages that begin with some bytes; they stay in the message.
         * @param prefix the bytes, at least one
         * @param branch what reads them
         * @return the cond with the clause
         */
        public Decode<T> whenPrefix(byte[] prefix, Deserializer<? extends T> branch) {
            return new Decode<>(clauses.whenPrefix(prefix, branch));
        }

        /**
         * Adds a clause for messages whose first bytes pass a test.
         * @param headBytes how many bytes the test sees, at least 1; fewer only of a shorter message
         * @param test the test, of a read-only buffer
         * @param branch what reads them
         * @return the cond with the clause
         */
        public Decode<T> when(int headBytes, Predicate<ByteBuffer> test, Deserializer<? extends T> branch) {
            return new Decode<>(clauses.when(headBytes, test, branch));
        }

        /**
         * Adds the last clause, for all other messages.
         * @param branch what reads them
         * @return the cond with the clause
         */
        public Decode<T> otherwise(Deserializer<? extends T> branch) {
            return new Decode<>(clauses.otherwise(branch));
        }

        @Override
        public Mono<T> deserialize(Flux<ByteBuffer> message) {
            return Mono.fromDirect(Head.route(message, clauses.most(), clauses::chooser, Deserializer::deserialize));
        }

        @Override
        public String toString() {
            return "FpipeCond.decode" + clauses;
        }
    }

    /**
     * A cond from an object to bytes.
     *
     * @param <T> the type of the object
     */
    public static final class Objects<T extends @Nullable Object> implements Serializer<T> {

        private final ValueClauses<T> clauses;

        private Objects(ValueClauses<T> clauses) {
            this.clauses = clauses;
        }

        /**
         * Adds a clause for values that pass a test.
         * @param test the test, at each subscription
         * @param branch what serializes them
         * @return the cond with the clause
         */
        public Objects<T> when(Predicate<? super T> test, Serializer<? super T> branch) {
            return new Objects<>(clauses.when(test, branch));
        }

        /**
         * Adds a clause for values that pass a test, and serializes what they are translated to.
         * @param <U> the type they are translated to
         * @param test the test, at each subscription
         * @param translate gives what is serialized
         * @param branch what serializes it
         * @return the cond with the clause
         */
        public <U extends @Nullable Object> Objects<T> when(
                Predicate<? super T> test, Function<? super T, ? extends U> translate, Serializer<? super U> branch) {
            return when(test, branch.contramap(translate));
        }

        /**
         * Adds the last clause, for all other values.
         * @param branch what serializes them
         * @return the cond with the clause
         */
        public Objects<T> otherwise(Serializer<? super T> branch) {
            return new Objects<>(clauses.otherwise(branch));
        }

        /**
         * Adds the last clause, for all other values, and serializes what they are translated to.
         * @param <U> the type they are translated to
         * @param translate gives what is serialized
         * @param branch what serializes it
         * @return the cond with the clause
         */
        public <U extends @Nullable Object> Objects<T> otherwise(
                Function<? super T, ? extends U> translate, Serializer<? super U> branch) {
            return otherwise(branch.contramap(translate));
        }

        @Override
        public Flux<ByteBuffer> serialize(T value) {
            return Flux.defer(() -> clauses.branch(value).serialize(value));
        }

        @Override
        public String toString() {
            return "FpipeCond.objects" + clauses;
        }
    }
}
