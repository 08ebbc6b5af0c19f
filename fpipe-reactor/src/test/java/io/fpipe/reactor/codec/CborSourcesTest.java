/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.decode;
import static io.fpipe.reactor.codec.CborBytes.encode;
import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.time.DayOfWeek;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** What can be read once, may be absent, or comes one by one. */
class CborSourcesTest {

    private static byte[] write(Object value) {
        return join(Cbor.serializer().serialize(value).collectList().block(Duration.ofSeconds(20)));
    }

    @Test
    void iteratorsAndStreamsAreArraysOfIndefiniteLength() {
        assertThat(hex(encode(List.of(1, 2).iterator()))).isEqualTo("9f0102ff");
        assertThat(hex(encode(Map.of("s", Stream.of("a", "b"))))).isEqualTo("a161739f61616162ff");
        assertThat(hex(encode(List.of(IntStream.range(0, 2), Stream.empty())))).isEqualTo("829f0001ff9fff");
    }

    @Test
    void aStreamIsClosedWhenItIsWritten() {
        AtomicInteger closed = new AtomicInteger();
        Stream<Integer> stream = Stream.of(1, 2).onClose(closed::incrementAndGet);
        StepVerifier.create(Cbor.serializer().serialize(List.of(stream, (Iterable<Object>) () -> {
                    assertThat(closed).hasValue(1);
                    return List.of().iterator();
                })))
                .expectNextCount(1)
                .verifyComplete();
        assertThat(closed).hasValue(1);
    }

    @Test
    void openStreamsAreClosedWhenTheMessageIsCancelledOrFails() {
        AtomicInteger closed = new AtomicInteger();
        Stream<Object> endless = Stream.<Object>generate(() -> 1).onClose(closed::incrementAndGet);
        Stream<Object> outer = Stream.<Object>of(1, endless).onClose(closed::incrementAndGet);
        StepVerifier.create(Cbor.serializer().serialize(outer), 2)
                .expectNextCount(2)
                .thenCancel()
                .verify();
        assertThat(closed).hasValue(2);
        Stream<Object> failing = Stream.of(1, new Thread()).onClose(closed::incrementAndGet);
        StepVerifier.create(Cbor.serializer().serialize(failing)).verifyError(IllegalArgumentException.class);
        assertThat(closed).hasValue(3);
    }

    @Test
    void everyStreamIsClosedEvenIfOneFailsToClose() {
        AtomicInteger closed = new AtomicInteger();
        CborEncoder encoder = new CborEncoder(CborOptions.DEFAULTS, 16);
        Stream<Object> inner = Stream.<Object>generate(() -> 1).onClose(() -> {
            throw new IllegalStateException("inner");
        });
        encoder.feed(Stream.<Object>of(inner).onClose(closed::incrementAndGet));
        encoder.poll();
        assertThatThrownBy(encoder::close).hasMessage("inner");
        assertThat(closed).hasValue(1);
    }

    @Test
    void whatIsAbsentIsNull() {
        assertThat(hex(encode(Arrays.asList(
                        Optional.empty(),
                        Optional.of(1),
                        Optional.of(Optional.of(List.of(2))),
                        OptionalInt.empty(),
                        OptionalInt.of(3),
                        OptionalLong.empty(),
                        OptionalLong.of(4),
                        OptionalDouble.empty(),
                        OptionalDouble.of(1)))))
                .isEqualTo("89f6018102f603f604f6f93c00");
        assertThat(hex(encode(Optional.empty()))).isEqualTo("f6");
        Object nested = 1;
        for (int i = 0; i < 100_000; i++) {
            nested = Optional.of(nested);
        }
        assertThat(hex(encode(nested))).isEqualTo("01");
    }

    @Test
    void enumsAndCharactersAreText() {
        assertThat(decode(encode(List.of(DayOfWeek.MONDAY, 'c', new char[] {'x', '\u6c34'}))))
                .isEqualTo(List.of("MONDAY", "c", "x\u6c34"));
        assertThat(decode(encode(Map.of(DayOfWeek.FRIDAY, 1)))).isEqualTo(Map.of("FRIDAY", 1));
        assertThat(decode(encode(Map.of('k', 1)))).isEqualTo(Map.of("k", 1));
        assertThatThrownBy(() -> encode(List.of('\ud800')))
                .hasMessage("unpaired surrogate at index 0 of a text at $[0]");
    }

    @Test
    void publishersAreArraysWhereverTheyStand() {
        assertThat(hex(write(Flux.just(1, 2)))).isEqualTo("9f0102ff");
        assertThat(hex(write(Mono.empty()))).isEqualTo("9fff");
        assertThat(hex(write(List.of(1, Flux.just("a", List.of(2)), 3, Mono.just(4), Flux.empty()))))
                .isEqualTo("85019f61618102ff039f04ff9fff");
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a", List.of(List.of(Flux.range(0, 3))));
        map.put("b", 1);
        assertThat(hex(write(map))).isEqualTo("a2616181819f000102ff616201");
        assertThat(hex(write(new CborTag(200, Flux.just(1))))).isEqualTo("d8c89f01ff");
        assertThat(hex(write(Optional.of(Flux.just(1))))).isEqualTo("9f01ff");
        assertThat(hex(write(Flux.just(Optional.empty())))).isEqualTo("9ff6ff");
    }

