/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import zmq.ZMQ;

/**
 * How the ends of an exchange prove who they are.
 *
 * @param mechanism one of ZeroMQ's mechanisms
 * @param options sets it for a socket
 */
record Security(String mechanism, UnaryOperator<SocketSettings> options) {

    static final Security NONE = new Security("NULL", UnaryOperator.identity());

    static Security plainClient(String user, String password) {
        ConnectionOptions.checkLogin(user, password);
        return new Security("PLAIN", s -> s.with(ZMQ.ZMQ_PLAIN_USERNAME, user).with(ZMQ.ZMQ_PLAIN_PASSWORD, password));
    }

    static Security plainServer(Predicate<? super ZmqCredentials> accepts) {
        Admission admission = Admission.plain(requireNonNull(accepts, "accepts"));
        return new Security("PLAIN", s -> s.with(ZMQ.ZMQ_PLAIN_SERVER, true).admission(admission));
    }

    static Security curveClient(String serverKey, ZmqKeyPair keys) {
        byte[] server = ZmqKeyPair.checkPublicKey("the server's key", serverKey);
        requireNonNull(keys, "keys");
        return new Security("CURVE", s -> withKeys(s, keys).with(ZMQ.ZMQ_CURVE_SERVERKEY, server));
    }

    static Security curveServer(ZmqKeyPair keys, Predicate<? super String> accepts) {
        Admission admission = Admission.curve(requireNonNull(accepts, "accepts"));
        requireNonNull(keys, "keys");
        return new Security(
                "CURVE", s -> withKeys(s, keys).with(ZMQ.ZMQ_CURVE_SERVER, true).admission(admission));
    }

    private static SocketSettings withKeys(SocketSettings settings, ZmqKeyPair keys) {
        return settings.with(ZMQ.ZMQ_CURVE_PUBLICKEY, keys.publicBytes())
                .with(ZMQ.ZMQ_CURVE_SECRETKEY, keys.secretBytes());
    }

    boolean isNone() {
        return mechanism.equals(NONE.mechanism);
    }

    boolean isCurve() {
        return mechanism.equals("CURVE");
    }

    /** Returns another one in place of this one. */
    Security replacedBy(Security other) {
        if (!isNone() && !mechanism.equals(other.mechanism)) {
            throw new IllegalStateException(
                    "a connection has one kind of security, " + mechanism + " or " + other.mechanism + ", not both");
        }
        return other;
    }

    /** Refuses an address where ZeroMQ would ignore this without a word. */
    void check(Endpoint endpoint) {
        if (!isNone() && endpoint.isInproc()) {
            throw new IllegalArgumentException(endpoint + ": " + mechanism
                    + " is refused, ZeroMQ has no security over inproc, which does not leave the process; use tcp");
        }
    }
}
