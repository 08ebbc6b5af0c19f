/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;

/** Tells whether a client may log in, by its mechanism, its address and what it gives. */
interface Admission {

    boolean accepts(String mechanism, String address, List<ByteBuffer> credentials);

    /** By user and password. */
    static Admission plain(Predicate<? super ZmqCredentials> accepts) {
        return (mechanism, address, given) -> mechanism.equals("PLAIN")
                && given.size() == 2
                && accepts.test(new ZmqCredentials(text(given.get(0)), text(given.get(1)), address));
    }

    /** By the public key that a client has proved to be its own. */
    static Admission curve(Predicate<? super String> accepts) {
        return (mechanism, address, given) -> {
            if (!mechanism.equals("CURVE") || given.size() != 1 || given.get(0).remaining() != X25519.KEY_BYTES) {
                return false;
            }
            byte[] key = new byte[X25519.KEY_BYTES];
            given.get(0).get(key);
            return accepts.test(Z85.encode(key));
        };
    }

    private static String text(ByteBuffer given) {
        return StandardCharsets.UTF_8.decode(given).toString();
    }
}
