/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.CorruptStreamException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Scannable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class FluxFramesTest {

    private static final Frames FRAMES = Frames.delimiter(new byte[] {'.'});
    private static final Duration SECOND = Duration.ofSeconds(5);

    private final List<Long> requests = new ArrayList<>();
    private final List<String> discarded = new ArrayList<>();

    @AfterEach
    void resetHooks() {
        Hooks.resetOnErrorDropped();
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.US_ASCII.decode(bytes.duplicate()).toString();
    }

    private Flux<Flux<ByteBuffer>> decode(String... buffers) {
        return FRAMES.decode(Flux.fromArray(buffers).map(FluxFramesTest::buffer).doOnRequest(requests::add));
    }

    /** Takes frames and does with them what a test says. */
    private static final class Taker extends BaseSubscriber<Flux<ByteBuffer>> {
        final List<Flux<ByteBuffer>> frames = new ArrayList<>();
        Throwable error;
        boolean completed;

        @Override
        protected void hookOnSubscribe(org.reactivestreams.Subscription s) {}

        @Override
        protected void hookOnNext(Flux<ByteBuffer> frame) {
            frames.add(frame);
        }

        @Override
        protected void hookOnError(Throwable ex) {
            error = ex;
        }

        @Override
        protected void hookOnComplete() {
            completed = true;
        }

        Flux<String> last() {
            return frames.get(frames.size() - 1).map(FluxFramesTest::text);
        }
    }

    private static Taker take(Flux<Flux<ByteBuffer>> frames) {
        Taker taker = new Taker();
        frames.subscribe(taker);
        return taker;
    }

    @Test
    void readsUnderTheDemandOfTheOpenFrameOnly() {
        Taker taker = take(decode("a", "b", "c.d", "."));
        assertThat(requests).isEmpty();
        taker.request(1);
        assertThat(requests).hasSize(1);
        StepVerifier.create(taker.last(), 0)
                .thenRequest(1)
                .expectNext("a")
                .then(() -> assertThat(requests).hasSize(1))
                .thenRequest(1)
                .expectNext("b")
                .then(() -> assertThat(requests).hasSize(2))
                .thenRequest(1)
                .expectNext("c")
                .verifyComplete();
        assertThat(requests).hasSize(3);
        assertThat(taker.frames).hasSize(1);
        taker.request(1);
        assertThat(taker.frames).as("it began in a buffer that is there").hasSize(2);
        assertThat(requests).hasSize(3);
    }

    @Test
    void aFrameNobodySubscribedToWaitsAndIsSkippedWhenTheNextIsRequested() {
        Taker taker = take(decode("a", "b.c", ".d."));
        taker.request(1);
        assertThat(taker.frames).hasSize(1);
        taker.request(1);
        assertThat(taker.frames).hasSize(2);
        assertThat(taker.last().collectList().block(SECOND)).containsExactly("c");
        StepVerifier.create(taker.frames.get(0))
                .verifyErrorMessage(
                        "the frame was skipped, because the next was requested before anybody subscribed to it");
        taker.request(2);
        assertThat(taker.frames).hasSize(3);
        assertThat(taker.completed).isTrue();
    }

    @Test
    void aFrameMayBeSubscribedToLaterIfNothingElseIsRequested() {
        Flux<Flux<ByteBuffer>> frames = decode("a", "b.c", ".d.");
        assertThat(frames.publishOn(Schedulers.single(), 1)
                        .concatMap(frame -> frame.map(FluxFramesTest::text).reduce("", String::concat))
                        .collectList()
                        .block(SECOND))
                .containsExactly("ab", "c", "d");
        assertThat(frames.concatMap(frame -> frame.subscribeOn(Schedulers.single()))
                        .map(FluxFramesTest::text)
                        .collectList()
                        .block(SECOND))
                .containsExactly("a", "b", "c", "d");
    }

    @Test
    void ignoredFramesStallNobody() {
        assertThat(decode("a", "b.c", ".d.").count().block(SECOND)).isEqualTo(3);
        assertThat(decode("a", "b.c", ".d.")
                        .skip(2)
                        .concatMap(frame -> frame)
                        .map(FluxFramesTest::text)
                        .blockLast(SECOND))
                .isEqualTo("d");
        assertThat(decode("a", "b.c", ".d.")
                        .index()
                        .filter(t -> t.getT1() == 1)
                        .concatMap(t -> t.getT2())
                        .map(FluxFramesTest::text)
                        .blockLast(SECOND))
                .isEqualTo("c");
        assertThat(decode("a", "b.c", ".d.").then().block(SECOND)).isNull();
    }

    @Test
    void builtInsThatSubscribeAtOnceReadAllFrames() {
        for (int concurrency : new int[] {1, 2, 256}) {
            assertThat(decode("a", "b.c", ".d.")
                            .flatMap(frame -> frame, concurrency)
                            .count()
                            .block(SECOND))
                    .isEqualTo(4);
            assertThat(decode("a", "b.c", ".d.")
                            .flatMapSequential(frame -> frame, concurrency)
                            .count()
                            .block(SECOND))
                    .isEqualTo(4);
        }
        assertThat(decode("a", "b.c", ".d.")
                        .concatMap(frame -> frame.hide(), 1)
                        .count()
                        .block(SECOND))
                .isEqualTo(4);
    }

    @Test
    void theRestOfACancelledFrameIsReadWhenTheNextIsRequested() {
        Flux<Flux<ByteBuffer>> frames =
                decode("a", "b", "c.d", ".").doOnDiscard(ByteBuffer.class, bytes -> discarded.add(text(bytes)));
        Taker taker = take(frames);
        taker.request(1);
        assertThat(taker.last().take(1).collectList().block(SECOND)).containsExactly("a");
        assertThat(requests).hasSize(1);
        taker.request(1);
        assertThat(taker.last().collectList().block(SECOND)).containsExactly("d");
        assertThat(discarded).containsExactly("b", "c");
        assertThat(decode("a", "b", "c.d", ".")
                        .concatMap(frame -> frame.take(1))
                        .count()
                        .block(SECOND))
                .isEqualTo(2);
    }

    @Test
    void aFrameCanBeReadToItsEndAfterTheOuterIsCancelled() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(FRAMES.decode(source.flux())
                        .next()
                        .flatMapMany(frame -> frame)
                        .map(FluxFramesTest::text))
                .then(() -> source.next(buffer("a")))
                .expectNext("a")
                .then(source::assertNotCancelled)
                .then(() -> source.next(buffer("b.c.")))
                .expectNext("b")
                .verifyComplete();
        source.assertCancelled();
    }

    @Test
    void cancellingTheOuterCancelsTheStreamIfNoFrameHasASubscriber() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        Taker taker = take(FRAMES.decode(source.flux()));
        taker.request(1);
        source.next(buffer("a"));
        assertThat(taker.frames).hasSize(1);
        taker.cancel();
        source.assertCancelled();
        StepVerifier.create(taker.last()).verifyError(IllegalStateException.class);
        TestPublisher<ByteBuffer> unused = TestPublisher.create();
        take(FRAMES.decode(unused.flux())).cancel();
        unused.assertCancelled();
    }

    @Test
    void cancellingTheFrameAndTheOuterCancelsTheStream() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        StepVerifier.create(FRAMES.decode(source.flux()).concatMap(frame -> frame))
                .then(() -> source.next(buffer("a")))
                .expectNextCount(1)
                .thenCancel()
                .verify();
        source.assertCancelled();
    }

    @Test
    void anErrorReachesTheOpenFrameAndTheOuter() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        Taker taker = take(FRAMES.decode(source.flux()));
        taker.request(2);
        source.next(buffer("a")); // nobody subscribes during onNext, and another is requested: it is skipped
        source.next(buffer("b.c"));
        assertThat(taker.frames).hasSize(2);
        StepVerifier.create(taker.last())
                .expectNext("c")
                .then(() -> source.error(new IllegalStateException("source")))
                .verifyErrorMessage("source");
        assertThat(taker.error).hasMessage("source");
    }

    @Test
    void anErrorReachesWhoSubscribesLater() {
        TestPublisher<ByteBuffer> source = TestPublisher.create();
        Taker taker = take(FRAMES.decode(source.flux()));
        taker.request(1);
        source.next(buffer("a"));
        source.error(new IllegalStateException("source"));
        assertThat(taker.error).hasMessage("source");
        StepVerifier.create(taker.last()).verifyErrorMessage("source");
    }

    @Test
    void anErrorIsNotDeliveredTwiceToTheSame() {
        List<Throwable> dropped = new ArrayList<>();
        Hooks.onErrorDropped(dropped::add);
        StepVerifier.create(decode("a").concatMap(frame -> frame))
                .expectNextCount(1)
                .verifyError(CorruptStreamException.class);
        StepVerifier.create(decode("a").flatMap(frame -> frame))
                .expectNextCount(1)
                .verifyError();
        assertThat(dropped).isEmpty();
    }

    @Test
    void aFrameHasOneSubscriber() {
        Taker taker = take(decode("a.b."));
        taker.request(1);
        assertThat(taker.last().collectList().block(SECOND)).containsExactly("a");
        StepVerifier.create(taker.last()).verifyErrorMessage("a frame has one subscriber, and had it already");
    }

    @Test
    void aRequestOfNothingIsAnError() {
        Taker taker = take(decode("a", "b."));
        taker.request(1);
        AtomicReference<Throwable> error = new AtomicReference<>();
        taker.frames.get(0).subscribe(new BaseSubscriber<ByteBuffer>() {
            @Override
            protected void hookOnSubscribe(org.reactivestreams.Subscription s) {
                s.request(0);
            }

            @Override
            protected void hookOnError(Throwable ex) {
                error.set(ex);
            }
        });
        assertThat(error.get()).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("3.9");
        assertThat(taker.error).isSameAs(error.get());
    }

    @Test
    void aSourceThatOverflowsIsAnError() {
        TestPublisher<FramePart> source = TestPublisher.createNoncompliant(TestPublisher.Violation.REQUEST_OVERFLOW);
        Taker taker = take(FluxFrames.of(source.flux()));
        taker.request(1);
        source.next(new FramePart(buffer("a"), false), new FramePart(buffer("b"), false));
        assertThat(taker.error).isInstanceOf(IllegalStateException.class).hasMessageContaining("overrun");
        source.assertCancelled();
    }

    @Test
    void manyFramesInOneBufferDoNotOverflowTheStack() {
        String many = ".".repeat(100_000);
        assertThat(decode(many).count().block(SECOND)).isEqualTo(100_000);
        assertThat(decode(many).concatMap(frame -> frame.count()).count().block(SECOND))
                .isEqualTo(100_000);
        assertThat(decode("x".repeat(9) + many.replace(".", "x."))
                        .concatMap(frame -> frame)
                        .count()
                        .block(SECOND))
                .isEqualTo(100_000);
    }

    @Test
    void canBeSubscribedToAgain() {
        Flux<String> texts = decode("a", "b.c", ".d.").concatMap(frame -> frame.map(FluxFramesTest::text));
        assertThat(texts.collectList().block(SECOND))
                .isEqualTo(texts.collectList().block(SECOND))
                .hasSize(4);
    }

    @Test
    void tellsWhatItIs() {
        TestPublisher<FramePart> source = TestPublisher.create();
        Flux<Flux<ByteBuffer>> frames = FluxFrames.of(source.flux());
        assertThat(Scannable.from(frames).scan(Scannable.Attr.RUN_STYLE)).isEqualTo(Scannable.Attr.RunStyle.SYNC);
        assertThat(frames.getPrefetch()).isEqualTo(1);
        AtomicReference<Scannable> scannable = new AtomicReference<>();
        Taker taker = new Taker();
        frames.doOnSubscribe(s -> scannable.set(Scannable.from(s))).subscribe(taker);
        assertThat(scannable.get().scan(Scannable.Attr.TERMINATED)).isFalse();
        assertThat(scannable.get().scan(Scannable.Attr.BUFFERED)).isZero();
        taker.request(1);
        source.next(new FramePart(buffer("a"), true));
        assertThat(scannable.get().scan(Scannable.Attr.BUFFERED)).isEqualTo(1);
        source.error(new IllegalStateException("source"));
        assertThat(scannable.get().scan(Scannable.Attr.ERROR)).hasMessage("source");
        assertThat(scannable.get().scan(Scannable.Attr.TERMINATED)).isTrue();
    }
}