    @Test
    void aMessageWithPublishersKeepsItsContract() {
        List<Object> longPublisher = List.of("x", Flux.range(0, 50_000), "y", Flux.just(new byte[100_000]), "z");
        byte[] expected = encode(List.of(
                "x",
                iterable(IntStream.range(0, 50_000).boxed().toList()),
                "y",
                iterable(List.of(new byte[100_000])),
                "z"));
        StageCheck.serializer(Cbor.serializer())
                .sample(Flux.range(0, 3), hex("9f000102ff"))
                .sample(List.of(Flux.just(1), Flux.just(2)), hex("829f01ff9f02ff"))
                .sample(longPublisher, expected)
                .invalid(List.of(1, Flux.error(new IllegalStateException("gone"))), IllegalStateException.class)
                .invalid(Flux.just(Flux.just(1)), IllegalArgumentException.class)
                .completesWithLast()
                .verify();
    }

    private static Iterable<Object> iterable(List<?> list) {
        return () -> list.stream().<Object>map(element -> element).iterator();
    }

    @Test
    void aSilentPublisherHoldsBackNothing() {
        TestPublisher<Object> inner = TestPublisher.create();
        StepVerifier.create(
                        Cbor.serializer()
                                .serialize(List.of("head", inner.flux(), "tail"))
                                .map(CborSourcesTest::bytes),
                        1)
                .expectNext("8364686561649f")
                .then(() -> inner.assertSubscribers(1))
                .thenRequest(1)
                .then(() -> inner.next(1))
                .expectNext("01")
                .thenRequest(5)
                .then(() -> inner.next(2))
                .expectNext("02")
                .then(inner::complete)
                .expectNext("ff647461696c")
                .verifyComplete();
    }

    private static String bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return hex(bytes);
    }

    @Test
    void publishersAreSubscribedToOneByOneAndAskedOneByOne() {
        List<String> log = new ArrayList<>();
        Flux<Integer> first = Flux.range(1, 2)
                .doOnSubscribe(s -> log.add("first"))
                .doOnRequest(n -> log.add("+" + n))
                .doOnComplete(() -> log.add("end"));
        Flux<Integer> second =
                Flux.range(1, 1).doOnSubscribe(s -> log.add("second")).doOnRequest(n -> log.add("+" + n));
        Flux<ByteBuffer> message = Cbor.serializer().serialize(List.of(first, second));
        StepVerifier.create(message, 0)
                .then(() -> assertThat(log).isEmpty())
                .thenCancel()
                .verify();
        StepVerifier.create(message)
                .expectNextCount(1)
                .thenConsumeWhile(b -> true)
                .verifyComplete();
        assertThat(log)
                .startsWith("first", "+1", "+1")
                .contains("end", "second")
                .doesNotContain("+2");
        assertThat(log.indexOf("second")).isGreaterThan(log.indexOf("end"));
    }

    @Test
    void cancellingReachesThePublisherAndTheStreamsAroundIt() {
        AtomicInteger closed = new AtomicInteger();
        TestPublisher<Object> inner = TestPublisher.create();
        Stream<Object> outer = Stream.<Object>of("x", inner.flux()).onClose(closed::incrementAndGet);
        StepVerifier.create(Cbor.serializer().serialize(outer))
                .expectNextCount(1)
                .then(() -> assertThat(closed).hasValue(0))
                .thenCancel()
                .verify();
        inner.assertCancelled();
        assertThat(closed).hasValue(1);
    }

    @Test
    void anErrorOfThePublisherIsTheMessagesAndClosesTheStreamsAroundIt() {
        AtomicInteger closed = new AtomicInteger();
        Stream<Object> outer = Stream.<Object>of(Flux.just(1).concatWith(Mono.error(new IllegalStateException("gone"))))
                .onClose(closed::incrementAndGet);
        StepVerifier.create(Cbor.serializer().serialize(outer))
                .thenConsumeWhile(b -> true)
                .verifyErrorMessage("gone");
        assertThat(closed).hasValue(1);
    }

    @Test
    void aPublisherOnAnotherThreadDoesNotLoseAnything() {
        List<Object> value = new ArrayList<>();
        List<Object> expected = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            value.add(Flux.range(0, i).publishOn(Schedulers.parallel()));
            expected.add(IntStream.range(0, i).boxed().toList());
        }
        assertThat(decode(write(value))).isEqualTo(expected);
    }

    @Test
    void manyPublishersTakeNoStack() {
        List<Object> value = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            value.add(Mono.just(i));
        }
        assertThat(((List<?>) decode(write(value))).get(49_999)).isEqualTo(List.of(49_999));
    }

    @Test
    void aPublisherWithinAnElementOfAnotherIsRefused() {
        StepVerifier.create(Cbor.serializer().serialize(List.of(Flux.just(1, List.of(Flux.just(2))))))
                .thenConsumeWhile(b -> true)
                .verifyErrorMessage(
                        "a Publisher within an element of a sequence or of another Publisher at $[0][1][0]");
        StepVerifier.create(Cbor.sequenceSerializer(Object.class).serialize(Flux.just(Flux.just(2))))
                .verifyError(IllegalArgumentException.class);
    }
}
