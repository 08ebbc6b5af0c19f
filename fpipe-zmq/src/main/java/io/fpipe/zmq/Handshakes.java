/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import org.jspecify.annotations.Nullable;

/**
 * Why a client's connections to an endpoint end before the server has said hello, as far as ZeroMQ tells. The server may
 * just have gone down, so only what shows more than that is a refusal. Loop thread only.
 */
final class Handshakes {

    /** So many ends in a row between the greeting and the hello are no accident. */
    private static final int ENDS = 3;

    private final String mechanism;
    private final boolean secured;

    /** Whether this socket has had a connection. */
    private boolean reached;

    private boolean connected;
    private boolean greeted;
    private int ends;
    private @Nullable String trouble;
    private boolean refused;

    Handshakes(Security security) {
        this.mechanism = security.mechanism();
        this.secured = !security.isNone();
    }

    /** A new socket begins. */
    void begin() {
        reached = false;
        connected = false;
    }

    /** The server has said hello. */
    void done() {
        ends = 0;
        trouble = null;
        refused = false;
    }

    /** What happens before that; returns whether it is a refusal. */
    boolean happened(ZmqEvent event) {
        switch (event.kind()) {
            case CONNECTED -> {
                reached = true;
                connected = true;
                greeted = false;
            }
            case PEER_UP -> greeted = true;
            case HANDSHAKE_FAILED -> {
                connected = false; // what comes of it says nothing new
                refuse(event.detail());
                return true;
            }
            case DISCONNECTED -> {
                return connected && ended();
            }
            case RETRIED -> {
                if (!reached) { // nobody is there, whatever was before
                    done();
                }
            }
            default -> {}
        }
        return false;
    }

    private boolean ended() {
        connected = false;
        if (!greeted) {
            trouble = "it ended the connection before it greeted, as one does that asks for other security than "
                    + mechanism;
            return false;
        }
        trouble = "it ended the connection after it greeted";
        if (secured && ++ends >= ENDS) {
            refuse("it ended the connection in the handshake " + ends + " times in a row, as one does that has another"
                    + " key");
            return true;
        }
        return false;
    }

    private void refuse(String why) {
        refused = true;
        trouble = mechanism + ": " + why;
    }

    boolean isRefused() {
        return refused;
    }

    /** What is known, or null. */
    @Nullable
    String trouble() {
        return trouble;
    }
}
