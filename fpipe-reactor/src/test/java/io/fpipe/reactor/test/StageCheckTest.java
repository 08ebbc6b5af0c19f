/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FluxDeserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Each obligation is broken by one stage, and the kit says so. */
class StageCheckTest {

    private static final byte[] ABC = {'a', 'b', 'c'};
    private static final byte[] NONE = {};

    private static StageCheck<byte[], byte[]> identity(Stage stage) {
        return StageCheck.stage(stage).sample(ABC, ABC).sample(NONE, NONE).timeout(Duration.ofMillis(300));
    }

    private static void assertFound(Stage broken, String problem) {
        assertThatThrownBy(() -> StageCheck.stage(broken)
                        .sample(ABC, ABC)
                        .timeout(Duration.ofMillis(300))
                        .verify())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(problem);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static Stage map(UnaryOperator<ByteBuffer> function) {
        return Stage.of(bytes -> bytes.map(function));
    }

    @Test
    void acceptsGoodStages() {
        identity(Stage.identity()).completesWithLast().verify();
        identity(map(b -> ByteBuffer.wrap(bytes(b))).then(Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining))))
                .verify();
        identity(Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining).publishOn(Schedulers.parallel(), 1)))
                .verify();
    }

    @Test
    void findsAResultThatDependsOnTheCut() {
        Stage onlyTheFirstBuffer =
                Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining).take(1));
        assertFound(onlyTheFirstBuffer, "gave 1 bytes 0x61 where 3 bytes 0x616263 is expected");
    }

    @Test
    void printsTheSmallestCase() {
        Stage stumblesOverThree = Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining)
                .scan(0, (n, b) -> n + 1)
                .doOnNext(n -> {
                    if (n == 3) {
                        throw new IllegalStateException("three");
                    }
                })
                .ignoreElements()
                .cast(ByteBuffer.class)
                .thenMany(Flux.just(ByteBuffer.wrap(new byte[10]))));
        assertThatThrownBy(() -> StageCheck.stage(stumblesOverThree)
                        .sample(new byte[10], new byte[10])
                        .prefetch(Long.MAX_VALUE)
                        .seed(17)
                        .verify())
                .hasMessageContaining("three")
                .hasMessageContaining("10 bytes 0x00000000000000000000")
                .hasMessageContaining("the source gives 3 heap buffers of")
                .hasMessageContaining("the subscriber asks for all at once")
                .hasMessageContaining("seed 17");
    }

    @Test
    void findsStateThatIsSharedBySubscriptions() {
        assertFound(
                bytes -> {
                    AtomicInteger seen = new AtomicInteger();
                    return bytes.doOnNext(b -> seen.addAndGet(b.remaining())).filter(b -> seen.get() <= 3);
                },
                "subscription 2 to the same publisher gives something else");
    }

    @Test
    void findsEmissionWithoutDemand() {
        assertFound(
                Meddler.stage(actual -> new Meddler(actual) {
                    @Override
                    public void request(long n) {
                        super.request(Long.MAX_VALUE);
                    }
                }),
                "the source was asked for unbounded buffers at once, where 1 is the most");
        Stage doubles = Meddler.stage(actual -> new Meddler(actual) {
            @Override
            public void onNext(ByteBuffer b) {
                byte[] bytes = b.hasRemaining() ? bytes(b) : new byte[1];
                actual.onNext(ByteBuffer.wrap(bytes, 0, 1));
                if (bytes.length > 1) {
                    actual.onNext(ByteBuffer.wrap(bytes, 1, bytes.length - 1));
                }
            }
        });
        assertFound(doubles, "element 1 was emitted without demand");
    }

    @Test
    void findsEmptyBuffers() {
        assertFound(Stage.of(bytes -> bytes.concatWithValues(ByteBuffer.allocate(0))), "is empty");
    }

    @Test
    void findsUnboundedAndExcessiveRequests() {
        assertFound(Stage.of(bytes -> bytes.onBackpressureBuffer()), "the source was asked for unbounded buffers");
        Stage prefetches = Stage.of(bytes -> bytes.publishOn(Schedulers.immediate(), 4));
        assertFound(prefetches, "the source was asked for 4 buffers at once, where 1 is the most");
        assertThatCode(() -> identity(prefetches.then(Stage.of(b -> b.filter(ByteBuffer::hasRemaining))))
                        .prefetch(4)
                        .verify())
                .doesNotThrowAnyException();
    }

    @Test
    void findsAMessageThatIsReadTwice() {
        assertFound(Stage.of(bytes -> bytes.concatWith(bytes.ignoreElements())), "the source was subscribed to more");
    }

    @Test
    void findsASecondEnd() {
        assertFound(
                Meddler.stage(actual -> new Meddler(actual) {
                    @Override
                    public void onComplete() {
                        super.onComplete();
                        super.onComplete();
                    }
                }),
                "onComplete came after onComplete");
    }

    @Test
    void findsAMissingEnd() {
        assertFound(Stage.of(bytes -> bytes.concatWith(Mono.never())), "nothing happened for PT0.3S");
    }

    @Test
    void findsALateEnd() {
        class LateEnd extends Meddler {
            private long outstanding;
            private boolean ended;

            LateEnd(Subscriber<? super ByteBuffer> actual) {
                super(actual);
            }

            @Override
            public void onNext(ByteBuffer buffer) {
                outstanding--;
                super.onNext(buffer);
            }

            @Override
            public void onComplete() {
                ended = outstanding == 0;
                if (!ended) {
                    actual.onComplete();
                }
            }

            @Override
            public void request(long n) {
                outstanding += n;
                if (ended) {
                    ended = false;
                    actual.onComplete();
                } else {
                    super.request(n);
                }
            }
        }
        Stage late = Meddler.stage(LateEnd::new);
        assertThatThrownBy(() -> StageCheck.stage(late)
                        .sample(ABC, ABC)
                        .completesWithLast()
                        .timeout(Duration.ofMillis(300))
                        .verify())
                .hasMessageContaining("the end did not come with element 0, the last");
        StageCheck.stage(late).sample(ABC, ABC).verify(); // it is right but for that
    }

    @Test
    void findsASwallowedErrorOfTheSource() {
        assertFound(Stage.of(bytes -> bytes.onErrorComplete()), "the error of the source was not passed on");
    }

    @Test
    void findsASourceThatIsNotCancelled() {
        assertFound(
                Meddler.stage(actual -> new Meddler(actual) {
                    private boolean cancelled;

                    @Override
                    public void cancel() {
                        cancelled = true;
                    }

                    @Override
                    public void onNext(ByteBuffer buffer) {
                        if (!cancelled) {
                            super.onNext(buffer);
                        }
                    }

                    @Override
                    public void onError(Throwable ex) {
                        if (!cancelled) {
                            super.onError(ex);
                        }
                    }

                    @Override
                    public void onComplete() {
                        if (!cancelled) {
                            super.onComplete();
                        }
                    }
                }),
                "the source was not cancelled");
    }

    @Test
    void findsEmissionAfterCancel() {
        assertFound(
                Meddler.stage(actual -> new Meddler(actual) {
                    private boolean inside;
                    private boolean late;

                    @Override
                    public void onNext(ByteBuffer buffer) {
                        inside = true;
                        super.onNext(buffer);
                        inside = false;
                        if (late) {
                            super.onNext(buffer);
                        }
                    }

                    @Override
                    public void cancel() {
                        super.cancel();
                        late = inside;
                    }
                }),
                "onNext came after cancel");
    }

    @Test
    void findsAMovedCursor() {
        assertFound(
                map(b -> ByteBuffer.allocate(Math.max(1, b.remaining())).put(b).clear()),
                "the cursor of input buffer 0 was moved");
    }

    @Test
    void findsAWrittenInput() {
        Stage xor = map(b -> {
            ByteBuffer copy = ByteBuffer.wrap(bytes(b));
            b.put(b.position(), (byte) (b.get(b.position()) ^ 1));
            return copy;
        });
        assertThatThrownBy(() -> StageCheck.stage(xor).sample(ABC, ABC).verify())
                .hasMessageContaining("the content of input buffer 0 was written");
    }

    @Test
    void findsAChangedByteOrder() {
        Stage bigEndian = map(b -> ByteBuffer.wrap(bytes(b.order(ByteOrder.BIG_ENDIAN))))
                .then(Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining)));
        assertFound(bigEndian, "the byte order of input buffer 0 was changed");
    }

    @Test
    void findsAnOutputThatIsWrittenAgain() {
        assertFound(
                bytes -> Flux.defer(() -> {
                    byte[] scratch = new byte[8];
                    return bytes.filter(ByteBuffer::hasRemaining).map(b -> {
                        b.duplicate().get(scratch, 0, b.remaining());
                        return ByteBuffer.wrap(scratch, 0, b.remaining());
                    });
                }),
                "emitted buffer 0 was changed after its emission");
    }

    @Test
    @SuppressWarnings("ByteBufferBackingArray") // the mistake that is to be found
    void findsAWrongUseOfArrays() {
        Stage needsArrays = map(b -> ByteBuffer.wrap(b.array(), 0, b.remaining()))
                .then(Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining)));
        assertThatThrownBy(() -> identity(needsArrays).verify())
                .hasMessageContaining("UnsupportedOperationException")
                .hasMessageContaining("direct buffers");
        Stage ignoresOffsets = map(b ->
                        b.hasArray() ? ByteBuffer.wrap(b.array(), b.position(), b.remaining()) : b.duplicate())
                .then(Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining)));
        assertThatThrownBy(() -> identity(ignoresOffsets).verify()).hasMessageContaining("arrayOffset 3");
    }

    @Test
    void findsAThrowingStage() {
        assertFound(
                bytes -> {
                    throw new IllegalStateException("at assembly");
                },
                "threw java.lang.IllegalStateException: at assembly");
        assertFound(
                Meddler.stage(actual -> new Meddler(actual) {
                    @Override
                    public void onNext(ByteBuffer buffer) {
                        throw new IllegalStateException("in onNext");
                    }
                }),
                "onNext threw java.lang.IllegalStateException: in onNext to the source");
    }

    @Test
    void findsOverlappingSignals() {
        Stage overlaps = Meddler.stage(actual -> new Meddler(actual) {
            private boolean inside;

            @Override
            public void onNext(ByteBuffer buffer) {
                inside = true;
                super.onNext(buffer);
                inside = false;
            }

            @Override
            public void request(long n) {
                if (inside) {
                    actual.onNext(ByteBuffer.allocate(1));
                }
                super.request(n);
            }
        });
        assertFound(overlaps, "onNext came while another signal was running");
    }

    @Test
    void findsInvalidInputThatIsAcceptedOrFailsOtherwise() {
        assertThatThrownBy(() -> StageCheck.stage(Stage.identity())
                        .invalid(ABC, CorruptStreamException.class)
                        .verify())
                .hasMessageContaining("completed with 3 bytes 0x616263 where")
                .hasMessageContaining("CorruptStreamException is expected");
        Stage failing = Stage.of(bytes -> bytes.concatWith(Mono.error(new IllegalArgumentException("no"))));
        StageCheck<byte[], byte[]> check = StageCheck.stage(failing);
        check.invalid(NONE, IllegalArgumentException.class).verify();
        assertThatThrownBy(
                        () -> check.invalid(NONE, CorruptStreamException.class).verify())
                .hasMessageContaining("failed with java.lang.IllegalArgumentException: no where");
        Stage silent = Stage.of(bytes -> bytes.concatWith(Mono.error(new IllegalArgumentException())));
        assertThatThrownBy(() -> StageCheck.stage(silent)
                        .invalid(NONE, IllegalArgumentException.class)
                        .verify())
                .hasMessageContaining("does not say what was wrong");
    }

    @Test
    void checksSerializers() {
        Serializer<String> good =
                text -> Flux.range(0, text.length()).map(i -> ByteBuffer.wrap(new byte[] {(byte) text.charAt(i)}));
        StageCheck.serializer(good).sample("abc", ABC).sample("", NONE).verify();
        assertThatThrownBy(() -> StageCheck.serializer(good).sample("abd", ABC).verify())
                .hasMessageContaining("gave 3 bytes 0x616264 where 3 bytes 0x616263 is expected")
                .hasMessageContaining("the first difference is at byte 2")
                .hasMessageContaining("sample: abd");
    }

    @Test
    void checksDeserializers() {
        Deserializer<String> text = message -> message.map(b -> new String(bytes(b), StandardCharsets.ISO_8859_1))
                .reduce("", String::concat);
        StageCheck.deserializer(text)
                .prefetch(Long.MAX_VALUE)
                .sample(ABC, "abc")
                .sample(NONE, "")
                .verify();
        Deserializer<Long> counts = message -> message.count();
        assertThatThrownBy(() -> StageCheck.deserializer(counts)
                        .prefetch(Long.MAX_VALUE)
                        .sample(ABC, 1L)
                        .verify())
                .hasMessageContaining("gave 2 where 1 is expected");
        FluxDeserializer<Byte> each = message -> message.concatMapIterable(b -> {
            byte[] bytes = bytes(b);
            return List.of(0, 1, 2).subList(0, bytes.length).stream()
                    .map(i -> bytes[i])
                    .toList();
        });
        StageCheck.deserializerOfMany(each)
                .prefetch(Long.MAX_VALUE)
                .sample(ABC, List.of((byte) 'a', (byte) 'b', (byte) 'c'))
                .verify();
    }

    @Test
    void checksRoundTrips() {
        Stage invert = map(b -> {
                    byte[] bytes = bytes(b);
                    for (int i = 0; i < bytes.length; i++) {
                        bytes[i] = (byte) ~bytes[i];
                    }
                    return ByteBuffer.wrap(bytes);
                })
                .then(Stage.of(bytes -> bytes.filter(ByteBuffer::hasRemaining)));
        StageCheck.roundTrip(invert, invert, NONE, ABC, new byte[3000]).verify();
        assertThatThrownBy(() ->
                        StageCheck.roundTrip(invert, Stage.identity(), ABC).verify())
                .hasMessageContaining("gave 3 bytes 0x9e9d9c where 3 bytes 0x616263 is expected");
        Serializer<byte[]> there = bytes -> Flux.just(ByteBuffer.wrap(bytes));
        Deserializer<byte[]> back = message -> message.collectList().map(Subject::join);
        StageCheck.roundTrip(there, back, ABC, new byte[] {1})
                .prefetch(Long.MAX_VALUE)
                .verify();
        Deserializer<byte[]> wrong =
                message -> message.map(b -> ByteBuffer.wrap(Arrays.copyOf(bytes(b), b.remaining() / 2 + 1)))
                        .collectList()
                        .map(Subject::join);
        assertThatThrownBy(() -> StageCheck.roundTrip(there, wrong, new byte[] {1}, new byte[] {1, 2})
                        .prefetch(Long.MAX_VALUE)
                        .verify())
                .hasMessageContaining("01 is expected");
    }

    @Test
    void comparesAsItIsTold() {
        Deserializer<String> upper = message -> message.then(Mono.just("ABC"));
        StageCheck.deserializer(upper)
                .prefetch(Long.MAX_VALUE)
                .equality(String::equalsIgnoreCase)
                .sample(NONE, "abc")
                .verify();
    }

    @Test
    void refusesAnEmptyCheck() {
        assertThatThrownBy(() -> StageCheck.stage(Stage.identity()).verify()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> StageCheck.stage(Stage.identity()).prefetch(0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> StageCheck.stage(Stage.identity()).timeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isImmutable() {
        StageCheck<byte[], byte[]> check = StageCheck.stage(Stage.identity()).sample(ABC, ABC);
        StageCheck<byte[], byte[]> wrong = check.sample(NONE, ABC);
        check.verify();
        assertThat(wrong).isNotSameAs(check);
        assertThatThrownBy(wrong::verify).isInstanceOf(AssertionError.class);
    }
}
