/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Holds the last bytes of a message back, which are the digest of those before them. */
final class Verifying implements Transcoder<ByteBuffer, ByteBuffer> {

    private final String name;
    private final boolean secret;
    private final Digester digester;
    private final byte[] held;

    private int heldLength;
    private long length;
    private @Nullable ByteBuffer fromHeld;
    private @Nullable ByteBuffer fromInput;
    private boolean ended;
    private boolean verified;

    Verifying(String name, int trailer, boolean secret, Digester digester) {
        this.name = name;
        this.secret = secret;
        this.digester = digester;
        this.held = new byte[trailer];
    }

    @Override
    public void feed(ByteBuffer input) {
        int release = Math.max(0, heldLength + input.remaining() - held.length);
        int releaseHeld = Math.min(heldLength, release);
        if (releaseHeld > 0) {
            fromHeld = release(ByteBuffer.wrap(Arrays.copyOf(held, releaseHeld)));
            heldLength -= releaseHeld;
            System.arraycopy(held, releaseHeld, held, 0, heldLength);
        }
        ByteBuffer rest = input.duplicate();
        if (release > releaseHeld) {
            int slice = release - releaseHeld;
            fromInput = release(input.slice(input.position(), slice));
            rest.position(rest.position() + slice);
        }
        int more = rest.remaining();
        rest.get(held, heldLength, more);
        heldLength += more;
    }

    private ByteBuffer release(ByteBuffer bytes) {
        digester.update(bytes);
        length += bytes.remaining();
        return bytes;
    }

    @Override
    public void end() {
        ended = true;
        if (fromHeld == null && fromInput == null) { // else the failure must not overtake the output
            verify();
        }
    }

    @Override
    public @Nullable ByteBuffer poll() {
        ByteBuffer output = fromHeld;
        if (output != null) {
            fromHeld = null;
            return output;
        }
        output = fromInput;
        fromInput = null;
        if (output == null && ended && !verified) {
            verify();
        }
        return output;
    }

    private void verify() {
        HexFormat hex = HexFormat.of();
        if (heldLength < held.length) {
            throw new CorruptStreamException("the message ended after " + heldLength + " bytes, 0x"
                    + hex.formatHex(held, 0, heldLength) + ", where its " + name + " alone has " + held.length);
        }
        byte[] value = digester.value();
        if (!MessageDigest.isEqual(value, held)) {
            throw new CorruptStreamException("the " + name + " of the " + length + " bytes is "
                    + (secret ? "wrong: " : "0x" + hex.formatHex(value) + ", but their trailer is ")
                    + "0x" + hex.formatHex(held));
        }
        verified = true;
    }

    @Override
    public boolean isFinished() {
        return verified;
    }

    @Override
    public void close() {
        digester.close();
    }
}
