/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.test.StageCheck;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;

class CborRecordsTest {

    record Point(int x, int y) {}

    private record Hidden(long value, float other) {}

    record Tags(
            Instant instant,
            UUID uuid,
            URI uri,
            BigDecimal decimal,
            BigInteger integer,
            LocalDate date,
            OffsetDateTime offset,
            ZonedDateTime zoned) {}

    record Numbers(List<Integer> list, Set<Long> set, List<Double> floats) {}

    record Tree(String name, List<Tree> children) {}

    record Bag(Set<Colliding> set) {}

    record Colliding(int value) {
        @Override
        public int hashCode() {
            return 1;
        }
    }

    record Checked(String value) {
        Checked {
            throw new IllegalStateException("no " + value);
        }
    }

    record WithThread(List<Map<String, Thread>> threads) {}

    record WithIterator(Stream<String> names, Iterable<Integer> numbers, Flux<Integer> published) {}

    record SameNames(@CborName("a") int b, int a) {}

    record Generic<T>(T value) {}

    record Growing<T>(Growing<List<T>> next) {}

    record PointKeys(Map<Point, String> map) {}

    enum SameConstants {
        A,
        @CborName("A")
        B
    }

    sealed interface NoUnion permits InNoUnion {}

    record InNoUnion() implements NoUnion {}

    @CborUnion("kind")
    sealed interface Unnamed permits InUnnamed {}

    record InUnnamed() implements Unnamed {}

    @CborUnion("kind")
    sealed interface Clashing permits One, Other {}

    @CborName("x")
    record One() implements Clashing {}

    @CborName("x")
    record Other() implements Clashing {}

    @CborUnion("kind")
    interface Unsealed {}

    @CborUnion("kind")
    sealed interface WithClass permits NoRecord {}

    static final class NoRecord implements WithClass {}

    @CborUnion("value")
    sealed interface Shadowed permits Shadowing {}

    @CborName("s")
    record Shadowing(int value) implements Shadowed {}

    @CborUnion("zz")
    sealed interface Late permits Early {}

    @CborName("early")
    record Early(int b, int aa, int a) implements Late {}

    private static <T> T decode(Class<T> type, byte[] bytes, int size) {
        return Cbor.deserializer(type)
                .deserialize(Flux.fromIterable(pieces(bytes, size)))
                .block();
    }

    private static byte[] bytes(Flux<ByteBuffer> message) {
        return Chunks.join(message, 1 << 20).block();
    }

    @Test
    void aRecordIsAMapOfItsComponents() {
        assertThat(hex(encode(new Point(1, -1)))).isEqualTo("a2617801617920");
        assertThat(CborBytes.decode(encode(List.of(new Point(1, 2))))).isEqualTo(List.of(Map.of("x", 1, "y", 2)));
        assertThat(bytes(Cbor.serializer(Point.class).serialize(new Point(1, -1))))
                .isEqualTo(hex("a2617801617920"));
    }

    @Test
    void aRecordMayBePrivate() {
        Hidden value = new Hidden(1L << 40, 0.5f);
        assertThat(decode(Hidden.class, encode(value), 3)).isEqualTo(value);
    }

    @Test
    void indefiniteLengthsAreRead() {
        assertThat(decode(Point.class, hex("bf617901617802ff"), 1)).isEqualTo(new Point(2, 1));
        assertThat(decode(Point.class, hex("bf7f6179ff01617802ff"), 1)).isEqualTo(new Point(2, 1));
        assertThat(decode(Late.class, hex("bf627a7a656561726c7961620162616102616103ff"), 1))
                .isEqualTo(new Early(1, 2, 3));
        assertThatThrownBy(() -> decode(Point.class, hex("bf6179ff"), 1))
                .hasMessage("CBOR map ends at byte 3 after a key without a value, at $.y");
    }

    @Test
    void aComponentMayComeOnceOnly() {
        for (String twice : List.of("a3617801617901617801", "a3617801617801617901", "a4617901617801617902617802")) {
            for (int size : new int[] {1, 100}) {
                assertThatThrownBy(() -> decode(Point.class, hex(twice), size))
                        .isInstanceOf(CorruptStreamException.class)
                        .hasMessageContaining("duplicate CBOR map key at byte ");
            }
        }
    }

