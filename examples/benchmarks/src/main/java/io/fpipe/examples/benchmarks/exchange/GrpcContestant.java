/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** gRPC with direct executors: calls as unary calls or as elements of one stream, anything longer as a stream of chunks. */
final class GrpcContestant implements Contestant {

    private static final long LONGEST_SECONDS = 20;

    private final boolean bidi;
    private @Nullable Server server;
    private @Nullable ManagedChannel client;

    GrpcContestant(boolean bidi) {
        this.bidi = bidi;
    }

    @Override
    public String serve(Task task, String transport) throws IOException {
        ServerServiceDefinition service = ServerServiceDefinition.builder("Exchange")
                .addMethod(GrpcBytes.UNARY, ServerCalls.asyncUnaryCall((request, answers) -> {
                    answers.onNext(request);
                    answers.onCompleted();
                }))
                .addMethod(
                        GrpcBytes.BIDI,
                        ServerCalls.asyncBidiStreamingCall(answers ->
                                task == Task.BYTES ? GrpcFlow.gathering(answers) : GrpcFlow.echoing(answers)))
                .build();
        Server started = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .directExecutor()
                .addService(service)
                .build()
                .start();
        server = started;
        return "127.0.0.1:" + started.getPort();
    }

    @Override
    public void connect(Task task, String address) {
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
        client = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .directExecutor()
                .build();
    }

    private ManagedChannel client() {
        return Objects.requireNonNull(client, "not connected");
    }

    @Override
    public void calls(Calls calls) {
        if (bidi) {
            GrpcFlow.Calling flow = new GrpcFlow.Calling(calls);
            ClientCalls.asyncBidiStreamingCall(client().newCall(GrpcBytes.BIDI, CallOptions.DEFAULT), flow);
            for (int i = 0; i < calls.inFlight(); i++) {
                flow.next();
            }
        } else {
            for (int i = 0; i < calls.inFlight(); i++) {
                call(calls);
            }
        }
    }

    private void call(Calls calls) {
        int number = calls.next();
        if (number < 0) {
            return;
        }
        ClientCalls.asyncUnaryCall(
                client().newCall(GrpcBytes.UNARY, CallOptions.DEFAULT),
                calls.message(number),
                new StreamObserver<byte[]>() {
                    @Override
                    public void onNext(byte[] answer) {
                        calls.answered(ByteBuffer.wrap(answer));
                    }

                    @Override
                    public void onError(Throwable e) {
                        calls.fail(e);
                    }

                    @Override
                    public void onCompleted() {
                        call(calls);
                    }
                });
    }

    @Override
    public void streams(Streams streams) {
        for (int i = 0; i < streams.number(); i++) {
            int stream = i;
            stream(streams.chunks(), streams::chunk, bytes -> streams.came(stream, bytes), streams::fail);
        }
    }

    private void stream(int chunks, GrpcFlow.Chunks source, Consumer<ByteBuffer> came, Consumer<Throwable> failed) {
        ClientCalls.asyncBidiStreamingCall(
                client().newCall(GrpcBytes.BIDI, CallOptions.DEFAULT),
                new GrpcFlow.Sending(chunks, source, came, failed));
    }

    @Override
    public Object there(Task task, Object value) throws Exception {
        if (task != Task.BYTES) {
            throw new IllegalStateException("measured with bytes only");
        }
        byte[] bytes = (byte[]) value;
        Whole whole = new Whole();
        stream(Whole.chunks(bytes), i -> Whole.copy(bytes, i), whole::add, whole.whole()::completeExceptionally);
        return whole.whole().get(LONGEST_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (client != null) {
            client.shutdownNow();
        }
        if (server != null) {
            server.shutdownNow();
        }
    }
}
