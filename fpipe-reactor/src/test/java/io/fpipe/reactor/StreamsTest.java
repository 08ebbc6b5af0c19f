/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.StageCheck;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class StreamsTest {

    private static final Duration SECONDS = Duration.ofSeconds(5);
    private static final byte[] NONE = {};

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] readAll(InputStream stream) {
        try (stream) {
            return stream.readAllBytes();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    @Test
    void readsStreams() {
        StageCheck.<byte[]>serializer(content -> Chunks.fromInputStream(() -> new ByteArrayInputStream(content)))
                .sample(bytes(20), bytes(20))
                .sample(NONE, NONE)
                .verify();
        byte[] large = bytes(200_000);
        assertThat(Chunks.join(Chunks.fromInputStream(() -> new ByteArrayInputStream(large)), 1 << 20)
                        .block())
                .isEqualTo(large);
        StepVerifier.create(Chunks.fromInputStream(() -> {
                    throw new IOException("not there");
                }))
                .verifyErrorMessage("not there");
    }

    @Test
    void closesAStreamItReadOnce() throws Exception {
        AtomicInteger closed = new AtomicInteger();
        CountDownLatch closing = new CountDownLatch(2);
        Flux<ByteBuffer> message = Chunks.fromInputStream(() -> new ByteArrayInputStream(bytes(10)) {
            @Override
            public void close() {
                assertThat(Thread.currentThread().getName()).startsWith("boundedElastic");
                closed.incrementAndGet();
                closing.countDown();
            }
        });
        message.publishOn(Schedulers.parallel(), 1).blockLast(SECONDS);
        message.publishOn(Schedulers.parallel(), 1).take(1).blockLast(SECONDS);
        assertThat(closing.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(closed).hasValue(2);
    }

    @Test
    void aMessageIsReadAsAStream() {
        StageCheck.deserializer(message -> Mono.fromCallable(
                                () -> Chunks.toInputStream(message).readAllBytes())
                        .onErrorMap(IOException.class, Throwable::getCause)
                        .subscribeOn(Schedulers.boundedElastic()))
                .sample(bytes(20), bytes(20))
                .sample(NONE, NONE)
                .verify();
        InputStream stream = Chunks.toInputStream(Chunks.of(bytes(300), bytes(1)));
        assertThat(readAll(stream)).hasSize(301);
        assertThatThrownBy(stream::read).isInstanceOf(IOException.class).hasMessage("the stream is closed");
    }

    @Test
    void readsByteByByteAndInParts() throws IOException {
        try (InputStream stream = Chunks.toInputStream(Chunks.of(new byte[] {1, -1}, NONE, new byte[] {3, 4, 5}))) {
            assertThat(stream.available()).isZero();
            assertThat(stream.read()).isEqualTo(1);
            assertThat(stream.available()).isEqualTo(1);
            assertThat(stream.read(NONE)).isZero();
            assertThat(stream.read(new byte[9])).isEqualTo(1);
            assertThat(stream.read(new byte[2])).isEqualTo(2);
            assertThat(stream.read()).isEqualTo(5);
            assertThat(stream.read()).isEqualTo(-1);
            assertThat(stream.read(new byte[9])).isEqualTo(-1);
        }
    }

    @Test
    void aStreamAsksForOneBufferAtATimeAndCancelsWhenClosed() throws IOException {
        List<Long> requests = new ArrayList<>();
        AtomicInteger cancels = new AtomicInteger();
        Flux<ByteBuffer> message = Flux.<ByteBuffer>generate(sink -> sink.next(ByteBuffer.allocate(2)))
                .doOnRequest(requests::add)
                .doOnCancel(cancels::incrementAndGet);
        InputStream stream = Chunks.toInputStream(message);
        assertThat(requests).as("it is subscribed to by the first read").isEmpty();
        assertThat(stream.read()).isZero();
        assertThat(requests).containsExactly(1L, 1L);
        assertThat(stream.read(new byte[9])).isEqualTo(1);
        assertThat(requests).hasSize(2);
        assertThat(stream.read(new byte[9])).isEqualTo(2);
        assertThat(requests).containsExactly(1L, 1L, 1L);
        stream.close();
        stream.close();
        assertThat(cancels).hasValue(1);
        Chunks.toInputStream(message).close();
        assertThat(cancels).hasValue(1);
    }

    @Test
    void theErrorOfAMessageIsTheStreams() throws IOException {
        IllegalStateException cause = new IllegalStateException("source");
        Flux<ByteBuffer> message = Flux.generate(() -> 0, (n, sink) -> {
            if (n == 2) { // asked for when the second is read
                sink.error(cause);
            } else {
                sink.next(ByteBuffer.allocate(1));
            }
            return n + 1;
        });
        try (InputStream stream = Chunks.toInputStream(message)) {
            assertThat(stream.readNBytes(2)).hasSize(2);
            assertThatThrownBy(stream::read)
                    .isInstanceOf(IOException.class)
                    .hasMessage("the message failed: source")
                    .hasCause(cause);
        }
    }

    @Test
    void aThreadThatMustNotBlockIsRefused() {
        StepVerifier.create(Mono.fromCallable(
                                () -> Chunks.toInputStream(Flux.never()).read())
                        .subscribeOn(Schedulers.parallel()))
                .verifyErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(IOException.class)
                        .hasCauseInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("blocking"));
    }

    @Test
    void writesStreams() {
        StageCheck.deserializer(message -> Mono.defer(() -> {
                    ByteArrayOutputStream stream = new ByteArrayOutputStream();
                    return Chunks.toOutputStream(message, stream).map(count -> {
                        assertThat(count).isEqualTo(stream.size());
                        return stream.toByteArray();
                    });
                }))
                .sample(bytes(20), bytes(20))
                .sample(NONE, NONE)
                .verify();
    }

    @Test
    void flushesAndDoesNotClose() {
        List<String> calls = new ArrayList<>();
        OutputStream stream = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                if (b == 9) {
                    throw new IOException("full");
                }
            }

            @Override
            public void flush() {
                calls.add("flush");
            }

            @Override
            public void close() {
                calls.add("close");
            }
        };
        assertThat(Chunks.toOutputStream(Chunks.of(new byte[3]), stream).block(SECONDS))
                .isEqualTo(3);
        assertThat(calls).containsExactly("flush");
        StepVerifier.create(Chunks.toOutputStream(Chunks.of(new byte[3], new byte[] {9}), stream))
                .verifyErrorMessage("writing to the stream failed after 3 bytes, which are left there");
        assertThat(calls).containsExactly("flush");
    }

    @Test
    void aMessageIsWhatIsWritten() {
        StageCheck.<byte[]>serializer(content -> Chunks.fromOutputStream(stream -> {
                    for (byte b : content) {
                        stream.write(b);
                        if (b % 3 == 0) {
                            stream.flush();
                        }
                    }
                }))
                .sample(bytes(20), bytes(20))
                .sample(NONE, NONE)
                .verify();
        byte[] large = bytes(100_000);
        Flux<ByteBuffer> message = Chunks.fromOutputStream(stream -> {
            stream.write(large, 0, 1);
            stream.flush();
            stream.write(large, 1, large.length - 1);
            stream.close();
        });
        assertThat(Chunks.join(message, 1 << 20).block(SECONDS)).isEqualTo(large);
        assertThat(message.map(ByteBuffer::remaining).take(3).collectList().block(SECONDS))
                .containsExactly(1, 8191, 8192);
    }

    @Test
    void streamsOfTheJdkGoBothWays() {
        byte[] text = "a line of text\n".repeat(10_000).getBytes(StandardCharsets.US_ASCII);
        Flux<ByteBuffer> zipped = Chunks.fromOutputStream(stream -> {
            try (PrintStream out = new PrintStream(new GZIPOutputStream(stream), false, StandardCharsets.US_ASCII)) {
                out.write(text);
            }
        });
        Flux<ByteBuffer> unzipped = Chunks.fromInputStream(() -> new GZIPInputStream(Chunks.toInputStream(zipped)));
        assertThat(Chunks.join(unzipped, 1 << 20).block(SECONDS)).isEqualTo(text);
    }

    @Test
    void aWriterBlocksWithoutDemand() {
        AtomicInteger written = new AtomicInteger();
        Flux<ByteBuffer> message = Chunks.fromOutputStream(stream -> {
            for (int i = 0; i < 4; i++) {
                stream.write(new byte[8192]);
                written.incrementAndGet();
            }
        });
        StepVerifier.create(message, 0)
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(50))
                .then(() -> assertThat(written.get()).isLessThanOrEqualTo(1))
                .thenRequest(1)
                .expectNextCount(1)
                .expectNoEvent(Duration.ofMillis(50))
                .then(() -> assertThat(written.get()).isLessThanOrEqualTo(2))
                .thenRequest(3)
                .expectNextCount(3)
                .verifyComplete();
    }

    @Test
    void aCancelReleasesTheWriter() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        CountDownLatch released = new CountDownLatch(1);
        Flux<ByteBuffer> message = Chunks.fromOutputStream(stream -> {
            try {
                for (int i = 0; i < 1000; i++) {
                    stream.write(new byte[8192]);
                }
            } catch (IOException ex) {
                thrown.set(ex);
                released.countDown();
                throw ex;
            }
        });
        StepVerifier.create(message, 1).expectNextCount(1).thenCancel().verify();
        assertThat(released.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(thrown.get()).hasMessage("the message was cancelled");
    }

    @Test
    void aWriterThatFailsFailsTheMessage() {
        StepVerifier.create(Chunks.fromOutputStream(stream -> {
                    stream.write(1);
                    stream.flush();
                    throw new IOException("writer");
                }))
                .expectNextCount(1)
                .verifyErrorMessage("writer");
    }

    @Test
    void requestAndCancelAgainstTheWriter() throws Exception {
        for (int i = 0; i < 1000; i++) {
            int most = i % 4;
            CountDownLatch enough = new CountDownLatch(most);
            CountDownLatch over = new CountDownLatch(1);
            AtomicInteger received = new AtomicInteger();
            AtomicInteger ends = new AtomicInteger();
            BaseSubscriber<ByteBuffer> subscriber = new BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(Subscription s) {}

                @Override
                protected void hookOnNext(ByteBuffer buffer) {
                    received.incrementAndGet();
                    enough.countDown();
                }

                @Override
                protected void hookOnError(Throwable ex) {
                    ends.incrementAndGet();
                }
            };
            Chunks.fromOutputStream(stream -> {
                        try {
                            for (int k = 0; k < 100; k++) {
                                stream.write(k);
                                stream.flush();
                            }
                        } finally {
                            over.countDown();
                        }
                    })
                    .subscribe(subscriber);
            Schedulers.parallel().schedule(() -> subscriber.request(2));
            subscriber.request(2);
            assertThat(enough.await(5, TimeUnit.SECONDS)).isTrue();
            subscriber.cancel();
            assertThat(received.get()).isBetween(most, 4);
            if (most > 0) { // else the cancel may come before the writer has begun, which then never does
                assertThat(over.await(5, TimeUnit.SECONDS))
                        .as("the writer was released")
                        .isTrue();
            }
            assertThat(ends).hasValue(0);
        }
    }
}