    @Test
    void limitsHoldForKeysThatAreExpected() {
        byte[] bytes = encode(new Point(1, 2));
        for (int size : new int[] {1, 100}) {
            Flux<ByteBuffer> message = Flux.fromIterable(pieces(bytes, size));
            assertThat(Cbor.deserializer(Point.class, o -> o.limits(l -> l.maxItems(5)))
                            .deserialize(message)
                            .block())
                    .isEqualTo(new Point(1, 2));
            for (int items = 0; items < 5; items++) {
                int most = items;
                assertThatThrownBy(() -> Cbor.deserializer(Point.class, o -> o.limits(l -> l.maxItems(most)))
                                .deserialize(message)
                                .block())
                        .hasMessageContaining("(maxItems is " + most + ")");
            }
        }
    }

    @Test
    void tagsAreReadIntoTheirTypes() {
        Instant instant = Instant.parse("2024-05-06T07:08:09.123456789Z");
        UUID uuid = new UUID(1, -1);
        Tags value = new Tags(
                instant,
                uuid,
                URI.create("http://localhost/a?b"),
                new BigDecimal("123.450"),
                BigInteger.TEN.pow(25),
                LocalDate.of(2024, 2, 29),
                instant.atOffset(ZoneOffset.UTC),
                instant.atZone(ZoneOffset.UTC));
        for (int size : new int[] {1, 1000}) {
            assertThat(decode(Tags.class, encode(value), size)).isEqualTo(value);
        }
        Map<String, Object> texts = Map.of(
                "instant",
                instant.toString(),
                "uuid",
                uuid.toString(),
                "uri",
                "http://localhost/a?b",
                "decimal",
                5,
                "integer",
                6,
                "date",
                "2024-02-29",
                "offset",
                "2024-05-06T07:08:09+02:00",
                "zoned",
                instant);
        assertThat(decode(Tags.class, encode(texts), 1))
                .isEqualTo(new Tags(
                        instant,
                        uuid,
                        value.uri(),
                        new BigDecimal(5),
                        BigInteger.valueOf(6),
                        value.date(),
                        OffsetDateTime.parse("2024-05-06T07:08:09+02:00"),
                        value.zoned()));
        assertThatThrownBy(() -> decode(Tags.class, encode(Map.of("date", "yesterday")), 1))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("expected a date, found a text: ")
                .hasMessageEndingWith(" at byte 6, at $.date")
                .hasCauseInstanceOf(DateTimeException.class);
        assertThatThrownBy(() -> decode(Tags.class, encode(Map.of("uuid", instant)), 1))
                .hasMessageContaining("expected a UUID, found a value of type Instant at byte 6, at $.uuid");
    }

    @Test
    void typedArraysAreReadIntoWhateverHoldsTheirNumbers() {
        byte[] ints = bytes(Cbor.serializer(o -> o.typedArrays(true)).serialize(new int[] {1, -2}));
        assertThat(decode(int[].class, ints, 1)).containsExactly(1, -2);
        assertThat(decode(long[].class, ints, 1)).containsExactly(1, -2);
        assertThat(decode(double[].class, ints, 1)).containsExactly(1, -2);
        assertThatThrownBy(() -> decode(String.class, ints, 1)).hasMessageContaining("expected a text, found a value");
        Map<String, Object> value =
                Map.of("list", new int[] {1, 2}, "set", new short[] {3}, "floats", new float[] {0.5f});
        byte[] typed = bytes(Cbor.serializer(o -> o.typedArrays(true)).serialize(value));
        assertThat(decode(Numbers.class, typed, 1)).isEqualTo(new Numbers(List.of(1, 2), Set.of(3L), List.of(0.5)));
    }

    @Test
    void deterministicEncodingSortsComponents() {
        byte[] sorted = bytes(Cbor.serializer(o -> o.deterministic(true)).serialize(new Early(1, 2, 3)));
        assertThat(hex(sorted)).isEqualTo("a461610361620162616102627a7a656561726c79");
        assertThat(hex(encode(new Early(1, 2, 3)))).isEqualTo("a4627a7a656561726c7961620162616102616103");
        assertThat(decode(Late.class, sorted, 1)).isEqualTo(new Early(1, 2, 3));
    }

