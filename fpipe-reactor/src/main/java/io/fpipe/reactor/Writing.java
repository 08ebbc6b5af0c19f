/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.Flushable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Writes a channel, which it opens for the first bytes or the end, and tells their number. Every call may block. */
final class Writing implements Transcoder<ByteBuffer, Long> {

    private final String name;
    private final Callable<? extends WritableByteChannel> opener;

    /** What is flushed at the end instead of closing the channel, which belongs to somebody else. */
    private final @Nullable Flushable borrowed;

    private @Nullable WritableByteChannel channel;
    private long written;
    private boolean ended;
    private boolean told;

    private Writing(String name, Callable<? extends WritableByteChannel> opener, @Nullable Flushable borrowed) {
        this.name = name;
        this.opener = opener;
        this.borrowed = borrowed;
    }

    static Mono<Long> of(
            Flux<ByteBuffer> message,
            String name,
            Callable<? extends WritableByteChannel> opener,
            @Nullable Flushable borrowed) {
        BlockingScheduler threads = new BlockingScheduler();
        // Bytes come by publishOn and requests by subscribeOn: whoever of them drives the codec may block.
        return Mono.fromDirect(Transcoders.<ByteBuffer, Long>transcode(
                        message.publishOn(threads, false, 1), () -> new Writing(name, opener, borrowed))
                .subscribeOn(threads));
    }

    private WritableByteChannel open() throws Exception {
        WritableByteChannel open = channel;
        if (open == null) {
            open = opener.call();
            channel = open;
        }
        return open;
    }

    @Override
    public void feed(ByteBuffer input) throws Exception {
        WritableByteChannel open = open();
        ByteBuffer bytes = input.duplicate();
        try {
            while (bytes.hasRemaining()) {
                written += open.write(bytes);
            }
        } catch (IOException ex) {
            throw failure(ex);
        }
    }

    @Override
    public void end() throws Exception {
        WritableByteChannel open = open();
        try {
            if (borrowed != null) {
                borrowed.flush();
            } else {
                channel = null;
                open.close();
            }
        } catch (IOException ex) {
            throw failure(ex);
        }
        ended = true;
    }

    private IOException failure(IOException ex) {
        return new IOException("writing to " + name + " failed after " + written + " bytes, which are left there", ex);
    }

    @Override
    public @Nullable Long poll() {
        if (!ended || told) {
            return null;
        }
        told = true;
        return written;
    }

    @Override
    public boolean isFinished() {
        return told;
    }

    @Override
    public void close() {
        WritableByteChannel open = channel;
        if (open != null && borrowed == null) { // a cancel comes in any thread
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
