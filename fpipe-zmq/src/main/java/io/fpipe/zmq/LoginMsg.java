/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import zmq.Msg;

/**
 * A received frame of a socket that asks for logins. JeroMQ trusts the lengths in a HELLO; the exception that a wrong one
 * causes leaves a connection that never ends, nor does its context. And it asks who may log in although the socket is being
 * closed, and forgets to end that connection. It refuses a HELLO that is too short as it should: so those are.
 */
final class LoginMsg extends Msg {

    private static final byte[] HELLO = "\5HELLO".getBytes(StandardCharsets.US_ASCII);

    private final BooleanSupplier closing;

    LoginMsg(int size, BooleanSupplier closing) {
        super(size);
        this.closing = closing;
    }

    @Override
    public int size() {
        int size = super.size();
        return isCommand() && isHello(size) && (closing.getAsBoolean() || !hasTwoTexts(size)) ? 0 : size;
    }

    private boolean isHello(int size) {
        for (int i = 0; i < HELLO.length; i++) {
            if (i >= size || get(i) != HELLO[i]) {
                return false;
            }
        }
        return true;
    }

    /** A length in one byte and the user, then a length and the password, and nothing behind it. */
    private boolean hasTwoTexts(int size) {
        int end = HELLO.length;
        for (int text = 0; text < 2; text++) {
            if (end >= size || get(end) < 0) { // longer ones are negative to JeroMQ
                return false;
            }
            end += 1 + get(end);
        }
        return end == size;
    }
}