    @Test
    void sequencesAndArraysOfRecords() {
        List<Point> points =
                IntStream.range(0, 1000).mapToObj(i -> new Point(i, i << 16)).toList();
        byte[] sequence = bytes(Cbor.sequenceSerializer(Point.class).serialize(Flux.fromIterable(points)));
        byte[] array = bytes(Cbor.arraySerializer(Point.class).serialize(Flux.fromIterable(points)));
        for (int size : new int[] {1, 7, 1000}) {
            assertThat(Cbor.sequenceDeserializer(Point.class)
                            .deserialize(Flux.fromIterable(pieces(sequence, size)))
                            .collectList()
                            .block())
                    .isEqualTo(points);
            assertThat(Cbor.arrayDeserializer(Point.class)
                            .deserialize(Flux.fromIterable(pieces(array, size)))
                            .collectList()
                            .block())
                    .isEqualTo(points);
        }
        List<Point> before = new ArrayList<>();
        assertThatThrownBy(() -> Cbor.sequenceDeserializer(Point.class)
                        .deserialize(Chunks.of(encode(points.get(0)), hex("a26178f5")))
                        .doOnNext(before::add)
                        .blockLast())
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("expected an int, found the boolean true at byte 10, at $.x");
        assertThat(before).containsExactly(points.get(0));
        assertThatThrownBy(() -> Cbor.sequenceDeserializer(Point.class)
                        .deserialize(Chunks.of(hex("f6")))
                        .blockLast())
                .hasMessage("expected a map for the record Point, found null at byte 0");
        assertThatThrownBy(() -> Cbor.sequenceDeserializer(Thread.class)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void deepRecordsTakeNoStack() {
        Tree tree = new Tree("leaf", List.of());
        for (int i = 0; i < 400; i++) {
            tree = new Tree("n", List.of(tree));
        }
        byte[] bytes = encode(tree);
        Tree back = Cbor.deserializer(Tree.class, o -> o.limits(l -> l.maxDepth(1000)))
                .deserialize(Chunks.of(bytes))
                .block();
        int levels = 0;
        for (Tree t = back; !t.children().isEmpty(); t = t.children().get(0)) {
            levels++;
        }
        assertThat(levels).isEqualTo(400);
        assertThatThrownBy(() -> decode(Tree.class, bytes, 100)).hasMessageContaining("maxDepth");
    }

    @Test
    void whatIsSkippedTakesNoMemory() {
        byte[] bytes = encode(Map.of("unknown", List.of(new byte[20 << 20], "x".repeat(1 << 20))));
        Flux<ByteBuffer> message = Flux.fromIterable(pieces(bytes, 64 << 10));
        Runnable decode = () -> assertThatThrownBy(() ->
                        Cbor.deserializer(Point.class).deserialize(message).block())
                .hasMessageContaining("the component 'x' of the record Point is missing");
        decode.run();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        decode.run();
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
    }

    @Test
    void elementsOfASetMayNotHaveTheSameHash() {
        List<Map<String, Integer>> elements =
                IntStream.range(0, 65).mapToObj(i -> Map.of("value", i)).toList();
        assertThat(decode(Bag.class, encode(Map.of("set", elements.subList(0, 64))), 100)
                        .set())
                .hasSize(64);
        assertThatThrownBy(() -> decode(Bag.class, encode(Map.of("set", elements)), 100))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageContaining("more than 64 elements of a set have the same hash");
    }

    @Test
    void whatAConstructorThrowsIsTheCause() {
        assertThatThrownBy(() -> decode(Checked.class, encode(Map.of("value", "x")), 1))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage(
                        "the record Checked refuses its components: java.lang.IllegalStateException: no x at byte 7,"
                                + " at $")
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void discriminatorsMayComeLateButNotTooLate() {
        Map<Object, Object> late = new LinkedHashMap<>();
        for (int i = 0; i < 64; i++) {
            late.put("k" + i, List.of(i));
        }
        late.put("zz", "early");
        late.putAll(Map.of("a", 1, "aa", 2, "b", 3));
        assertThat(decode(Late.class, encode(late), 10)).isEqualTo(new Early(3, 2, 1));
        Map<Object, Object> later = new LinkedHashMap<>(Map.of("x", 1));
        later.putAll(late);
        assertThatThrownBy(() -> decode(Late.class, encode(later), 10))
                .hasMessageContaining("the key 'zz' is not among the first 64 of the map at byte ");
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(
                        Thread.class,
                        "no CBOR mapping for java.lang.Thread, which is no record: use JacksonCodec, or map it to a"
                                + " record"),
                Arguments.of(
                        WithThread.class,
                        "no CBOR mapping for java.lang.Thread, which is no record: use JacksonCodec, or map it to a"
                                + " record (WithThread.threads)"),
                Arguments.of(SameNames.class, "two components of " + SameNames.class.getName() + " have the name 'a'"),
                Arguments.of(SameConstants.class, "two constants of " + SameConstants.class.getName()),
                Arguments.of(NoUnion.class, "the sealed interface " + NoUnion.class.getName() + " needs a @CborUnion"),
                Arguments.of(Unnamed.class, InUnnamed.class.getName() + " needs a @CborName: the union "),
                Arguments.of(Clashing.class, "two records of the union " + Clashing.class.getName()),
                Arguments.of(Unsealed.class, "the union " + Unsealed.class.getName() + " is not sealed"),
                Arguments.of(WithClass.class, "which is neither a record nor a sealed interface"),
                Arguments.of(
                        Shadowed.class, "two components of " + Shadowing.class.getName() + " have the name 'value'"),
                Arguments.of(Growing.class, "it is not known what the type variable T stands for"),
                Arguments.of(PointKeys.class, "the keys of a map must be scalars, not a map for the record Point"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void refusesBeforehandWhatCannotBeRead(Class<?> type, String message) {
        assertThatThrownBy(() -> Cbor.deserializer(type))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        if (type != Growing.class) {
            assertThatThrownBy(() -> Cbor.serializer(type))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void refusesATypeWithoutAnEnd() {
        assertThatThrownBy(() -> Cbor.serializer(Growing.class))
                .hasMessageContaining("more than 100 records within each other (Growing.next.next.");
        assertThatThrownBy(() -> Cbor.deserializer(Generic.class))
                .hasMessage("it is not known what the type variable T stands for: give a Type (Generic.value)");
        assertThat(encode(new Generic<>(5)))
                .isEqualTo(bytes(Cbor.serializer(Generic.class).serialize(new Generic<>(5))));
    }

    @Test
    void writesWhatCanBeGoneThrough() {
        WithIterator value = new WithIterator(Stream.of("a"), List.of(1, 2), Flux.just(3, 4));
        assertThat(hex(bytes(Cbor.serializer(WithIterator.class).serialize(value))))
                .isEqualTo("a3656e616d65739f6161ff676e756d626572738201026970" + "75626c69736865649f0304ff");
        assertThatThrownBy(() -> Cbor.deserializer(WithIterator.class))
                .hasMessageContaining("java.util.stream.Stream")
                .hasMessageContaining("(WithIterator.names)");
        assertThatThrownBy(() -> encode(new Generic<>(new Thread()))).hasMessageEndingWith(" at $.value");
    }

    @Test
    void recordsKeepTheContractOfTheStages() {
        List<Point> points =
                IntStream.range(0, 30).mapToObj(i -> new Point(i, -i)).toList();
        Tree tree = new Tree("a", List.of(new Tree("b", List.of())));
        StageCheck.serializer(Cbor.serializer(Tree.class))
                .sample(tree, encode(tree, 9))
                .completesWithLast()
                .verify();
        StageCheck.deserializer(Cbor.deserializer(Tree.class))
                .sample(encode(tree), tree)
                .sample(hex("f6"), null)
                .invalid(encode(points), CorruptStreamException.class)
                .invalid(hex("a0"), CorruptStreamException.class)
                .completesWithLast()
                .verify();
    }

    @Test
    void modelsDoNotHoldClassLoaders() throws Exception {
        WeakReference<Class<?>> type = new WeakReference<>(useInAnotherLoader());
        for (int i = 0; i < 100 && type.get() != null; i++) {
            System.gc();
        }
        assertThat(type.get()).isNull();
    }

    private static Class<?> useInAnotherLoader() throws Exception {
        Class<?> type = new Alone().loadClass(Point.class.getName());
        assertThat(type).isNotSameAs(Point.class);
        Object value = Cbor.deserializer(type)
                .deserialize(Chunks.of(encode(new Point(1, 2))))
                .block();
        assertThat(value).isInstanceOf(type);
        assertThat(encode(value)).isEqualTo(encode(new Point(1, 2)));
        return type;
    }

    /** Defines the class of the point anew, and the class around it. */
    private static final class Alone extends ClassLoader {

        Alone() {
            super(CborRecordsTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(CborRecordsTest.class.getName())) {
                return super.loadClass(name, resolve);
            }
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException ex) {
                throw new ClassNotFoundException(name, ex);
            }
        }
    }

    @Test
    void aCopyOfTheValuesIsNotShared() {
        byte[] two = encode(List.of(new Point(1, 2), new Point(3, 4)));
        assertThat(decode(Point[].class, two, 1)).containsExactly(new Point(1, 2), new Point(3, 4));
        assertThat(Arrays.asList(decode(Object[].class, two, 1))).hasSize(2);
    }
}
