/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/**
 * Why nothing more of a message is to be sent.
 *
 * @param type the frame that says so, 0 for none
 * @param code the frame's code
 * @param always whether it is said although the message has been sent whole
 */
record Stop(int type, int code, boolean always) {

    static final Stop SILENT = new Stop(0, 0, false);
    static final Stop CANCEL_CALL = new Stop(Frame.CANCEL, 0, true);
    static final Stop CANCEL_REQUEST = new Stop(Frame.CANCEL, 0, false);
    static final Stop SHUT_DOWN = new Stop(Frame.ABORT, ZmqRemoteException.SHUTTING_DOWN, false);
    static final Stop CANCELLED = new Stop(Frame.ABORT, ZmqRemoteException.CANCELLED, false);
}
