/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.StageCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class FilesTest {

    private static final Duration SECONDS = Duration.ofSeconds(5);
    private static final byte[] NONE = {};

    @TempDir
    private Path folder;

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] read(Path path) {
        try {
            return Files.readAllBytes(path);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private Path file(byte[] content) {
        try {
            return Files.write(folder.resolve("file-" + content.length), content);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** A channel of zeros that watches how it is used. */
    private static final class Watched implements ByteChannel {
        final AtomicInteger opened = new AtomicInteger();
        final AtomicInteger closed = new AtomicInteger();
        final AtomicInteger calls = new AtomicInteger();
        final List<String> problems = new ArrayList<>();
        final CountDownLatch closing = new CountDownLatch(1);
        int failAt = Integer.MAX_VALUE;

        Watched open() {
            opened.incrementAndGet();
            check("open");
            return this;
        }

        private void check(String call) {
            synchronized (problems) {
                boolean allowed = call.equals("close") // a cancel closes where it comes, if that may block
                        ? !Schedulers.isInNonBlockingThread()
                        : Thread.currentThread().getName().startsWith("boundedElastic");
                if (!allowed) {
                    problems.add(call + " in " + Thread.currentThread().getName());
                }
                if (closed.get() != 0) {
                    problems.add(call + " after close");
                }
                if (Thread.currentThread().isInterrupted()) {
                    problems.add(call + " was interrupted");
                }
            }
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            return use("read", into, 3);
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            return use("write", from, 2);
        }

        private int use(String call, ByteBuffer buffer, int most) throws IOException {
            check(call);
            if (calls.incrementAndGet() > failAt) {
                throw new IOException("no more");
            }
            int n = Math.min(most, buffer.remaining());
            buffer.position(buffer.position() + n);
            return n;
        }

        @Override
        public boolean isOpen() {
            return closed.get() == 0;
        }

        @Override
        public void close() {
            check("close");
            closed.incrementAndGet();
            closing.countDown();
        }

        void verify() throws InterruptedException {
            assertThat(closing.await(5, TimeUnit.SECONDS)).as("closed").isTrue();
            assertThat(problems).isEmpty();
            assertThat(opened).hasValue(1);
            assertThat(closed).hasValue(1);
        }
    }

    /** Three bytes and four, and an error when more is asked for. */
    private static Flux<ByteBuffer> broken() {
        return Flux.generate(() -> 3, (length, sink) -> {
            if (length == 5) {
                sink.error(new IllegalStateException("source"));
            } else {
                sink.next(ByteBuffer.wrap(bytes(length)));
            }
            return length + 1;
        });
    }

    private static Flux<ByteBuffer> reading(Watched channel) {
        return Reading.of(channel::open, 8);
    }

    private static Mono<Long> writing(Flux<ByteBuffer> message, Watched channel) {
        return Writing.of(message, "it", channel::open, null);
    }

    @Test
    void readsFiles() {
        StageCheck<byte[], byte[]> check = StageCheck.serializer(content -> Chunks.fromFile(file(content), 7));
        for (int length : new int[] {0, 1, 6, 7, 8, 30}) {
            check = check.sample(bytes(length), bytes(length));
        }
        check.verify();
        byte[] large = bytes(200_000);
        assertThat(Chunks.join(Chunks.fromFile(file(large)), 1 << 20).block()).isEqualTo(large);
        assertThat(Chunks.fromFile(file(large)).blockFirst().remaining()).isEqualTo(65536);
    }

    @Test
    void writesFiles() {
        Path path = folder.resolve("written");
        StageCheck.deserializer(message -> Chunks.toFile(message, path).map(count -> {
                    assertThat(path).hasSize(count);
                    return read(path);
                }))
                .sample(bytes(20), bytes(20))
                .sample(NONE, NONE)
                .verify();
        byte[] large = bytes(200_000);
        Flux<ByteBuffer> message = Chunks.rechunk(999).apply(Chunks.of(large));
        assertThat(Stage.identity()
                        .into(Chunks.toFile(path))
                        .deserialize(message)
                        .block(SECONDS))
                .isEqualTo(200_000);
        assertThat(read(path)).isEqualTo(large);
    }

    @Test
    void opensAsTheOptionsSay() {
        Path path = file(bytes(10));
        assertThat(Chunks.toFile(Chunks.of(bytes(5)), path, StandardOpenOption.APPEND)
                        .block())
                .isEqualTo(5);
        assertThat(read(path)).hasSize(15).startsWith(bytes(10)).endsWith(bytes(5));
        StepVerifier.create(Chunks.toFile(Chunks.of(bytes(5)), path, StandardOpenOption.CREATE_NEW))
                .verifyError(FileAlreadyExistsException.class);
        assertThat(Chunks.toFile(Chunks.of(bytes(5)), path).block()).isEqualTo(5);
        assertThat(read(path)).isEqualTo(bytes(5));
    }

    @Test
    void aFileThatIsNotThereIsAnErrorUnderDemand() {
        StepVerifier.create(Chunks.fromFile(folder.resolve("missing")), 0)
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(30))
                .thenRequest(1)
                .verifyError(NoSuchFileException.class);
        StepVerifier.create(Chunks.toFile(
                        Chunks.of(bytes(1)), folder.resolve("missing").resolve("file")))
                .verifyError(NoSuchFileException.class);
    }

    @Test
    void aMessageThatFailsLeavesWhatWasWritten() {
        Path path = folder.resolve("left");
        StepVerifier.create(Chunks.toFile(broken(), path)).verifyErrorMessage("source");
        assertThat(path).hasSize(7);
        Path untouched = file(bytes(9));
        StepVerifier.create(Chunks.toFile(Flux.error(new IllegalStateException("source")), untouched))
                .verifyErrorMessage("source");
        assertThat(read(untouched)).isEqualTo(bytes(9));
    }

    @Test
    void readsNothingWithoutDemand() throws Exception {
        Watched channel = new Watched();
        StepVerifier.create(reading(channel), 0)
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(30))
                .then(() -> assertThat(channel.opened).hasValue(0))
                .thenRequest(2)
                .expectNextCount(2)
                .expectNoEvent(Duration.ofMillis(30))
                .then(() -> assertThat(channel.calls).hasValue(2))
                .thenCancel()
                .verify();
        channel.verify();
    }

    @Test
    void closesOnceOnAnyOutcomeAndNeverInAThreadThatMustNotBlock() throws Exception {
        Watched failing = new Watched();
        failing.failAt = 2;
        StepVerifier.create(reading(failing)).expectNextCount(2).verifyErrorMessage("no more");
        failing.verify();
        Watched cancelled = new Watched();
        reading(cancelled).publishOn(Schedulers.parallel(), 1).take(3).blockLast(SECONDS); // cancels in its thread
        cancelled.verify();
        Watched written = new Watched();
        assertThat(writing(Chunks.of(bytes(3), bytes(1)), written)
                        .subscribeOn(Schedulers.parallel())
                        .block(SECONDS))
                .isEqualTo(4);
        written.verify();
        assertThat(written.calls).hasValue(3);
        Watched broken = new Watched();
        StepVerifier.create(writing(broken(), broken)).verifyErrorMessage("source");
        broken.verify();
        Watched stopped = new Watched();
        Flux<ByteBuffer> endless = Flux.<ByteBuffer>generate(sink -> sink.next(ByteBuffer.allocate(1)));
        writing(endless.doOnNext(buffer -> assertThat(stopped.closed).hasValue(0)), stopped)
                .subscribeOn(Schedulers.parallel())
                .takeUntilOther(Mono.delay(Duration.ofMillis(20), Schedulers.parallel()))
                .block(SECONDS);
        stopped.verify();
    }

    @Test
    void aFailedWriteSaysHowMuchIsThere() throws Exception {
        Watched channel = new Watched();
        channel.failAt = 2;
        StepVerifier.create(writing(Chunks.of(bytes(7)), channel))
                .verifyErrorSatisfies(ex -> assertThat(ex)
                        .isInstanceOf(IOException.class)
                        .hasMessage("writing to it failed after 4 bytes, which are left there")
                        .hasRootCauseMessage("no more"));
        channel.verify();
    }

    @Test
    void cancelAgainstReadAndRequest() throws Exception {
        for (int i = 0; i < 1000; i++) {
            Watched channel = new Watched();
            int most = i % 5;
            CountDownLatch enough = new CountDownLatch(most);
            BaseSubscriber<ByteBuffer> subscriber = new BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(Subscription s) {
                    s.request(1);
                }

                @Override
                protected void hookOnNext(ByteBuffer buffer) {
                    enough.countDown();
                    request(1);
                }
            };
            reading(channel).subscribe(subscriber);
            assertThat(enough.await(5, TimeUnit.SECONDS)).isTrue();
            subscriber.cancel();
            if (channel.opened.get() > 0) {
                channel.verify();
            }
            assertThat(channel.problems).isEmpty();
        }
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Chunks.fromFile(folder, 0)).hasMessage("bufferBytes must be at least 1, was 0");
        assertThatThrownBy(() -> Chunks.fromFile(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> Chunks.toFile((Path) null)).isInstanceOf(NullPointerException.class);
    }
}
