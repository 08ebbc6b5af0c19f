/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The two ends of gRPC's streams, with its flow control: nothing is sent while it is not ready. */
final class GrpcFlow {

    private GrpcFlow() {}

    /** Makes a chunk. */
    @FunctionalInterface
    interface Chunks {
        byte[] chunk(int number);
    }

    /** Gives back what comes; takes the next when the last has gone. */
    static StreamObserver<byte[]> echoing(StreamObserver<byte[]> answers) {
        ServerCallStreamObserver<byte[]> call = (ServerCallStreamObserver<byte[]>) answers;
        call.disableAutoRequest();
        boolean[] waiting = {false};
        call.setOnReadyHandler(() -> {
            if (waiting[0]) {
                waiting[0] = false;
                call.request(1);
            }
        });
        call.request(1);
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] chunk) {
                call.onNext(chunk);
                if (call.isReady()) {
                    call.request(1);
                } else {
                    waiting[0] = true;
                }
            }

            @Override
            public void onError(Throwable e) {}

            @Override
            public void onCompleted() {
                call.onCompleted();
            }
        };
    }

    /** Takes a long array whole, then sends it back. */
    static StreamObserver<byte[]> gathering(StreamObserver<byte[]> answers) {
        ServerCallStreamObserver<byte[]> call = (ServerCallStreamObserver<byte[]>) answers;
        Whole whole = new Whole();
        int[] sent = {-1};
        Runnable send = () -> {
            int chunks = sent[0] < 0 ? 0 : Whole.chunks(whole.bytes());
            while (sent[0] >= 0 && sent[0] < chunks && call.isReady()) {
                call.onNext(Whole.copy(whole.bytes(), sent[0]++));
                if (sent[0] == chunks) {
                    call.onCompleted();
                }
            }
        };
        call.setOnReadyHandler(send);
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] chunk) {
                whole.add(ByteBuffer.wrap(chunk));
            }

            @Override
            public void onError(Throwable e) {}

            @Override
            public void onCompleted() {
                sent[0] = 0;
                send.run();
            }
        };
    }

    /** Sends chunks while gRPC is ready, and takes what comes back. */
    static final class Sending implements ClientResponseObserver<byte[], byte[]> {
        private final int chunks;
        private final Chunks source;
        private final Consumer<ByteBuffer> came;
        private final Consumer<Throwable> failed;
        private int sent;

        Sending(int chunks, Chunks source, Consumer<ByteBuffer> came, Consumer<Throwable> failed) {
            this.chunks = chunks;
            this.source = source;
            this.came = came;
            this.failed = failed;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> call) {
            call.setOnReadyHandler(() -> {
                while (sent < chunks && call.isReady()) {
                    call.onNext(source.chunk(sent++));
                    if (sent == chunks) {
                        call.onCompleted();
                    }
                }
            });
        }

        @Override
        public void onNext(byte[] answer) {
            came.accept(ByteBuffer.wrap(answer));
        }

        @Override
        public void onError(Throwable e) {
            failed.accept(e);
        }

        @Override
        public void onCompleted() {}
    }

    /** Calls as the elements of one stream, which gRPC keeps in order. */
    static final class Calling implements ClientResponseObserver<byte[], byte[]> {
        private final Calls calls;
        private int answered;
        private @Nullable ClientCallStreamObserver<byte[]> call;

        Calling(Calls calls) {
            this.calls = calls;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> started) {
            call = started;
        }

        /** While the first calls are made, answers may come at the same time. */
        synchronized void next() {
            int number = calls.next();
            if (call != null && number >= 0) {
                call.onNext(calls.message(number));
            }
        }

        @Override
        public void onNext(byte[] answer) {
            calls.answered(ByteBuffer.wrap(answer));
            next();
            if (++answered == calls.count() && call != null) {
                call.onCompleted();
            }
        }

        @Override
        public void onError(Throwable e) {
            calls.fail(e);
        }

        @Override
        public void onCompleted() {}
    }
}
