/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.test.StageCheck;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.util.ResourceLeakDetector;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class NettyBuffersTest {

    private static final int BUFFERS = 6;
    private static final byte[] NONE = {};
    private static final byte[] TEXT = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    private final List<ByteBuf> allocated = new ArrayList<>();
    private final Queue<String> leaks = new ConcurrentLinkedQueue<>();
    private ResourceLeakDetector.Level levelBefore;

    @BeforeEach
    void watchForLeaks() {
        levelBefore = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ByteBufUtil.setLeakListener((type, records) -> leaks.add(type + " " + records));
    }

    @AfterEach
    void assertNothingLeaked() {
        assertThat(allocated).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
        assertThat(leaks).isEmpty();
        ByteBufUtil.setLeakListener(null);
        ResourceLeakDetector.setLevel(levelBefore);
    }

    /** Heap, direct and composite buffers in turn, each of which starts at an offset. */
    private ByteBuf pooled(byte... bytes) {
        ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
        ByteBuf buffer = switch (allocated.size() % 3) {
            case 0 -> allocator.heapBuffer();
            case 1 -> allocator.directBuffer();
            default ->
                allocator
                        .compositeBuffer()
                        .addComponent(true, allocator.buffer().writeZero(2));
        };
        buffer.writeZero(3).writeBytes(bytes).readerIndex(buffer.writerIndex() - bytes.length);
        allocated.add(buffer);
        return buffer;
    }

    private List<ByteBuf> numbered() {
        List<ByteBuf> buffers = new ArrayList<>();
        for (int i = 0; i < BUFFERS; i++) {
            buffers.add(pooled((byte) i, (byte) -i));
        }
        return buffers;
    }

    private static byte[] join(Flux<ByteBuffer> message) {
        return Chunks.join(message, 1000).block();
    }

    private static void cancelAfter(int elements, Flux<ByteBuffer> message, long request) {
        List<ByteBuffer> received = new ArrayList<>();
        message.subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(org.reactivestreams.Subscription s) {
                if (elements == 0) {
                    cancel();
                } else {
                    request(request);
                }
            }

            @Override
            protected void hookOnNext(ByteBuffer buffer) {
                received.add(buffer);
                if (received.size() == elements) {
                    cancel();
                } else if (request == 1) {
                    request(1);
                }
            }
        });
        assertThat(received).hasSize(elements);
    }

    @Test
    void copiesAndReleasesWhatIsOwned() {
        Flux<ByteBuffer> message = NettyBuffers.fromOwned(
                Flux.just(pooled((byte) 1, (byte) 2), pooled(), pooled((byte) 3), pooled((byte) 4)));
        List<ByteBuffer> copies = message.collectList().block();
        assertThat(copies)
                .containsExactly(
                        ByteBuffer.wrap(new byte[] {1, 2}),
                        ByteBuffer.wrap(new byte[] {3}),
                        ByteBuffer.wrap(new byte[] {4}));
    }

    @Test
    void leavesWhatIsLentAsItIs() {
        ByteBuf lent = pooled((byte) 1, (byte) 2);
        ByteBuf empty = pooled();
        int index = lent.readerIndex();
        List<ByteBuffer> copies =
                NettyBuffers.fromLent(Flux.just(empty, lent)).collectList().block();
        assertThat(lent.refCnt()).isOne();
        assertThat(empty.refCnt()).isOne();
        assertThat(lent.readerIndex()).isEqualTo(index);
        lent.setByte(index, 99).release();
        empty.release();
        assertThat(copies).containsExactly(ByteBuffer.wrap(new byte[] {1, 2}));
    }

    @Test
    void releasesAllWhereverItIsCancelled() {
        // the source holds all buffers; a queue holds some; both, asked for one at a time or for everything
        List<UnaryOperator<Flux<ByteBuf>>> sources = List.of(
                buffers -> buffers,
                Flux::hide,
                buffers -> buffers.publishOn(Schedulers.immediate(), 2),
                buffers -> buffers.filter(buffer -> buffer.getByte(buffer.readerIndex()) >= 0)
                        .publishOn(Schedulers.immediate()));
        for (UnaryOperator<Flux<ByteBuf>> source : sources) {
            for (long request : new long[] {1, Long.MAX_VALUE}) {
                for (int k = 0; k <= BUFFERS; k++) {
                    Flux<ByteBuf> buffers = source.apply(Flux.fromIterable(numbered()));
                    cancelAfter(k, NettyBuffers.fromOwned(buffers), request);
                    assertThat(allocated)
                            .as("cancelled after %s, request %s", k, request)
                            .allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
                }
            }
        }
    }

    @Test
    void releasesAllWhereverTheSourceFails() {
        for (int k = 0; k <= BUFFERS; k++) {
            List<ByteBuf> buffers = numbered();
            Flux<ByteBuf> failing = Flux.fromIterable(buffers.subList(0, k))
                    .concatWith(Flux.error(new IllegalStateException("broken")))
                    .publishOn(Schedulers.immediate()); // drops what it holds when the error comes
            StepVerifier.create(NettyBuffers.fromOwned(failing), k / 2)
                    .expectNextCount(k / 2)
                    .thenRequest(BUFFERS)
                    .thenConsumeWhile(buffer -> true)
                    .verifyErrorMessage("broken");
            buffers.subList(k, BUFFERS).forEach(ByteBuf::release);
        }
    }

    @Test
    void releasesWhatArrivesAfterTheCancel() {
        TestPublisher<ByteBuf> source = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        StepVerifier.create(NettyBuffers.fromOwned(source))
                .then(() -> source.next(pooled((byte) 1)))
                .expectNextCount(1)
                .thenCancel()
                .verify();
        source.next(pooled((byte) 2));
    }

    @Test
    void releasesABufferThatCannotBeRead() {
        ByteBuf broken = new UnpooledHeapByteBuf(UnpooledByteBufAllocator.DEFAULT, 4, 4) {
            @Override
            public ByteBuf getBytes(int index, ByteBuffer target) {
                throw new IllegalStateException("cannot be read");
            }
        }.writeInt(1);
        allocated.add(broken);
        StepVerifier.create(NettyBuffers.fromOwned(Flux.fromIterable(List.of(broken, pooled((byte) 1)))))
                .verifyErrorMessage("cannot be read");
    }

    @Test
    void requestsWhatIsRequested() {
        TestPublisher<ByteBuf> source = TestPublisher.create();
        StepVerifier.create(NettyBuffers.fromOwned(source), 0)
                .then(() -> source.assertMaxRequested(0))
                .thenRequest(2)
                .then(() -> source.assertMinRequested(2).assertMaxRequested(2))
                .then(() -> source.next(pooled((byte) 1), pooled((byte) 2)))
                .expectNextCount(2)
                .then(source::complete)
                .verifyComplete();
    }

    @Test
    void wrapsWithoutACopy() {
        byte[] array = TEXT.clone();
        ByteBuffer direct = ByteBuffer.allocateDirect(TEXT.length).put(TEXT).flip();
        List<ByteBuffer> message = List.of(
                ByteBuffer.wrap(array, 2, 5).slice().order(ByteOrder.LITTLE_ENDIAN),
                direct.slice(2, 5),
                ByteBuffer.wrap(array, 2, 5).asReadOnlyBuffer());
        for (ByteBuf buffer : NettyBuffers.to(Flux.fromIterable(message)).toIterable()) {
            assertThat(ByteBufUtil.getBytes(buffer)).isEqualTo(new byte[] {3, 4, 5, 6, 7});
            assertThat(buffer.getShort(0)).isEqualTo((short) 0x0304);
            assertThat(buffer.isWritable()).isFalse();
            assertThatThrownBy(() -> buffer.setByte(0, 1)).isInstanceOf(ReadOnlyBufferException.class);
            array[2] = 33;
            direct.put(2, (byte) 33);
            assertThat(buffer.getByte(0)).isEqualTo((byte) 33);
            array[2] = 3;
            direct.put(2, (byte) 3);
            assertThat(buffer.release()).isTrue();
        }
        assertThat(message).allSatisfy(buffer -> assertThat(buffer.remaining()).isEqualTo(5));
        assertThat(array).isEqualTo(TEXT);
        assertThat(direct).isEqualTo(ByteBuffer.wrap(TEXT)); // its memory was not freed
    }

    @Test
    void passesErrorsOn() {
        Flux<ByteBuffer> failing = Flux.error(new IllegalStateException("broken"));
        StepVerifier.create(NettyBuffers.to(failing)).verifyErrorMessage("broken");
        StepVerifier.create(NettyBuffers.fromLent(Flux.error(new IllegalStateException("broken"))))
                .verifyErrorMessage("broken");
    }

    @Test
    void roundTripsWhateverTheCut() {
        StageCheck.stage(message -> NettyBuffers.fromOwned(NettyBuffers.to(message)))
                .sample(NONE, NONE)
                .sample(TEXT, TEXT)
                .verify();
        StageCheck.stage(message -> NettyBuffers.fromLent(NettyBuffers.to(message)))
                .sample(TEXT, TEXT)
                .verify();
    }

    @Test
    void theSubscriptionCanBeRepeated() {
        Flux<ByteBuffer> message = NettyBuffers.fromOwned(Flux.defer(() -> Flux.just(pooled(TEXT))));
        assertThat(join(message)).isEqualTo(TEXT);
        assertThat(join(message)).isEqualTo(TEXT);
        Flux<ByteBuf> wrapped = NettyBuffers.to(Chunks.of(TEXT));
        for (int i = 0; i < 2; i++) {
            assertThat(Arrays.asList(
                            wrapped.toStream().map(ByteBufUtil::getBytes).toArray()))
                    .containsExactly(TEXT);
        }
        assertThat(Unpooled.EMPTY_BUFFER.refCnt()).isOne();
    }
}
