/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Methods whose messages are bytes as they are. */
final class GrpcBytes implements MethodDescriptor.Marshaller<byte[]> {

    static final MethodDescriptor<byte[], byte[]> UNARY = method(MethodType.UNARY, "Exchange/Call");
    static final MethodDescriptor<byte[], byte[]> BIDI = method(MethodType.BIDI_STREAMING, "Exchange/Channel");

    private static MethodDescriptor<byte[], byte[]> method(MethodType type, String name) {
        GrpcBytes bytes = new GrpcBytes();
        return MethodDescriptor.<byte[], byte[]>newBuilder(bytes, bytes)
                .setType(type)
                .setFullMethodName(name)
                .build();
    }

    @Override
    public InputStream stream(byte[] value) {
        return new Known(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
        try {
            return stream.readNBytes(stream.available()); // gRPC's stream knows its length
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tells gRPC that what is available is all. */
    private static final class Known extends ByteArrayInputStream implements KnownLength {
        Known(byte[] bytes) {
            super(bytes);
        }
    }
}
