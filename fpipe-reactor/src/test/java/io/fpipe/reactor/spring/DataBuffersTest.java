/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.test.StageCheck;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import org.springframework.web.reactive.function.BodyExtractors;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class DataBuffersTest {

    private static final int BUFFERS = 6;
    private static final byte[] NONE = {};
    private static final byte[] TEXT = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    private final NettyDataBufferFactory pool = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);
    private final List<ByteBuf> allocated = new ArrayList<>();

    @AfterEach
    void assertNothingLeaked() {
        assertThat(allocated).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    private DataBuffer pooled(byte... bytes) {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer().writeBytes(bytes);
        allocated.add(buffer);
        return pool.wrap(buffer);
    }

    private List<DataBuffer> numbered() {
        List<DataBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < BUFFERS; i++) {
            buffers.add(pooled((byte) i, (byte) -i));
        }
        return buffers;
    }

    @Test
    void copiesAndReleases() {
        for (DataBufferFactory factory : List.of(pool, DefaultDataBufferFactory.sharedInstance)) {
            DataBuffer read = factory.allocateBuffer(10).write(TEXT).readPosition(4);
            List<ByteBuffer> copies = DataBuffers.from(Flux.just(read, factory.allocateBuffer(1), factory.wrap(TEXT)))
                    .collectList()
                    .block();
            assertThat(copies).containsExactly(ByteBuffer.wrap(TEXT, 4, 6), ByteBuffer.wrap(TEXT));
        }
        assertThat(DataBuffers.from(Flux.fromIterable(numbered())).count().block())
                .isEqualTo(BUFFERS);
    }

    @Test
    void releasesAllWhereverItIsCancelled() {
        for (int k = 0; k <= BUFFERS; k++) {
            StepVerifier.create(DataBuffers.from(Flux.fromIterable(numbered())), k)
                    .expectNextCount(k)
                    .thenCancel()
                    .verify();
            StepVerifier.create(DataBuffers.from(Flux.fromIterable(numbered()).publishOn(Schedulers.immediate(), 2)), k)
                    .expectNextCount(k)
                    .thenCancel()
                    .verify();
            assertThat(allocated)
                    .as("cancelled after %s", k)
                    .allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
        }
    }

    @Test
    void releasesAllWhereverTheSourceFails() {
        for (int k = 0; k <= BUFFERS; k++) {
            List<DataBuffer> buffers = numbered();
            Flux<DataBuffer> failing = Flux.fromIterable(buffers.subList(0, k))
                    .concatWith(Flux.error(new IllegalStateException("broken")))
                    .publishOn(Schedulers.immediate());
            StepVerifier.create(DataBuffers.from(failing), k / 2)
                    .expectNextCount(k / 2)
                    .thenRequest(BUFFERS)
                    .thenConsumeWhile(buffer -> true)
                    .verifyErrorMessage("broken");
            buffers.subList(k, BUFFERS).forEach(DataBufferUtils::release);
        }
    }

    @Test
    void wrapsWithoutACopyThatCouldBeWritten() {
        for (DataBufferFactory factory : List.of(pool, DefaultDataBufferFactory.sharedInstance)) {
            byte[] array = TEXT.clone();
            ByteBuffer buffer = ByteBuffer.wrap(array, 2, 5);
            DataBuffer wrapped =
                    DataBuffers.to(Flux.just(buffer), factory).single().block();
            byte[] copy = new byte[5];
            wrapped.toByteBuffer(ByteBuffer.wrap(copy));
            assertThat(wrapped.readableByteCount()).isEqualTo(5);
            assertThat(copy).containsExactly(3, 4, 5, 6, 7);
            array[2] = 33;
            assertThat(wrapped.getByte(0)).isEqualTo((byte) 33);
            wrapped.writePosition(0);
            assertThatThrownBy(() -> wrapped.write((byte) 1)).isInstanceOf(ReadOnlyBufferException.class);
            assertThat(buffer).isEqualTo(ByteBuffer.wrap(array, 2, 5));
        }
    }

    @Test
    void roundTripsWhateverTheCut() {
        for (DataBufferFactory factory : List.of(pool, DefaultDataBufferFactory.sharedInstance)) {
            StageCheck.stage(message -> DataBuffers.from(DataBuffers.to(message, factory)))
                    .sample(NONE, NONE)
                    .sample(TEXT, TEXT)
                    .verify();
        }
    }

    /** A WebFlux server that sends back what it gets, decompressed and compressed again. */
    private static HttpHandler echo() {
        Stage again = Zlib.decompress().then(Zlib.compress());
        return RouterFunctions.toHttpHandler(RouterFunctions.route()
                .POST(
                        "/echo",
                        request -> ServerResponse.ok()
                                .body((response, context) -> response.writeWith(DataBuffers.to(
                                        again.apply(DataBuffers.from(request.body(BodyExtractors.toDataBuffers()))),
                                        response.bufferFactory()))))
                .build());
    }

    private Flux<DataBuffer> pooled(Flux<ByteBuffer> message) {
        return message.map(buffer -> {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return pooled(bytes);
        });
    }

    @Test
    void aRouterFunctionEchoes() {
        byte[] bytes = new byte[100_000];
        MockServerHttpResponse response = new MockServerHttpResponse(pool);
        echo().handle(
                        MockServerHttpRequest.post("/echo")
                                .body(pooled(Zlib.compress().apply(Chunks.of(bytes, TEXT)))),
                        response)
                .block(Duration.ofSeconds(10));
        byte[] back = Chunks.join(Zlib.decompress().apply(DataBuffers.from(response.getBody())), 1 << 20)
                .block(Duration.ofSeconds(10));
        assertThat(response.getStatusCode().value()).isEqualTo(200);
        assertThat(back).hasSize(bytes.length + TEXT.length).endsWith(TEXT);
    }

    @Test
    void aRouterFunctionReleasesWhatIsCorrupt() {
        MockServerHttpResponse response = new MockServerHttpResponse(pool);
        echo().handle(MockServerHttpRequest.post("/echo").body(Flux.fromIterable(numbered())), response)
                .block(Duration.ofSeconds(10));
        assertThat(response.getStatusCode().value()).isEqualTo(500);
    }
}
