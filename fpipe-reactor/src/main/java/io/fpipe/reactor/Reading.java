/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/** Reads a channel, which it opens when it is first asked. Its input is empty; every call may block. */
final class Reading implements Transcoder<ByteBuffer, ByteBuffer> {

    private final Callable<? extends ReadableByteChannel> opener;
    private final int size;

    private @Nullable ReadableByteChannel channel;

    /** Short reads share it: what was emitted is not written again. */
    private ByteBuffer block = ByteBuffer.allocate(0);

    private boolean ended;
    private boolean atEnd;

    private Reading(Callable<? extends ReadableByteChannel> opener, int size) {
        this.opener = opener;
        this.size = size;
    }

    static Flux<ByteBuffer> of(Callable<? extends ReadableByteChannel> opener, int size) {
        return Transcoders.<ByteBuffer, ByteBuffer>transcode(Flux.empty(), () -> new Reading(opener, size))
                .subscribeOn(new BlockingScheduler());
    }

    @Override
    public void feed(ByteBuffer input) {
        throw new IllegalStateException("nothing is to be fed");
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() throws Exception {
        if (!ended || atEnd) {
            return null;
        }
        ReadableByteChannel open = channel;
        if (open == null) {
            open = opener.call();
            channel = open;
        }
        if (!block.hasRemaining()) {
            block = ByteBuffer.allocate(size);
        }
        int start = block.position();
        int read = open.read(block);
        if (read == 0) {
            throw new IOException("a read of up to " + block.remaining() + " bytes gave nothing, and no end");
        }
        atEnd = read < 0;
        return atEnd ? null : block.slice(start, read);
    }

    @Override
    public boolean isFinished() {
        return atEnd;
    }

    @Override
    public void close() {
        ReadableByteChannel open = channel;
        if (open != null) { // a cancel comes in any thread
            BlockingScheduler.run(() -> {
                try {
                    open.close();
                } catch (IOException ex) {
                    throw new UncheckedIOException(ex);
                }
            });
        }
    }
}
