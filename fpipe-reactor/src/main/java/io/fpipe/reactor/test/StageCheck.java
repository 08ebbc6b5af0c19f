/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Proves a stage, a serializer or a deserializer: replays samples in many ways and checks all that can be seen from
 * outside.
 *
 * <pre>{@code
 * StageCheck.stage(Prefixes.skip(1))
 *         .sample(new byte[] {1, 2, 3}, new byte[] {2, 3})
 *         .invalid(new byte[0], CorruptStreamException.class)
 *         .verify();
 * StageCheck.roundTrip(Zlib.compress(), Zlib.decompress(), empty, small, large).verify();
 * }</pre>
 *
 * <p>It replays each sample cut into two buffers at every position (a seeded selection in large samples), into single
 * bytes and into random lengths, with empty buffers between; as heap, direct, read-only and sliced buffers; for a
 * subscriber that asks for everything, for one, for three, and from inside {@code onNext}; with a source in the
 * subscriber's thread and one in its own; cancelled in {@code onSubscribe} and in {@code onNext}, after every number of
 * elements up to 64; and failed by the source at every position. A sample of n bytes takes some 10 n + 200 runs, at
 * most some thousand. Invalid samples are neither failed by the source nor subscribed to twice. The input of a
 * serializer is a value, so only the demand varies.
 *
 * <p>It checks that
 * <ul>
 * <li>the result is the same whatever the cut and the demand, also for a second subscription;</li>
 * <li>nothing is emitted without demand, and no empty buffer that was not an input;</li>
 * <li>the source is never asked for more than one buffer ahead (or {@link #prefetch}), unless the subscriber itself
 * asked for more, and is read only once;</li>
 * <li>it ends exactly once, with the source's error if there is one; signals do not overlap;</li>
 * <li>the source is cancelled when the subscriber cancels, or when the end comes before the source's, and nothing
 * but an end that was on its way comes after that;</li>
 * <li>the input's cursor, byte order and content are left alone, and emitted buffers are not changed afterwards;</li>
 * <li>a {@link #transcoder} is used and behaves as {@link TranscoderProbe} says;</li>
 * <li>the end comes with the last element, if {@link #completesWithLast} is set.</li>
 * </ul>
 *
 * <p>Immutable: each method returns a copy.
 *
 * @param <I> the type of a sample's input
 * @param <O> the type of its result
 */
public final class StageCheck<I, O> {

    private final Subject<I, O> subject;
    private final Settings settings;
    private final List<Sample<I, O>> samples;
    private final @Nullable Inverse<I, O> inverse;

    /** What undoes the subject, and how its input is made. */
    private record Inverse<I, O>(Function<I, byte[]> encode, Subject<byte[], O> back) {}

    private StageCheck(
            Subject<I, O> subject, Settings settings, List<Sample<I, O>> samples, @Nullable Inverse<I, O> inverse) {
        this.subject = subject;
        this.settings = settings;
        this.samples = samples;
        this.inverse = inverse;
    }

    private static <I, O> StageCheck<I, O> of(Subject<I, O> subject) {
        return new StageCheck<>(subject, Settings.DEFAULT, List.of(), null);
    }

    /**
     * Checks a stage, from bytes to bytes.
     *
     * @param stage the stage
     * @return its check, without samples
     */
    public static StageCheck<byte[], byte[]> stage(Stage stage) {
        return of(Subject.ofStage(requireNonNull(stage, "stage"), Subject::join));
    }

    /**
     * Checks a transcoder as a stage, and how it is used and behaves as {@link TranscoderProbe} does.
     *
     * @param factory creates the transcoders
     * @return its check, without samples
     */
    public static StageCheck<byte[], byte[]> transcoder(
            Supplier<? extends Transcoder<ByteBuffer, ByteBuffer>> factory) {
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(factory);
        return of(Subject.ofStage(Stage.transcode(probe), Subject::join).watchedBy(probe));
    }

    /**
     * Checks a serializer, from a value to bytes.
     *
     * @param <T> the type of the values
     * @param serializer the serializer
     * @return its check, without samples
     */
    public static <T> StageCheck<T, byte[]> serializer(Serializer<? super T> serializer) {
        return of(Subject.ofSerializer(requireNonNull(serializer, "serializer"), Subject::join));
    }

    /**
     * Checks a deserializer, from bytes to a value; an empty result is {@code null}.
     *
     * @param <T> the type of the values
     * @param deserializer the deserializer
     * @return its check, without samples
     */
    public static <T> StageCheck<byte[], T> deserializer(Deserializer<T> deserializer) {
        return of(Subject.ofDeserializer(requireNonNull(deserializer, "deserializer")));
    }

    /**
     * Checks a deserializer of many values, from bytes to the list of them.
     *
     * @param <T> the type of the values
     * @param deserializer the deserializer
     * @return its check, without samples
     */
    public static <T> StageCheck<byte[], List<T>> deserializerOfMany(FluxDeserializer<T> deserializer) {
        return of(Subject.ofMany(requireNonNull(deserializer, "deserializer")));
    }

    /**
     * Checks that a second stage undoes a first: first that what leaves {@code there}, however it is cut and asked
     * for, is undone by {@code back} (the bytes in between may depend on the cut); then {@code back} for every cut of
     * those bytes.
     *
     * @param there the first stage
     * @param back the second stage
     * @param inputs the samples
     * @return the check of both
     */
    public static StageCheck<byte[], byte[]> roundTrip(Stage there, Stage back, byte[]... inputs) {
        requireNonNull(there, "there");
        requireNonNull(back, "back");
        Function<List<?>, byte[]> undo = buffers -> Subject.collect(back.apply(Subject.source(buffers)));
        Function<byte[], byte[]> encode = input -> Subject.collect(there.apply(Flux.just(ByteBuffer.wrap(input))));
        return roundTrip(
                Subject.ofStage(there, undo), encode, Subject.ofStage(back, Subject::join), Arrays.asList(inputs));
    }

    /**
     * Checks that a deserializer undoes a serializer: for every pattern of demand to the serializer, then for every
     * cut of the bytes to the deserializer.
     *
     * @param <T> the type of the values
     * @param there the serializer
     * @param back the deserializer
     * @param values the samples
     * @return the check of both
     */
    @SafeVarargs
    @SuppressWarnings("varargs") // the array is only read
    public static <T> StageCheck<T, T> roundTrip(
            Serializer<? super T> there, Deserializer<? extends T> back, T... values) {
        requireNonNull(there, "there");
        requireNonNull(back, "back");
        Deserializer<T> typed = message -> back.deserialize(message).map(value -> value);
        Function<List<?>, @Nullable T> undo = buffers -> Subject.await(typed.deserialize(Subject.source(buffers)));
        Function<T, byte[]> encode = value -> Subject.collect(there.serialize(value));
        return roundTrip(
                Subject.ofSerializer(there, undo), encode, Subject.ofDeserializer(typed), Arrays.asList(values));
    }

    private static <T> StageCheck<T, T> roundTrip(
            Subject<T, T> there, Function<T, byte[]> encode, Subject<byte[], T> back, List<T> values) {
        StageCheck<T, T> check = new StageCheck<>(there, Settings.DEFAULT, List.of(), new Inverse<>(encode, back));
        for (T value : values) {
            check = check.sample(value, value);
        }
        return check;
    }

    /**
     * Adds a sample.
     *
     * @param input the input
     * @param expected the result it must have; {@code null} for an empty one
     * @return this check with the sample
     */
    public StageCheck<I, O> sample(I input, @Nullable O expected) {
        return with(new Sample<>(requireNonNull(input, "input"), expected, null));
    }

    /**
     * Adds a sample that must fail, with an error that has a message.
     *
     * @param input the input
     * @param error the type of the error, or a supertype
     * @return this check with the sample
     */
    public StageCheck<I, O> invalid(I input, Class<? extends Throwable> error) {
        return with(new Sample<>(requireNonNull(input, "input"), null, requireNonNull(error, "error")));
    }

    private StageCheck<I, O> with(Sample<I, O> sample) {
        List<Sample<I, O>> more = new ArrayList<>(samples);
        more.add(sample);
        return new StageCheck<>(subject, settings, List.copyOf(more), inverse);
    }

    private StageCheck<I, O> with(Settings newSettings) {
        return new StageCheck<>(subject, newSettings, samples, inverse);
    }

    /**
     * Sets how many buffers the source may be asked for ahead of the subscriber's own demand. Default: 1.
     *
     * @param buffers the number, at least 1; {@code Long.MAX_VALUE} allows any
     * @return this check with the limit
     */
    public StageCheck<I, O> prefetch(long buffers) {
        if (buffers < 1) {
            throw new IllegalArgumentException("prefetch must be at least 1, was " + buffers);
        }
        return with(settings.prefetch(buffers));
    }

    /**
     * Checks also that the end comes with the last element, for a subscriber that asked for exactly so many. Default:
     * not checked.
     *
     * @return this check with that obligation
     */
    public StageCheck<I, O> completesWithLast() {
        return with(settings.completesWithLast(true));
    }

    /**
     * Sets how long nothing may happen before a run is taken for stuck. Default: 2 s.
     *
     * @param duration the time, positive
     * @return this check with the time
     */
    public StageCheck<I, O> timeout(Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("timeout must be positive, was " + duration);
        }
        return with(settings.timeout(duration));
    }

    /**
     * Sets the seed of the cuts that are selected at random. Default: 1.
     *
     * @param seed the seed
     * @return this check with the seed
     */
    public StageCheck<I, O> seed(long seed) {
        return with(settings.seed(seed));
    }

    /**
     * Sets how results are compared. Default: {@link java.util.Objects#deepEquals}.
     *
     * @param equality compares a result with the expected one
     * @return this check with the comparison
     */
    @SuppressWarnings("unchecked") // it is given only what the subject collected and the samples expect
    public StageCheck<I, O> equality(BiPredicate<? super O, ? super O> equality) {
        requireNonNull(equality, "equality");
        return with(settings.equality((a, b) -> equality.test((O) a, (O) b)));
    }

    /**
     * Replays all samples.
     *
     * @throws AssertionError with the smallest case that was found, if something is wrong
     */
    public void verify() {
        if (samples.isEmpty()) {
            throw new IllegalStateException("there are no samples to check");
        }
        List<Sample<I, O>> smallestFirst = new ArrayList<>(samples);
        smallestFirst.sort(Comparator.comparingInt(sample -> subject.bytes(sample.input()).length));
        for (Sample<I, O> sample : smallestFirst) {
            new Replay<>(subject, settings, sample, "sample").verify();
            if (inverse != null) {
                Sample<byte[], O> bytes = new Sample<>(inverse.encode.apply(sample.input()), sample.expected(), null);
                new Replay<>(inverse.back, settings, bytes, "bytes made of a sample").verify();
            }
        }
    }
}
