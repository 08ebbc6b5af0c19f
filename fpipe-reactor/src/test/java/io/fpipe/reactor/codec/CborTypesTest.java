/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;

class CborTypesTest {

    record Line(String sku, double price, int count) {}

    record Order(long id, String customer, List<Line> lines, boolean paid) {}

    enum Color {
        RED,
        @CborName("green-ish")
        GREEN {
            @Override
            public String toString() {
                return "a constant with a body";
            }
        }
    }

    record Scalars(
            byte b,
            short s,
            int i,
            long l,
            float f,
            double d,
            char c,
            boolean z,
            Byte bb,
            Short ss,
            Integer ii,
            Long ll,
            Float ff,
            Double dd,
            Character cc,
            Boolean zz,
            String text,
            BigInteger integer,
            Color color) {}

    @SuppressWarnings("ArrayRecordComponent") // that is what is tested
    record Arrays1(int[] i, long[] l, double[] d, float[] f, short[] s, boolean[] z, String[] texts, int[][] table) {}

    record Collections1(
            List<Integer> list,
            Set<String> set,
            Collection<Color> collection,
            Iterable<Long> iterable,
            Map<String, Line> map,
            Map<Integer, List<Double>> numbers,
            Map<Color, Boolean> flags) {}

    record Maybe(
            @Nullable String text,
            Optional<Line> line,
            Optional<List<Integer>> list,
            Optional<Integer> number,
            OptionalInt i,
            OptionalLong l,
            OptionalDouble d,
            @Nullable Integer boxed,
            List<@Nullable String> texts) {}

    record Tree(String name, List<Tree> children) {}

    record Page<T>(List<T> items, @Nullable T first, Map<String, T> byName) {}

    record Pages(Page<Line> lines, Page<Page<Integer>> nested, Page<? extends String> texts) {}

    record Chain<T>(T value, @Nullable Chain<T> next) {}

    record Open(Object any, @Nullable Object nothing, List<Object> list, Map<String, Object> map) {}

    record Empty() {}

    record Positive(int value) {
        Positive {
            if (value <= 0) {
                throw new IllegalArgumentException("not positive: " + value);
            }
        }
    }

    record Positives(List<Positive> all) {}

    record Renamed(
            @CborName("identifier of it, \u00e4") int id,
            @CborName("b") int a,
            @CborName("a") int b) {}

    @CborUnion("kind")
    sealed interface Shape permits Circle, Polygon, Square {}

    @CborUnion("kind")
    sealed interface Polygon extends Shape permits Triangle {}

    @CborName("circle")
    record Circle(double radius) implements Shape {}

    @CborName("square")
    record Square(double side, @Nullable Shape inner) implements Shape {}

    @CborName("triangle")
    record Triangle(double a, double b, List<Shape> inner) implements Polygon {}

    record Drawing(List<Shape> shapes, @Nullable Circle last) {}

    private static Object decode(Type type, byte[] bytes, int size, UnaryOperator<CborOptions> options) {
        return Cbor.deserializer(type, options)
                .deserialize(Flux.fromIterable(pieces(bytes, size)))
                .block();
    }

    private static Object decode(Type type, Object value) {
        return decode(type, encode(value), Integer.MAX_VALUE, o -> o);
    }

    private static Map<Object, Object> map(Object... keysAndValues) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    private static Type generic(Class<?> raw, Type... arguments) {
        return new ParameterizedType() {
            @Override
            public Type[] getActualTypeArguments() {
                return arguments;
            }

            @Override
            public Type getRawType() {
                return raw;
            }

            @Override
            public Type getOwnerType() {
                return null;
            }
        };
    }

