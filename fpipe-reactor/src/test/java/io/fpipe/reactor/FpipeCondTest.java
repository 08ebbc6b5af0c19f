/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class FpipeCondTest {

    private static final byte[] NONE = {};

    /** Stands in for a real codec: the text of an object. */
    private static final Serializer<Object> TO_TEXT =
            value -> Flux.defer(() -> Chunks.of(value.toString().getBytes(StandardCharsets.UTF_8)));

    private static final Deserializer<Object> FROM_TEXT =
            message -> Chunks.join(message, 1000).map(bytes -> new String(bytes, StandardCharsets.UTF_8));

    private record Request(boolean compress, String body) {}

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** Shows which branch was taken. */
    private static Stage mark(int branch) {
        return Prefixes.prepend(branch);
    }

    private static byte[] run(Stage stage, Flux<ByteBuffer> message) {
        return Chunks.join(stage.apply(message), 1000).block();
    }

    @Test
    void composesWholePipelines() {
        Serializer<Request> outbound = FpipeCond.<Request>objects()
                .when(
                        Request::compress,
                        Request::body,
                        TO_TEXT.then(Zlib.compress()).then(Prefixes.prepend(1)))
                .otherwise(Request::body, TO_TEXT.then(Prefixes.prepend(0)));
        Deserializer<Object> inbound = FpipeCond.bytes()
                .whenPrefix(1, Prefixes.skip(1).then(Zlib.decompress()))
                .whenPrefix(0, Prefixes.skip(1))
                .into(FROM_TEXT);
        Stage remote = Chunks.rechunk(1);
        Function<Request, Mono<Object>> call = outbound.then(remote).into(inbound);
        assertThat(call.apply(new Request(true, "a long text, a long text")).block())
                .isEqualTo("a long text, a long text");
        assertThat(call.apply(new Request(false, "plain")).block()).isEqualTo("plain");

        Stage routed = FpipeCond.bytes()
                .whenPrefix(new byte[] {2}, Prefixes.skip(1).then(Zlib.decompress()))
                .otherwise(Prefixes.skip(1));
        assertThat(routed.into(FROM_TEXT)
                        .deserialize(Chunks.of(bytes(7, 'o', 'k')))
                        .block())
                .isEqualTo("ok");
    }

    @Test
    void routesByPrefix() {
        Stage cond = FpipeCond.bytes()
                .whenPrefix(bytes(1, 2, 3), mark(100))
                .whenPrefix(bytes(1, 2), mark(101))
                .whenPrefix(255, mark(102))
                .otherwise(mark(103));
        StageCheck.stage(cond)
                .sample(bytes(1, 2, 3, 4), bytes(100, 1, 2, 3, 4))
                .sample(bytes(1, 2, 3), bytes(100, 1, 2, 3))
                .sample(bytes(1, 2, 4, 5), bytes(101, 1, 2, 4, 5))
                .sample(bytes(1, 2), bytes(101, 1, 2))
                .sample(bytes(255, 1), bytes(102, 255, 1))
                .sample(bytes(1), bytes(103, 1))
                .sample(bytes(9, 9, 9), bytes(103, 9, 9, 9))
                .sample(NONE, bytes(103))
                .completesWithLast()
                .verify();
    }

    @Test
    void routesByATestOfTheFirstBytes() {
        Stage cond = FpipeCond.bytes()
                .when(2, head -> head.remaining() < 2, mark(100))
                .when(2, head -> head.getShort() == 0x0102, mark(101))
                .whenPrefix(1, Prefixes.skip(1))
                .otherwise(Stage.identity());
        StageCheck.stage(cond)
                .sample(NONE, bytes(100))
                .sample(bytes(1), bytes(100, 1))
                .sample(bytes(1, 2, 3), bytes(101, 1, 2, 3))
                .sample(bytes(1, 3, 4), bytes(3, 4))
                .sample(bytes(2, 3, 4), bytes(2, 3, 4))
                .verify();
    }

    @Test
    void aTestRunsOnceAndSeesNoMoreThanItAskedFor() {
        List<String> seen = new ArrayList<>();
        Predicate<ByteBuffer> test = head -> {
            seen.add(head.remaining() + (head.isReadOnly() ? " read-only" : ""));
            return false;
        };
        Stage cond = FpipeCond.bytes()
                .when(2, test, mark(100))
                .whenPrefix(bytes(1, 2, 3, 4), mark(101))
                .when(3, test, mark(102))
                .otherwise(Stage.identity());
        run(cond, Chunks.of(bytes(1), bytes(2), bytes(3), bytes(5, 6)));
        assertThat(seen).containsExactly("2 read-only", "3 read-only");
    }

    @Test
    void readsNoMoreThanItNeedsToDecide() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        AtomicInteger decided = new AtomicInteger();
        Stage branch = Stage.of(message -> {
            decided.incrementAndGet();
            return message;
        });
        StepVerifier.create(
                        FpipeCond.bytes()
                                .whenPrefix(bytes(1, 2), branch)
                                .whenPrefix(3, branch)
                                .apply(source.flux()),
                        0)
                .then(() -> source.assertMinRequested(1).next(ByteBuffer.wrap(bytes(1))))
                .then(() -> assertThat(decided).hasValue(0))
                .then(() -> source.assertMinRequested(1).next(ByteBuffer.wrap(bytes(2))))
                .then(() -> assertThat(decided).hasValue(1))
                .then(() -> source.assertMaxRequested(0))
                .thenRequest(1)
                .expectNext(ByteBuffer.wrap(bytes(1)))
                .thenCancel()
                .verify();
        source.assertCancelled();
    }

    @Test
    void decidesAsSoonAsAPrefixIsImpossible() {
        Flux<ByteBuffer> openEnded = Chunks.of(bytes(9)).concatWith(Flux.never());
        Stage cond = FpipeCond.bytes().whenPrefix(bytes(1, 2, 3), mark(100)).otherwise(mark(101));
        assertThat(cond.apply(openEnded).blockFirst()).isEqualTo(ByteBuffer.wrap(bytes(101)));
    }

    @Test
    void passesAllBuffersAsTheSameObjects() {
        ByteBuffer a = ByteBuffer.wrap(bytes(1));
        ByteBuffer b = ByteBuffer.wrap(bytes(2, 3, 4));
        ByteBuffer c = ByteBuffer.wrap(bytes(5));
        Stage cond = FpipeCond.bytes().whenPrefix(bytes(1, 2), Stage.identity());
        assertThat(cond.apply(Flux.just(a, b, c)).collectList().block())
                .satisfiesExactly(
                        first -> assertThat(first).isSameAs(a),
                        second -> assertThat(second).isSameAs(b),
                        third -> assertThat(third).isSameAs(c));
        assertThat(FpipeCond.header(1, head -> Stage.identity())
                        .apply(Flux.just(a, b, c))
                        .collectList()
                        .block())
                .satisfiesExactly(
                        first -> assertThat(first).isSameAs(b),
                        second -> assertThat(second).isSameAs(c));
    }

    @Test
    void aMessageWithoutABranchShowsItsFirstBytes() {
        Stage cond = FpipeCond.bytes().whenPrefix(bytes(1, 2), mark(100)).whenPrefix(2, mark(101));
        StageCheck.stage(cond)
                .invalid(bytes(1, 3, 4), UnroutedMessageException.class)
                .invalid(bytes(1), UnroutedMessageException.class)
                .invalid(NONE, UnroutedMessageException.class)
                .verify();
        StepVerifier.create(cond.apply(Chunks.of(bytes(1, 171, 4))))
                .expectErrorSatisfies(ex -> {
                    assertThat(ex).hasMessage("no branch is for a message that begins with 0x01ab");
                    assertThat(((UnroutedMessageException) ex).firstBytes()).containsExactly(1, 171);
                })
                .verify();
        StepVerifier.create(cond.apply(Flux.empty()))
                .expectErrorMessage("no branch is for an empty message")
                .verify();
    }

    @Test
    void anErrorBeforeTheDecisionIsPassedOn() {
        IllegalStateException error = new IllegalStateException("source");
        Stage cond = FpipeCond.bytes().whenPrefix(bytes(1, 2), mark(100));
        StepVerifier.create(cond.apply(Chunks.of(bytes(1)).concatWith(Flux.error(error))))
                .expectErrorMatches(ex -> ex == error)
                .verifyThenAssertThat()
                .hasNotDroppedErrors();
    }

    @Test
    void whatAClauseOrABranchThrowsIsTheMessagesError() {
        IllegalStateException error = new IllegalStateException("broken");
        Stage throwing = message -> {
            throw error;
        };
        List<Stage> stages = List.of(
                FpipeCond.bytes().whenPrefix(1, throwing),
                FpipeCond.bytes().whenPrefix(bytes(1, 2), mark(100)).otherwise(throwing),
                FpipeCond.bytes()
                        .when(
                                1,
                                head -> {
                                    throw error;
                                },
                                mark(100)),
                FpipeCond.header(1, head -> throwing),
                FpipeCond.header(1, head -> {
                    throw error;
                }));
        for (Stage stage : stages) {
            TestPublisher<ByteBuffer> source = TestPublisher.create();
            StepVerifier.create(stage.apply(source.flux()))
                    .then(() -> source.next(ByteBuffer.wrap(bytes(1, 1))))
                    .expectErrorMatches(ex -> ex == error)
                    .verifyThenAssertThat()
                    .hasNotDroppedErrors();
            source.assertCancelled();
        }
    }

    @Test
    void aBranchMayIgnoreItsMessage() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(FpipeCond.bytes()
                        .otherwise(Stage.of(message -> Chunks.of(bytes(5))))
                        .apply(source.flux()))
                .then(() -> source.next(ByteBuffer.wrap(bytes(1, 1))))
                .expectNextCount(1)
                .verifyComplete();
        source.assertCancelled();
    }

    @Test
    void refusesClausesThatCanNeverBeReached() {
        assertThatThrownBy(() -> FpipeCond.bytes()
                        .whenPrefix(5, mark(1))
                        .whenPrefix(bytes(1), mark(1))
                        .whenPrefix(bytes(1, 2), mark(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("clause 3 (prefix 0x0102) can never be reached: "
                        + "clause 2 (prefix 0x01) takes all of its messages");
        assertThatThrownBy(() -> FpipeCond.bytes().whenPrefix(5, mark(1)).whenPrefix(5, mark(1)))
                .hasMessageStartingWith("clause 2 (prefix 0x05)");
        assertThatThrownBy(() -> FpipeCond.bytes().otherwise(mark(1)).whenPrefix(5, mark(1)))
                .hasMessage("clause 2 can never be reached: it follows otherwise");
        assertThatThrownBy(() -> FpipeCond.decode().otherwise(FROM_TEXT).otherwise(FROM_TEXT))
                .hasMessage("clause 2 can never be reached: it follows otherwise");
        assertThatThrownBy(() -> FpipeCond.objects().otherwise(TO_TEXT).when(v -> true, TO_TEXT))
                .hasMessage("clause 2 can never be reached: it follows otherwise");
        assertThatThrownBy(() -> FpipeCond.bytes().whenPrefix(NONE, mark(1)))
                .hasMessage("clause 1 has an empty prefix, which every message has: use otherwise");
        assertThatThrownBy(() -> FpipeCond.bytes().whenPrefix(256, mark(1)))
                .hasMessage("a byte is from -128 to 255, was 256");
        assertThatThrownBy(() -> FpipeCond.bytes().when(0, head -> true, mark(1)))
                .hasMessage("headBytes must be at least 1, was 0");
        assertThatThrownBy(() -> FpipeCond.header(0, head -> mark(1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isImmutable() {
        FpipeCond.Bytes one = FpipeCond.bytes().whenPrefix(1, mark(100));
        FpipeCond.Bytes two = one.whenPrefix(2, mark(101));
        FpipeCond.Bytes other = one.otherwise(mark(102));
        assertThat(run(two, Chunks.of(bytes(2)))).containsExactly(101, 2);
        assertThat(run(other, Chunks.of(bytes(2)))).containsExactly(102, 2);
        assertThatThrownBy(() -> run(one, Chunks.of(bytes(2)))).isInstanceOf(UnroutedMessageException.class);
    }

    @Test
    void showsTheDecisionTable() {
        FpipeCond.Bytes cond = FpipeCond.bytes()
                .whenPrefix(bytes(1, 255), Stage.identity().named("unzip"))
                .when(4, new IsEmpty(), Stage.identity().named("x"))
                .when(1, head -> true, Stage.identity());
        assertThat(cond).hasToString("""
                FpipeCond.bytes
                  1. prefix 0x01ff -> unzip
                  2. first 4 bytes pass isEmpty -> x
                  3. first 1 bytes pass a test -> unnamed
                  otherwise -> UnroutedMessageException""");
        assertThat(cond.otherwise(Stage.identity().named("rest")).toString()).endsWith("\n  otherwise -> rest");
        Deserializer<Object> empty = message -> Mono.empty();
        assertThat(FpipeCond.decode().otherwise(empty.named("nothing")))
                .hasToString("FpipeCond.decode\n  otherwise -> nothing");
        assertThat(FpipeCond.objects().when(v -> true, TO_TEXT).otherwise(TO_TEXT.named("text")))
                .hasToString("FpipeCond.objects\n  1. passes a test -> unnamed\n  otherwise -> text");
    }

    private record IsEmpty() implements Predicate<ByteBuffer> {
        @Override
        public boolean test(ByteBuffer head) {
            return !head.hasRemaining();
        }

        @Override
        public String toString() {
            return "isEmpty";
        }
    }

    @Test
    void decodesByPrefix() {
        Deserializer<Long> length =
                message -> message.map(b -> (long) b.remaining()).reduce(0L, Long::sum);
        Deserializer<Object> cond = FpipeCond.<Object>decode()
                .whenPrefix(bytes('n', 'n'), length)
                .whenPrefix('x', message -> message.then(Mono.empty()))
                .when(1, head -> head.hasRemaining() && head.get() < 0, message -> message.then(Mono.just("negative")))
                .otherwise(FROM_TEXT);
        StageCheck.deserializer(cond)
                .prefetch(Long.MAX_VALUE)
                .sample(bytes('n', 'n', 1, 2), 4L)
                .sample(bytes('n'), "n")
                .sample(bytes('x', 1), null)
                .sample(bytes(-1, 1), "negative")
                .sample(NONE, "")
                .verify();
        StageCheck.deserializer(FpipeCond.<Object>decode().whenPrefix(1, FROM_TEXT))
                .invalid(bytes(2), UnroutedMessageException.class)
                .invalid(NONE, UnroutedMessageException.class)
                .verify();
    }

    @Test
    void routesValues() {
        Serializer<Object> cond = FpipeCond.<Object>objects()
                .when(v -> v instanceof String, TO_TEXT)
                .when(v -> v instanceof Integer, v -> "#" + v, TO_TEXT.then(mark('i')));
        StageCheck.<Object>serializer(cond)
                .sample("ab", bytes('a', 'b'))
                .sample(12, bytes('i', '#', '1', '2'))
                .invalid(1L, UnroutedMessageException.class)
                .completesWithLast()
                .verify();
        StepVerifier.create(cond.serialize(1L))
                .expectErrorMessage("no branch is for this value, of java.lang.Long")
                .verify();
        assertThat(Chunks.join(
                                FpipeCond.<Object>objects()
                                        .otherwise(v -> "none", TO_TEXT)
                                        .serialize(5L),
                                10)
                        .block())
                .isEqualTo(bytes('n', 'o', 'n', 'e'));
    }

    @Test
    void whatAValuesClauseThrowsIsTheMessagesError() {
        Serializer<String> cond = FpipeCond.<String>objects()
                .when(v -> Integer.parseInt(v) > 0, TO_TEXT)
                .otherwise(
                        v -> {
                            throw new IllegalStateException("translate");
                        },
                        TO_TEXT);
        StepVerifier.create(cond.serialize("x")).verifyError(NumberFormatException.class);
        StepVerifier.create(cond.serialize("0")).verifyErrorMessage("translate");
    }

    @Test
    void aHeaderChoosesTheStage() {
        Stage header = FpipeCond.header(
                2, head -> head.getShort() == 0x0102 ? mark(100) : mark(101).then(mark(head.get(0))));
        StageCheck.stage(header)
                .sample(bytes(1, 2, 3), bytes(100, 3))
                .sample(bytes(1, 2), bytes(100))
                .sample(bytes(7, 2, 3, 4), bytes(7, 101, 3, 4))
                .invalid(bytes(1), CorruptStreamException.class)
                .invalid(NONE, CorruptStreamException.class)
                .completesWithLast()
                .verify();
        StepVerifier.create(header.apply(Chunks.of(bytes(1))))
                .verifyErrorMessage("the message ended after 1 of the 2 bytes of its header");
        StepVerifier.create(FpipeCond.header(1, head -> null).apply(Chunks.of(bytes(1))))
                .verifyErrorMessage("nothing was chosen for the header");
        StepVerifier.create(FpipeCond.header(1, head -> {
                            assertThat(head.isReadOnly()).isTrue();
                            assertThat(head.remaining()).isEqualTo(1);
                            return Stage.identity();
                        })
                        .apply(Chunks.of(bytes(1, 2))))
                .expectNext(ByteBuffer.wrap(bytes(2)))
                .verifyComplete();
    }

    @Test
    void aHeaderChoosesTheDeserializer() {
        Deserializer<Object> decode = FpipeCond.decodeHeader(
                2,
                head -> (head.get(0) & 1) == 1
                        ? FROM_TEXT
                        : message -> message.count().map(n -> n > 0));
        StageCheck.deserializer(decode)
                .prefetch(Long.MAX_VALUE)
                .sample(bytes(1, 2, 'a', 'b'), "ab")
                .sample(bytes(1, 2), "")
                .sample(bytes(2, 2, 'a'), true)
                .sample(bytes(2, 2), false)
                .invalid(bytes(1), CorruptStreamException.class)
                .invalid(NONE, CorruptStreamException.class)
                .verify();
        StepVerifier.create(FpipeCond.decodeHeader(1, head -> null).deserialize(Chunks.of(bytes(1))))
                .verifyErrorMessage("nothing was chosen for the header");
    }

    @Test
    void aValueChoosesItsSerializer() {
        Serializer<Object> choose = FpipeCond.choose(v -> v instanceof String ? TO_TEXT : TO_TEXT.then(mark('#')));
        StageCheck.<Object>serializer(choose)
                .sample("ab", bytes('a', 'b'))
                .sample(12, bytes('#', '1', '2'))
                .completesWithLast()
                .verify();
        StepVerifier.create(FpipeCond.choose(v -> null).serialize(1))
                .verifyErrorMessage("nothing was chosen for the value");
        StepVerifier.create(FpipeCond.choose(v -> {
                            throw new IllegalStateException("choose");
                        })
                        .serialize(1))
                .verifyErrorMessage("choose");
    }

    @Test
    void aLongHeadMayComeInSingleBytes() {
        byte[] prefix = new byte[200];
        prefix[199] = 1;
        StageCheck.stage(FpipeCond.bytes().whenPrefix(prefix, mark(100)).otherwise(mark(101)))
                .sample(prefix, run(mark(100), Chunks.of(prefix)))
                .sample(new byte[201], run(mark(101), Chunks.of(new byte[201])))
                .verify();
    }
}
