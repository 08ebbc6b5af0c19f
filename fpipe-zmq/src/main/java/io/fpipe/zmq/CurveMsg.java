/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import com.neilalexander.jnacl.crypto.xsalsa20poly1305;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import zmq.Msg;

/**
 * A received frame of a socket with CURVE. JeroMQ does not check all that it must in the commands of a handshake; those
 * are shown to it without content, which it refuses as it should:
 *
 * <ul>
 *   <li>a READY that comes before the WELCOME: JeroMQ takes it, with a key of zeros, so anybody could pass for the server
 *   and read along
 *   <li>an INITIATE or a READY that is longer than its buffers: the exception leaves a connection that never ends, nor
 *   does its context
 *   <li>an INITIATE while the socket is being closed: JeroMQ asks who may log in, and forgets to end the connection
 * </ul>
 *
 * <p>When the handshake is over all frames begin with MESSAGE, so none of the others is mistaken for a command.
 */
final class CurveMsg extends Msg {

    // JeroMQ does not look at the last letter of a command
    private static final byte[] INITIATE = "\10INITIAT".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] READY = "\5READ".getBytes(StandardCharsets.US_ASCII);

    /** A command's name, nonces and cookie, and a box of the key, the vouch and 256 bytes of metadata. */
    private static final int MAX_INITIATE = 113 + 144 + 256;

    private static final int READY_HEAD = 14;
    private static final int MAX_READY = READY_HEAD + 16 + 256;

    private static final byte[] NO_KEY = new byte[32];
    private static final byte[] READY_NONCE = "CurveZMQREADY---".getBytes(StandardCharsets.US_ASCII);

    private final BooleanSupplier closing;

    CurveMsg(int size, BooleanSupplier closing) {
        super(size);
        this.closing = closing;
    }

    @Override
    public int size() {
        int size = super.size();
        if (begins(INITIATE, size)) {
            return size > MAX_INITIATE || closing.getAsBoolean() ? 0 : size;
        }
        return begins(READY, size) && (size > MAX_READY || opensWithoutKey(size)) ? 0 : size;
    }

    private boolean begins(byte[] name, int size) {
        for (int i = 0; i < name.length; i++) {
            if (i >= size || get(i) != name[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean opensWithoutKey(int size) {
        int length = size - READY_HEAD;
        if (length < 16) {
            return false; // JeroMQ refuses it
        }
        byte[] nonce = new byte[24];
        System.arraycopy(READY_NONCE, 0, nonce, 0, 16);
        getBytes(6, nonce, 16, 8);
        byte[] box = new byte[16 + length]; // behind 16 zeros
        getBytes(READY_HEAD, box, 16, length);
        return xsalsa20poly1305.crypto_secretbox_open(new byte[box.length], box, box.length, nonce, NO_KEY) == 0;
    }
}
