/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import zmq.Msg;

/**
 * A received frame of a socket that asks for logins with PLAIN. JeroMQ trusts the lengths in a HELLO; the exception that a
 * wrong one causes leaves a connection that never ends, nor does its context. And it asks who may log in although the
 * socket is being closed, and forgets to end that connection; it refuses a HELLO that is too short as it should, so then
 * it gets none. It takes a HELLO whose last letter is another, and one that is no command.
 */
final class LoginMsg extends Msg {

    private static final byte[] HELLO = "\5HELL".getBytes(StandardCharsets.US_ASCII);

    private final BooleanSupplier closing;

    LoginMsg(int size, BooleanSupplier closing) {
        super(size);
        this.closing = closing;
    }

    @Override
    public int size() {
        return closing.getAsBoolean() && isHello() ? 0 : super.size(); // other frames do not matter then
    }

    private boolean isHello() {
        for (int i = 0; i < HELLO.length; i++) {
            if (i >= super.size() || super.get(i) != HELLO[i]) {
                return false;
            }
        }
        return true;
    }

    /** Of a HELLO only its name, which is ASCII, and its lengths are asked for: none is negative or behind the end. */
    @Override
    public byte get(int index) {
        if (!isHello()) { // such as a subscription
            return super.get(index);
        }
        if (index >= super.size()) {
            return 0;
        }
        byte value = super.get(index);
        return value < 0 ? Byte.MAX_VALUE : value;
    }
}
