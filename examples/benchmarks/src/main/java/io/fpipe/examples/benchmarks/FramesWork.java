/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.frame.Frames;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;

/** Finding frames in a stream, against a decoder of Netty in a channel without a network. */
final class FramesWork implements Work {

    private final Frames frames;
    private final Supplier<ChannelHandler> decoder;
    private final ByteBuffer[] input;
    private final long bytes;

    FramesWork(Frames frames, Supplier<ChannelHandler> decoder, byte[] stream, int bufferBytes) {
        this.frames = frames;
        this.decoder = decoder;
        this.input = Samples.cut(stream, bufferBytes);
        this.bytes = stream.length;
    }

    /** Frames of one size behind their length in four bytes. */
    static byte[] lengthPrefixed(byte[] plain, int frameBytes) {
        ByteBuffer[] contents = Samples.cut(plain, frameBytes);
        ByteBuffer stream = ByteBuffer.allocate(plain.length + 4 * contents.length);
        for (ByteBuffer content : contents) {
            stream.putInt(content.remaining()).put(content);
        }
        return stream.array();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void fpipe(Counter output) {
        frames.decodeWhole(Flux.fromArray(input)).subscribe(output);
    }

    @Override
    public void byHand(Counter output) {
        EmbeddedChannel channel = new EmbeddedChannel(decoder.get(), new Sink(output));
        for (ByteBuffer buffer : input) {
            channel.writeInbound(Unpooled.wrappedBuffer(buffer));
        }
        channel.finish();
    }

    @Override
    public void check() {
        Counter ours = Counter.keeping();
        fpipe(ours);
        Counter netty = Counter.keeping();
        byHand(netty);
        if (ours.buffers() != netty.buffers() || !Arrays.equals(ours.kept(), netty.kept())) {
            throw new IllegalStateException(
                    "fpipe found " + ours.buffers() + " frames, Netty " + netty.buffers() + ", or others");
        }
    }

    /** Counts Netty's frames and releases them. */
    private static final class Sink extends ChannelInboundHandlerAdapter {

        private final Counter output;

        Sink(Counter output) {
            this.output = output;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf frame = (ByteBuf) message;
            if (output.keeps()) {
                output.accept(frame.nioBuffer());
            } else {
                output.add(frame.readableBytes());
            }
            frame.release();
        }
    }
}
