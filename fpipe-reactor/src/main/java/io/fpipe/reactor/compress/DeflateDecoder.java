/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.ByteLimit;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/** Emits what an {@link Inflater} gives, which it owns, as slices of blocks that are not written again. */
final class DeflateDecoder implements Transcoder<ByteBuffer, ByteBuffer> {

    private static final byte[] NONE = {};

    private enum State {
        MAGIC,
        HEADER,
        BODY,
        TRAILER,
        IGNORING
    }

    private final Inflater inflater;
    private final DeflateFormat format;
    private final OutputBlock block;
    private final ByteLimit limit;
    private final TrailingData trailing;

    private State state = State.MAGIC;
    private ByteBuffer input = ByteBuffer.wrap(NONE);
    private long before;
    private long bodyStart;
    private long members;
    private int matched;

    private boolean fed;
    private boolean ended;

    DeflateDecoder(Inflater inflater, DeflateFormat format, CodecSettings settings) {
        this.inflater = inflater;
        this.format = format;
        this.block = new OutputBlock(settings.size());
        this.limit = new ByteLimit("maxOutputBytes", settings.maxOutputBytes());
        this.trailing = settings.trailing();
    }

    @Override
    public void feed(ByteBuffer next) {
        before += input.limit();
        input = next.slice();
        fed = true;
        block.expect(next.remaining());
        if (state == State.BODY) {
            inflater.setInput(input); // its cursor moves as it is consumed
        }
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public @Nullable ByteBuffer poll() {
        if (!fed && !ended) {
            return null;
        }
        ByteBuffer output = null;
        // The end of a member is checked together with its last output. Each turn takes input, or is the last.
        while (output == null || state != State.BODY) {
            if (state == State.BODY) {
                output = inflate();
                if (output == null && state == State.BODY) {
                    break;
                }
            } else if (!passFrame()) {
                break;
            }
        }
        if (output == null && ended) {
            checkEnd();
        }
        return output;
    }

    /** Takes what is not deflated bytes; returns whether the state changed. */
    private boolean passFrame() {
        return switch (state) {
            case MAGIC -> passMagic();
            case HEADER -> passHeader();
            case TRAILER -> passTrailer();
            case BODY, IGNORING -> {
                input.position(input.limit());
                yield false;
            }
        };
    }

    private boolean passHeader() {
        if (!format.readHeader(input)) {
            return false;
        }
        state = State.BODY;
        bodyStart = position();
        inflater.setInput(input);
        return true;
    }

    private boolean passTrailer() {
        if (!format.readTrailer(input, inflater.getBytesWritten())) {
            return false;
        }
        state = State.MAGIC;
        members++;
        return true;
    }

    private boolean passMagic() {
        byte[] magic = format.magic();
        if (members > 0 && !input.hasRemaining()) {
            return false;
        }
        if (members > 0 && magic.length == 0) {
            return refuseTrailing();
        }
        for (; matched < magic.length; matched++) {
            if (!input.hasRemaining()) {
                return false;
            }
            if (input.get(input.position()) != magic[matched]) {
                return members > 0 ? refuseTrailing() : refuseMagic(magic[matched]);
            }
            input.get();
        }
        matched = 0;
        state = State.HEADER;
        inflater.reset();
        return true;
    }

    private boolean refuseMagic(byte expected) {
        throw new CorruptStreamException(String.format(
                "not a %s stream: byte %d is 0x%02x instead of 0x%02x",
                format.name(), position(), input.get(input.position()), expected));
    }

    private boolean refuseTrailing() {
        if (trailing == TrailingData.ERROR) {
            throw new CorruptStreamException((matched + input.remaining()) + " bytes follow the " + format.name()
                    + " stream, which ended after " + (position() - matched) + " bytes");
        }
        state = State.IGNORING;
        return true;
    }

    private @Nullable ByteBuffer inflate() {
        int count;
        try {
            count = inflater.inflate(block.array(), block.used(), block.room());
        } catch (DataFormatException ex) {
            throw new CorruptStreamException(
                    "the " + format.name() + " stream is damaged at or before byte "
                            + (bodyStart + inflater.getBytesRead()) + ": " + ex.getMessage(),
                    ex);
        }
        limit.add(count);
        ByteBuffer output = count == 0 ? null : block.slice(count);
        if (output != null) {
            format.update(output.duplicate());
        }
        if (inflater.finished()) {
            state = State.TRAILER;
        } else if (count == 0) {
            checkNeedsInput();
        }
        return output;
    }

    /** Tells why nothing was inflated, if it is not because there is no input. */
    private void checkNeedsInput() {
        if (inflater.needsDictionary()) {
            throw new CorruptStreamException("the " + format.name()
                    + " stream needs, at byte " + (bodyStart + inflater.getBytesRead())
                    + ", a preset dictionary with Adler-32 0x" + Integer.toHexString(inflater.getAdler()));
        }
        if (!inflater.needsInput()) {
            throw new CorruptStreamException("the " + format.name() + " stream makes no progress after byte "
                    + (bodyStart + inflater.getBytesRead()));
        }
    }

    private void checkEnd() {
        if (!isComplete()) {
            throw new CorruptStreamException(
                    "the " + format.name() + " stream is truncated: it ended after " + position() + " bytes");
        }
        if (matched > 0) {
            refuseTrailing();
        }
    }

    private boolean isComplete() {
        return state == State.IGNORING || (state == State.MAGIC && members > 0);
    }

    private long position() {
        return before + input.position();
    }

    @Override
    public boolean isFinished() {
        return ended && !input.hasRemaining() && matched == 0 && isComplete();
    }

    @Override
    public void close() {
        inflater.end();
    }
}
