/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.LimitExceededException;
import io.fpipe.reactor.codec.JacksonOrder.Line;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.cbor.CBORMapper;
import tools.jackson.dataformat.cbor.CBORWriteFeature;

class JacksonCodecTest {

    private static final JacksonOrder ORDER =
            JacksonOrder.of(7, "gr\u00fc\u00dfe \"\\]} \ud835\udd4f", new Line("a", 1.5), new Line("b", -2));

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({@JsonSubTypes.Type(value = Circle.class, name = "circle")})
    interface Shape {}

    record Circle(int radius) implements Shape {}

    record Broken(int divisor) {

        @JsonProperty
        int getValue() {
            return 1 / divisor;
        }
    }

    record Unreadable(Thread.State state, Runnable job) {}

    static List<JacksonCodec> codecs() {
        return List.of(JacksonCodec.cbor(), JacksonCodec.json());
    }

    private static byte[] bytes(Flux<ByteBuffer> message) {
        return Chunks.join(message, 1 << 26).block();
    }

    private static String text(Flux<ByteBuffer> message) {
        return new String(bytes(message), StandardCharsets.UTF_8);
    }

    private static Flux<ByteBuffer> message(String text) {
        return Chunks.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static JacksonOrder order(int id) {
        return JacksonOrder.of(id, "note", new Line("article", id / 2.0));
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aClassWithSettersComesBack(JacksonCodec codec) {
        assertThat(codec.serializer(JacksonOrder.class)
                        .into(codec.deserializer(JacksonOrder.class))
                        .apply(ORDER)
                        .block())
                .isEqualTo(ORDER);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void genericTypesComeBack(JacksonCodec codec) {
        Map<String, List<Line>> value = Map.of("x", List.of(new Line("a", 1)), "y", List.of());
        var type = new TypeReference<Map<String, List<Line>>>() {}.getType();
        assertThat(codec.<Map<String, List<Line>>>serializer(type)
                        .into(codec.<Map<String, List<Line>>>deserializer(type))
                        .apply(value)
                        .block())
                .isEqualTo(value);
        Flux<Map<String, List<Line>>> many = Flux.just(value, Map.of(), value);
        assertThat(codec.<Map<String, List<Line>>>sequenceSerializer(type)
                        .intoMany(codec.<Map<String, List<Line>>>sequenceDeserializer(type))
                        .apply(many)
                        .collectList()
                        .block())
                .containsExactly(value, Map.of(), value);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void theDeclaredTypeDecidesOnTypeNames(JacksonCodec codec) {
        assertThat(codec.arraySerializer(Shape.class)
                        .intoMany(codec.arrayDeserializer(Shape.class))
                        .apply(Flux.just(new Circle(3)))
                        .collectList()
                        .block())
                .containsExactly(new Circle(3));
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void sequencesAndArraysComeBackAtAnySize(JacksonCodec codec) {
        for (int n : new int[] {0, 1, 2, 5_000}) {
            List<JacksonOrder> orders =
                    IntStream.range(0, n).mapToObj(JacksonCodecTest::order).toList();
            assertThat(codec.sequenceSerializer(JacksonOrder.class)
                            .intoMany(codec.sequenceDeserializer(JacksonOrder.class))
                            .apply(Flux.fromIterable(orders))
                            .collectList()
                            .block())
                    .isEqualTo(orders);
            assertThat(codec.arraySerializer(JacksonOrder.class)
                            .intoMany(codec.arrayDeserializer(JacksonOrder.class))
                            .apply(Flux.fromIterable(orders))
                            .collectList()
                            .block())
                    .isEqualTo(orders);
        }
    }

    @Test
    void whatIsWrittenIsWhatTheFormatsSay() {
        Flux<Object> values = Flux.just(1, "a", List.of(true));
        JacksonCodec json = JacksonCodec.json();
        assertThat(text(json.sequenceSerializer(Object.class).serialize(values)))
                .isEqualTo("1\n\"a\"\n[true]\n");
        assertThat(text(json.arraySerializer(Object.class).serialize(values))).isEqualTo("[1,\"a\",[true]]");
        assertThat(text(json.arraySerializer(Object.class).serialize(Flux.empty())))
                .isEqualTo("[]");
        assertThat(text(json.sequenceSerializer(Object.class).serialize(Flux.empty())))
                .isEmpty();
        JacksonCodec cbor = JacksonCodec.cbor();
        assertThat(hex(bytes(cbor.sequenceSerializer(Object.class).serialize(values))))
                .isEqualTo("01" + "6161" + "81f5");
        assertThat(hex(bytes(cbor.arraySerializer(Object.class).serialize(values))))
                .isEqualTo("9f" + "01" + "6161" + "81f5" + "ff");
        assertThat(hex(bytes(cbor.arraySerializer(Object.class).serialize(Flux.empty()))))
                .isEqualTo("9fff");
    }

    @Test
    void anIndentingMapperStillWritesLines() {
        ObjectMapper indenting =
                JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        assertThat(text(JacksonCodec.of(indenting)
                        .sequenceSerializer(Line.class)
                        .serialize(Flux.just(new Line("a", 1), new Line("b", 2)))))
                .isEqualTo("{\"article\":\"a\",\"price\":1.0}\n{\"article\":\"b\",\"price\":2.0}\n");
    }

    @Test
    void whiteSpaceOfAnyKindMayBeBetweenJsonValues() {
        assertThat(JacksonCodec.json()
                        .sequenceDeserializer(Object.class)
                        .deserialize(message(" \r\n1 2\t{\"a\":[ ]}[]\"x\"\"y\" true\n\nfalse -1.5e3"))
                        .collectList()
                        .block())
                .containsExactly(1, 2, Map.of("a", List.of()), List.of(), "x", "y", true, false, -1500.0);
        assertThat(JacksonCodec.json()
                        .arrayDeserializer(Integer.class)
                        .deserialize(message(" [ 1 ,2\n, 3 ] \r\n"))
                        .collectList()
                        .block())
                .containsExactly(1, 2, 3);
    }

    @Test
    void cborArraysMayDeclareTheirLengthAndBeTagged() {
        for (String array : List.of("83010203", "9f010203ff", "d9d9f783010203", "9b0000000000000003010203")) {
            assertThat(JacksonCodec.cbor()
                            .arrayDeserializer(Integer.class)
                            .deserialize(Chunks.of(hex(array)))
                            .collectList()
                            .block())
                    .containsExactly(1, 2, 3);
        }
        assertThat(JacksonCodec.cbor()
                        .arrayDeserializer(Integer.class)
                        .deserialize(Chunks.of(hex("80")))
                        .collectList()
                        .block())
                .isEmpty();
    }

    @Test
    void elementsMayBeSelfDescribed() {
        JacksonCodec codec = JacksonCodec.of(
                CBORMapper.builder().enable(CBORWriteFeature.WRITE_TYPE_HEADER).build());
        assertThat(codec.sequenceSerializer(Line.class)
                        .intoMany(codec.sequenceDeserializer(Line.class))
                        .apply(Flux.just(new Line("a", 1), new Line("b", 2)))
                        .collectList()
                        .block())
                .containsExactly(new Line("a", 1), new Line("b", 2));
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aSingleNullIsEmptyAndANullElementAnError(JacksonCodec codec) {
        byte[] one = bytes(codec.serializer(Line.class).serialize(null));
        assertThat(codec.deserializer(Line.class)
                        .deserialize(Chunks.of(one))
                        .hasElement()
                        .block())
                .isFalse();
        StepVerifier.create(codec.sequenceDeserializer(Line.class).deserialize(Chunks.of(one)))
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(CorruptStreamException.class)
                        .hasMessage("element 0 at byte 0 is null, which is no element"))
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void eachElementArrivesWithItsLastByte(JacksonCodec codec) {
        byte[] first = bytes(codec.serializer(Line.class).serialize(new Line("a", 1)));
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(codec.sequenceDeserializer(Line.class).deserialize(source.flux()))
                .then(() -> source.next(ByteBuffer.wrap(first, 0, first.length - 1)))
                .then(() -> source.next(ByteBuffer.wrap(first, first.length - 1, 1)))
                .expectNext(new Line("a", 1))
                .then(() -> source.next(ByteBuffer.wrap(first)))
                .expectNext(new Line("a", 1))
                .then(source::complete)
                .verifyComplete();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void elementsAreReadUnderDemand(JacksonCodec codec) {
        byte[] all = bytes(codec.arraySerializer(Integer.class).serialize(Flux.range(0, 100)));
        AtomicInteger requested = new AtomicInteger();
        Flux<ByteBuffer> source =
                Flux.just(ByteBuffer.wrap(all), ByteBuffer.allocate(0)).doOnRequest(n -> requested.addAndGet((int) n));
        StepVerifier.create(codec.arrayDeserializer(Integer.class).deserialize(source), 0)
                .expectSubscription()
                .then(() -> assertThat(requested).hasValue(0))
                .thenRequest(3)
                .expectNext(0, 1, 2)
                .then(() -> assertThat(requested).hasValue(1))
                .thenCancel()
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void elementsAreWrittenOneByOneAndNotHeldBackFromAnIdleSource(JacksonCodec codec) {
        Sinks.Many<Line> sink = Sinks.many().unicast().onBackpressureBuffer();
        List<ByteBuffer> chunks = new ArrayList<>();
        codec.sequenceSerializer(Line.class).serialize(sink.asFlux()).subscribe(chunks::add);
        for (int i = 1; i <= 3; i++) {
            sink.emitNext(new Line("a", i), Sinks.EmitFailureHandler.FAIL_FAST);
            assertThat(chunks).hasSize(i);
        }
        sink.emitComplete(Sinks.EmitFailureHandler.FAIL_FAST);
        assertThat(chunks).hasSize(3);
        assertThat(codec.sequenceDeserializer(Line.class)
                        .deserialize(Flux.fromIterable(chunks))
                        .count()
                        .block())
                .isEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void elementsOfABusySourceFillChunks(JacksonCodec codec) {
        AtomicInteger taken = new AtomicInteger();
        Flux<JacksonOrder> source =
                Flux.range(0, 100_000).map(JacksonCodecTest::order).doOnNext(order -> taken.incrementAndGet());
        StepVerifier.create(codec.sequenceSerializer(JacksonOrder.class).serialize(source), 1)
                .assertNext(chunk -> assertThat(chunk.remaining()).isEqualTo(64 << 10))
                .then(() -> assertThat(taken.get()).isBetween(500, 3_000))
                .thenRequest(1)
                .assertNext(chunk -> assertThat(chunk.remaining()).isEqualTo(64 << 10))
                .thenCancel()
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aLargeValueLeavesInChunks(JacksonCodec codec) {
        String large = "x".repeat(1_000_000);
        List<ByteBuffer> chunks =
                codec.serializer(String.class).serialize(large).collectList().block();
        assertThat(chunks).hasSize(16).allMatch(chunk -> chunk.remaining() <= 64 << 10);
        assertThat(codec.deserializer(String.class)
                        .deserialize(Flux.fromIterable(chunks))
                        .block())
                .isEqualTo(large);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void nothingIsWrittenWithoutDemandAndEachSubscriptionWritesAnew(JacksonCodec codec) {
        AtomicInteger reads = new AtomicInteger();
        List<Object> value = new AbstractList<>() {
            @Override
            public Object get(int index) {
                return reads.incrementAndGet();
            }

            @Override
            public int size() {
                return 1;
            }
        };
        Flux<ByteBuffer> message = codec.serializer(Object.class).serialize(value);
        StepVerifier.create(message, 0)
                .expectSubscription()
                .then(() -> assertThat(reads).hasValue(0))
                .thenCancel()
                .verify();
        assertThat(message.count().block()).isEqualTo(1);
        assertThat(message.count().block()).isEqualTo(1);
        assertThat(reads).hasValue(2);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void theLimitIsReachedExactlyAndExceededByOne(JacksonCodec codec) {
        String value = "x".repeat(300);
        int size = bytes(codec.serializer(String.class).serialize(value)).length;
        byte[] many = bytes(codec.sequenceSerializer(String.class).serialize(Flux.just("a", value)));
        int start = bytes(codec.sequenceSerializer(String.class).serialize(Flux.just("a"))).length;
        JacksonCodec enough = codec.maxElementBytes(size).maxMessageBytes(size);
        JacksonCodec few = codec.maxElementBytes(size - 1).maxMessageBytes(size - 1);

        assertThat(enough.deserializer(String.class)
                        .deserialize(enough.serializer(String.class).serialize(value))
                        .block())
                .isEqualTo(value);
        for (int cut : new int[] {1, 100, many.length}) {
            Flux<ByteBuffer> message = Flux.fromIterable(CborBytes.pieces(many, cut));
            assertThat(enough.sequenceDeserializer(String.class)
                            .deserialize(message)
                            .collectList()
                            .block())
                    .containsExactly("a", value);
            StepVerifier.create(few.sequenceDeserializer(String.class).deserialize(message))
                    .expectNext("a")
                    .expectErrorSatisfies(ex -> assertLimit(ex, "maxElementBytes", size - 1, "at byte " + start))
                    .verify();
        }
        assertLimit(
                errorOf(few.sequenceSerializer(String.class).serialize(Flux.just("a", value))),
                "maxElementBytes",
                size - 1,
                "element 1 has at least");
        assertLimit(
                errorOf(few.serializer(String.class).serialize(value)),
                "maxMessageBytes",
                size - 1,
                "the value has at least");
        assertLimit(
                errorOf(few.serializer(Object.class).serialize(Map.of("key", List.of(value)))),
                "maxMessageBytes",
                size - 1,
                "the value has at least");
        assertLimit(
                errorOf(few.deserializer(String.class)
                        .deserialize(codec.serializer(String.class).serialize(value))
                        .flux()),
                "maxMessageBytes",
                size - 1,
                "at byte 0");
    }

    private static Throwable errorOf(Flux<?> flux) {
        return flux.then(Mono.<Throwable>empty()).onErrorResume(Mono::just).block();
    }

    private static void assertLimit(Throwable ex, String limit, long maximum, String message) {
        assertThat(ex).isInstanceOf(LimitExceededException.class).hasMessageContaining(message);
        assertThat(((LimitExceededException) ex).limit()).isEqualTo(limit);
        assertThat(((LimitExceededException) ex).maximum()).isEqualTo(maximum);
    }

    @Test
    void anErrorSaysWhichElementWhereAndWhy() {
        String lines = """
                {"id":1,"lines":[]}
                {"id":2,"lines":[{"article":"a","price":1},{"article":"b","price":"much"}]}
                """;
        StepVerifier.create(JacksonCodec.json()
                        .sequenceDeserializer(JacksonOrder.class)
                        .deserialize(message(lines)))
                .expectNext(JacksonOrder.of(1, null))
                .expectErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(CorruptStreamException.class)
                        .hasMessageStartingWith("element 1 at byte 20 cannot be read: ")
                        .hasMessageEndingWith("(at lines[1].price)")
                        .hasMessageNotContaining("Source")
                        .hasMessageNotContaining("REDACTED")
                        .cause()
                        .hasMessageContaining("much"))
                .verify();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aSetterThatThrowsIsACorruptMessage(JacksonCodec codec) {
        Flux<ByteBuffer> message = codec.serializer(Object.class).serialize(Map.of("id", -1));
        assertThatThrownBy(() -> codec.deserializer(JacksonOrder.class)
                        .deserialize(message)
                        .block())
                .isInstanceOf(CorruptStreamException.class)
                .hasMessageStartingWith("the value at byte 0 cannot be read: ")
                .hasMessageContaining("no such id: -1")
                .hasMessageEndingWith("(at id)");
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void whatCannotBeWrittenIsTheCallersMistake(JacksonCodec codec) {
        assertThat(errorOf(codec.sequenceSerializer(Object.class)
                        .serialize(Flux.just(1, Map.of("a", List.of(new Broken(0)))))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("element 1 cannot be written: ")
                .hasMessageEndingWith("/ by zero (at a[0].value)")
                .hasCauseInstanceOf(DatabindException.class);
        List<Object> itself = new ArrayList<>();
        itself.add(itself);
        assertThat(errorOf(codec.serializer(Object.class).serialize(itself)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("depth");
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void aClassThatCannotBeMappedIsNotTheMessagesFault(JacksonCodec codec) {
        Flux<ByteBuffer> message = codec.serializer(Object.class).serialize(Map.of("job", Map.of()));
        assertThatThrownBy(() -> codec.deserializer(Unreadable.class)
                        .deserialize(message)
                        .block())
                .isInstanceOf(InvalidDefinitionException.class);
    }

    @Test
    void optionsAndMappersAreChecked() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JacksonCodec.json().maxElementBytes(0))
                .withMessage("maxElementBytes must be from 1 to 2147483639, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JacksonCodec.json().maxMessageBytes(Integer.MAX_VALUE))
                .withMessage("maxMessageBytes must be from 1 to 2147483639, was 2147483647");
        assertThatThrownBy(() -> JacksonCodec.of(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> JacksonCodec.json().serializer((Class<?>) null))
                .isInstanceOf(NullPointerException.class);
        assertThat(text(JacksonCodec.of(new JsonMapper())
                        .serializer(Object.class)
                        .serialize(1)))
                .isEqualTo("1");
        assertThat(bytes(JacksonCodec.of(new CBORMapper())
                        .serializer(Object.class)
                        .serialize(1)))
                .containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "cbor"})
    void jsonNeedsNoLibraryForCbor(String format) throws Exception {
        URL[] classPath = {
            JacksonCodec.class.getProtectionDomain().getCodeSource().getLocation()
        };
        ClassLoader parent = getClass().getClassLoader();
        try (URLClassLoader withoutCbor = new URLClassLoader(classPath, null) {
            @Override
            protected Class<?> findClass(String name) throws ClassNotFoundException {
                if (name.startsWith("tools.jackson.dataformat")) {
                    throw new ClassNotFoundException(name);
                }
                return name.startsWith("io.fpipe.reactor.") ? super.findClass(name) : parent.loadClass(name);
            }
        }) {
            var method = withoutCbor.loadClass(JacksonCodec.class.getName()).getMethod(format);
            if (format.equals("json")) {
                assertThat(method.invoke(null)).isNotNull();
            } else {
                assertThatThrownBy(() -> method.invoke(null)).hasRootCauseInstanceOf(ClassNotFoundException.class);
            }
        }
    }
}