    static Stream<Arguments> values() {
        Line line = new Line("sku-1", 9.99, 3);
        Order order = new Order(1L << 40, "Zo\u00eb", List.of(line, new Line("b", -0.0, -1)), true);
        Tree tree =
                new Tree("root", List.of(new Tree("a", List.of()), new Tree("b", List.of(new Tree("c", List.of())))));
        Page<Integer> page = new Page<>(List.of(1, 2, 3), null, Map.of("x", 1 << 20));
        return Stream.of(
                Arguments.of(Order.class, order),
                Arguments.of(
                        Scalars.class,
                        new Scalars(
                                Byte.MIN_VALUE,
                                Short.MAX_VALUE,
                                Integer.MIN_VALUE,
                                Long.MAX_VALUE,
                                1.1f,
                                Double.MIN_VALUE,
                                '\u20ac',
                                true,
                                Byte.MAX_VALUE,
                                Short.MIN_VALUE,
                                Integer.MAX_VALUE,
                                Long.MIN_VALUE,
                                Float.NaN,
                                Double.NEGATIVE_INFINITY,
                                'x',
                                false,
                                "",
                                BigInteger.TEN.pow(30),
                                Color.GREEN)),
                Arguments.of(
                        Collections1.class,
                        new Collections1(
                                List.of(1, 2, 1 << 30),
                                Set.of("a"),
                                List.of(Color.RED, Color.GREEN),
                                List.of(5L, 1L << 33),
                                Map.of("line", line),
                                Map.of(7, List.of(1.0, 2.5)),
                                Map.of(Color.GREEN, true))),
                Arguments.of(
                        Maybe.class,
                        new Maybe(
                                null,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                OptionalInt.empty(),
                                OptionalLong.empty(),
                                OptionalDouble.empty(),
                                null,
                                Arrays.asList("a", null))),
                Arguments.of(Tree.class, tree),
                Arguments.of(generic(Page.class, Integer.class), page),
                Arguments.of(
                        generic(Page.class, generic(List.class, Integer.class)),
                        new Page<>(List.of(List.of(1)), List.of(2, 3), Map.of())),
                Arguments.of(
                        Pages.class,
                        new Pages(
                                new Page<>(List.of(line), line, Map.of()),
                                new Page<>(List.of(page), page, Map.of("p", page)),
                                new Page<>(List.of("a"), "b", Map.of("c", "d")))),
                Arguments.of(generic(Chain.class, String.class), new Chain<>("a", new Chain<>("b", null))),
                Arguments.of(Open.class, new Open(1.5, null, List.of("a", List.of(1)), Map.of("k", map("n", null)))),
                Arguments.of(Empty.class, new Empty()),
                Arguments.of(Renamed.class, new Renamed(1, 2, 3)),
                Arguments.of(Shape.class, new Circle(2)),
                Arguments.of(Circle.class, new Circle(2)),
                Arguments.of(Polygon.class, new Triangle(1, 2, List.of())),
                Arguments.of(
                        Drawing.class,
                        new Drawing(
                                List.of(new Square(1, new Circle(3)), new Triangle(3, 4, List.of(new Circle(1)))),
                                new Circle(5))),
                Arguments.of(generic(List.class, Shape.class), List.of(new Circle(1), new Square(2, null))),
                Arguments.of(
                        generic(Map.class, String.class, generic(Set.class, Color.class)),
                        Map.of("x", Set.of(Color.RED))),
                Arguments.of(Color.class, Color.GREEN),
                Arguments.of(String.class, "text"),
                Arguments.of(Integer.class, 5),
                Arguments.of(int.class, 5),
                Arguments.of(Object.class, map("a", List.of(1, 2.5, "b"))));
    }

