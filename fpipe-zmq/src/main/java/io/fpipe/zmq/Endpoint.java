/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A checked address, and what to do with it. */
record Endpoint(String address, boolean bind) {

    private static final Pattern TCP = Pattern.compile("tcp://(\\[[0-9a-fA-F:.]+]|[^:/\\s\\[\\]]+):(\\*|[0-9]{1,5})");
    private static final Pattern INPROC = Pattern.compile("inproc://\\S+");

    static Endpoint bind(String address) {
        return check(address, true);
    }

    static Endpoint connect(String address) {
        return check(address, false);
    }

    /** The same for a socket that takes the place of one that had an address: whoever connects knows that one. */
    Endpoint again(String had) {
        return bind ? bind(had) : this;
    }

    boolean isInproc() {
        return address.startsWith("inproc:");
    }

    private static Endpoint check(String address, boolean bind) {
        Objects.requireNonNull(address, "address");
        if (address.startsWith("ipc:")) {
            throw new IllegalArgumentException(address
                    + ": ipc is refused, the engine's is TCP on a port made from the name; use tcp://127.0.0.1");
        }
        Matcher tcp = TCP.matcher(address);
        if (!INPROC.matcher(address).matches() && !tcp.matches()) {
            throw new IllegalArgumentException(
                    "not an endpoint: \"" + address + "\"; expected tcp://HOST:PORT or inproc://NAME");
        }
        if (address.equals(Logins.ADDRESS)) {
            throw new IllegalArgumentException(address + " is where sockets ask who may log in");
        }
        if (address.startsWith("tcp:")) {
            checkPort(address, tcp.group(2), bind);
        }
        return new Endpoint(address, bind);
    }

    private static void checkPort(String address, String port, boolean bind) {
        if (port.equals("*")) {
            if (!bind) {
                throw new IllegalArgumentException(address + ": the port * is for bind, connect needs a number");
            }
        } else if (Integer.parseInt(port) > 65535) {
            throw new IllegalArgumentException(address + ": port " + port + " is above 65535");
        }
    }

    @Override
    public String toString() {
        return address;
    }
}
