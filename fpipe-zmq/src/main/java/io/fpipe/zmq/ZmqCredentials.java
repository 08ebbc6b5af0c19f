/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.Objects;

/**
 * What a client gives to log in.
 *
 * @param user its name
 * @param password its password
 * @param address the address that it connects from
 */
public record ZmqCredentials(String user, String password, String address) {

    /**
     * Creates the credentials.
     *
     * @param user its name
     * @param password its password
     * @param address the address that it connects from
     */
    public ZmqCredentials {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(password, "password");
        Objects.requireNonNull(address, "address");
    }

    /** Without the password, for it may end up in a log. */
    @Override
    public String toString() {
        return "ZmqCredentials[user=" + user + ", address=" + address + "]";
    }
}