    @ParameterizedTest
    @MethodSource("values")
    void comesBackAtEveryCutAndFromEveryChunk(Type type, Object value) {
        byte[] bytes = encode(value);
        for (int chunk : new int[] {9, 10, 17, 64}) {
            assertThat(encode(value, chunk)).isEqualTo(bytes);
        }
        assertThat(decode(type, bytes, 1, o -> o)).isEqualTo(value);
        CborOptions options = CborOptions.DEFAULTS;
        CborType root = CborTypes.of(type, true).orNull();
        for (int at = 0; at <= bytes.length; at++) {
            CborDecoder decoder = new CborDecoder(options, root);
            CborBytes.cut(bytes, at).forEach(decoder::feed);
            decoder.end();
            assertThat(decoder.poll()).as("cut at %d", at).isEqualTo(value);
        }
        for (int length = 0; length < bytes.length; length++) {
            byte[] truncated = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> decode(type, truncated, 100, o -> o)).isInstanceOf(CorruptStreamException.class);
        }
    }

    @Test
    void readsArraysOfAnything() {
        Arrays1 value = new Arrays1(
                IntStream.range(-50_000, 50_000).toArray(),
                new long[] {1, -1, Long.MAX_VALUE, Long.MIN_VALUE},
                new double[] {1, 0.1, Double.MIN_VALUE},
                new float[] {0.1f, 65504},
                new short[] {-32768, 32767},
                new boolean[] {true, false},
                new String[] {"a", "b"},
                new int[][] {{1}, {}, {2, 3}});
        for (int size : new int[] {1, 7, 1000, 1 << 20}) {
            Arrays1 back = (Arrays1) decode(Arrays1.class, encode(value), size, o -> o);
            assertThat(back).usingRecursiveComparison().isEqualTo(value);
        }
        assertThat((int[]) decode(int[].class, encode(List.of(1, 2).stream().toList()), 1, o -> o))
                .containsExactly(1, 2);
        assertThat((long[]) decode(long[].class, CborBytes.hex("9f0102ff"), 1, o -> o))
                .containsExactly(1, 2);
        assertThat((char[]) decode(char[].class, "ab")).containsExactly('a', 'b');
        assertThat((byte[]) decode(byte[].class, new byte[] {1, 2})).containsExactly(1, 2);
        assertThat((ByteBuffer) decode(ByteBuffer.class, new byte[] {1, 2}))
                .isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
        assertThat((Object[]) decode(Object[].class, List.of(1, "a"))).containsExactly(1, "a");
    }

    @Test
    void optionalAndNullableComponentsMayBeMissing() {
        Maybe nothing = (Maybe) decode(Maybe.class, map("texts", List.of()));
        assertThat(nothing)
                .isEqualTo(new Maybe(
                        null,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        OptionalInt.empty(),
                        OptionalLong.empty(),
                        OptionalDouble.empty(),
                        null,
                        List.of()));
        Maybe all = (Maybe) decode(
                Maybe.class,
                map(
                        "line",
                        map("sku", "s", "price", 1, "count", 2),
                        "list",
                        List.of(1, 2),
                        "number",
                        7,
                        "i",
                        1,
                        "l",
                        2,
                        "d",
                        3,
                        "boxed",
                        5,
                        "text",
                        "t",
                        "texts",
                        Arrays.asList("a", null)));
        assertThat(all)
                .isEqualTo(new Maybe(
                        "t",
                        Optional.of(new Line("s", 1, 2)),
                        Optional.of(List.of(1, 2)),
                        Optional.of(7),
                        OptionalInt.of(1),
                        OptionalLong.of(2),
                        OptionalDouble.of(3),
                        5,
                        Arrays.asList("a", null)));
    }

    @Test
    void componentsComeInAnyOrderAndUnknownOnesAreSkipped() {
        Map<Object, Object> value = map(
                "paid",
                false,
                "unknown",
                map("deep", List.of(map("deeper", new byte[100]), "text", 1.5, BigInteger.TEN.pow(40))),
                5,
                Arrays.asList(null, true),
                "lines",
                List.of(map("count", 1, "price", 2, "sku", "s")),
                "id",
                1,
                "customer",
                "c",
                null,
                null);
        Order order = new Order(1, "c", List.of(new Line("s", 2, 1)), false);
        for (int size : new int[] {1, 3, 1000}) {
            assertThat(decode(Order.class, encode(value), size, o -> o)).isEqualTo(order);
        }
        assertThatThrownBy(() -> decode(Order.class, encode(value), 100, o -> o.refuseUnknownComponents(true)))
                .isInstanceOf(CorruptStreamException.class)
                .hasMessage("the record Order has no component 'unknown' at byte 7, at $");
        assertThatThrownBy(() -> decode(Order.class, encode(value), 100, o -> o.limits(limits -> limits.maxDepth(3))))
                .isInstanceOf(LimitExceededException.class)
                .hasMessageContaining("maxDepth")
                .hasMessageEndingWith(", at $.unknown[0][0]");
        assertThatThrownBy(() -> decode(Order.class, encode(value), 100, o -> o.limits(limits -> limits.maxItems(9))))
                .isInstanceOf(LimitExceededException.class);
    }

    static Stream<Arguments> mismatches() {
        Map<Object, Object> line = map("sku", "s", "price", 1.5, "count", 1);
        return Stream.of(
                Arguments.of(Line.class, 5, "expected a map for the record Line, found the integer 5 at byte 0"),
                Arguments.of(Line.class, List.of(), "expected a map for the record Line, found an array at byte 0"),
                Arguments.of(
                        Order.class,
                        map("id", 1, "lines", List.of(line, line, map("sku", "s", "price", "dear"))),
                        "expected a double, found a text at byte 71, at $.lines[2].price"),
                Arguments.of(
                        Order.class,
                        map("lines", List.of(line, map("sku", "s", "price", 1, "count", 1L << 40))),
                        "expected an int from -2147483648 to 2147483647, found 1099511627776 at byte 51,"
                                + " at $.lines[1].count"),
                Arguments.of(
                        Order.class,
                        map("lines", List.of(map("sku", "s", "count", 1))),
                        "the component 'price' of the record Line is missing at byte 21, at $.lines[0]"),
                Arguments.of(Order.class, map("id", null), "expected a long, found null at byte 4, at $.id"),
                Arguments.of(Order.class, map("id", 1.5), "expected a long, found the float 1.5 at byte 4, at $.id"),
                Arguments.of(
                        Order.class,
                        map("id", BigInteger.ONE.shiftLeft(64)),
                        "expected a long from -9223372036854775808 to 9223372036854775807, found 18446744073709551616"),
                Arguments.of(Order.class, map("customer", true), "expected a text, found the boolean true"),
                Arguments.of(Order.class, map("customer", new byte[1]), "expected a text, found a byte string"),
                Arguments.of(
                        Order.class, map("customer", map()), "expected a text, found a map at byte 10, at $.customer"),
                Arguments.of(Order.class, map("lines", map()), "expected an array, found a map at byte 7, at $.lines"),
                Arguments.of(Order.class, map("lines", "x"), "expected an array, found a text at byte 7, at $.lines"),
                Arguments.of(
                        Order.class, map("paid", 1), "expected a boolean, found the integer 1 at byte 6, at $.paid"),
                Arguments.of(
                        Collections1.class,
                        map("map", map("a b\n", map("sku", 1))),
                        "expected a text, found the integer 1 at byte 16, at $.map.a b?.sku"),
                Arguments.of(
                        Collections1.class,
                        map("numbers", map(7, List.of(1, "x"))),
                        "expected a double, found a text at byte 13, at $.numbers[7][1]"),
                Arguments.of(
                        Collections1.class,
                        map("numbers", map("x", List.of())),
                        "expected an int, found a text at byte 10, at $.numbers"),
                Arguments.of(
                        Collections1.class,
                        map("set", List.of("a", "b", "a")),
                        "element 2 of a set is there twice at byte 10, at $.set"),
                Arguments.of(
                        Collections1.class,
                        map("list", Arrays.asList(1, null)),
                        "expected an int, found null at byte 8, at $.list[1]"),
                Arguments.of(
                        Collections1.class,
                        map("collection", List.of("RED", "GREEN")),
                        "no constant of Color has the name 'GREEN' at byte 17, at $.collection[1]"),
                Arguments.of(
                        Collections1.class,
                        map("collection", List.of(1)),
                        "expected a text with the name of a constant of Color, found the integer 1"),
                Arguments.of(Scalars.class, map("b", 128), "expected a byte from -128 to 127, found 128"),
                Arguments.of(Scalars.class, map("ss", -32769), "expected a short from -32768 to 32767, found -32769"),
                Arguments.of(Scalars.class, map("c", "ab"), "expected a text of one char, found a text"),
                Arguments.of(Scalars.class, map("f", 1e300), "found the float 1.0E300, which is beyond its range"),
                Arguments.of(
                        Scalars.class,
                        map("d", (1L << 53) + 1),
                        "expected a double, found the integer 9007199254740993, which is none exactly"),
                Arguments.of(Scalars.class, map("d", Long.MAX_VALUE), "which is none exactly"),
                Arguments.of(Arrays1.class, map("i", List.of(1, 1L << 31)), "found 2147483648 at byte 5, at $.i[1]"),
                Arguments.of(Arrays1.class, map("i", map()), "expected an array of int, found a map"),
                Arguments.of(Arrays1.class, map("d", List.of(true)), "expected a double, found the boolean true"),
                Arguments.of(Arrays1.class, map("table", List.of(List.of(), List.of("x"))), "at $.table[1][0]"),
                Arguments.of(Positive.class, map("value", 0), "refuses its components"),
                Arguments.of(
                        Positives.class,
                        map("all", List.of(map("value", 1), map("value", 0))),
                        "the record Positive refuses its components: java.lang.IllegalArgumentException: not positive: 0"
                                + " at byte 21, at $.all[1]"),
                Arguments.of(Open.class, map("any", null), "expected anything, found null at byte 5, at $.any"),
                Arguments.of(Shape.class, map(), "the key 'kind' is missing, which tells the record"),
                Arguments.of(Shape.class, map("radius", 1), "the key 'kind' is missing, which tells the record"),
                Arguments.of(
                        Shape.class, map("kind", "oval"), "no record of the union Shape has the name 'oval' at byte 6"),
                Arguments.of(Shape.class, map("kind", 5), "no record of the union Shape has the name '5'"),
                Arguments.of(
                        Polygon.class, map("kind", "circle"), "no record of the union Polygon has the name 'circle'"),
                Arguments.of(
                        Drawing.class,
                        map("shapes", List.of(map("radius", List.of(true), "kind", "circle"))),
                        "expected a double, found an array at byte 24, at $.shapes[0].radius"),
                Arguments.of(
                        Drawing.class,
                        map("shapes", List.of(map("inner", map("kind", "circle", "radius", "x"), "kind", "square"))),
                        "expected a double, found a text at byte 43, at $.shapes[0].inner.radius"),
                Arguments.of(
                        Drawing.class,
                        map("last", map("kind", "square", "radius", 1)),
                        "expected the text 'circle', found 'square' at byte 12, at $.last.kind"),
                Arguments.of(Shape.class, List.of(), "expected a map for a record of the union Shape, found an array"));
    }

    @ParameterizedTest
    @MethodSource("mismatches")
    void saysWhatDoesNotFitAndWhere(Class<?> type, Object value, String message) {
        for (int size : new int[] {1, 5, 1000}) {
            assertThatThrownBy(() -> decode(type, encode(value), size, o -> o))
                    .isInstanceOf(CorruptStreamException.class)
                    .hasMessageContaining(message);
        }
    }
}
