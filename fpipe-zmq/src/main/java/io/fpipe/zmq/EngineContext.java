/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Selector;
import zmq.Ctx;

/** A context of the ZeroMQ engine whose threads wait with {@link EngineSelector}. */
final class EngineContext extends Ctx {

    @Override
    public Selector createSelector() { // called by the constructor of the superclass, too
        try {
            return new EngineSelector();
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot open a selector", ex);
        }
    }

    @Override
    public boolean closeSelector(Selector selector) {
        try {
            selector.close();
            return true;
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot close a selector", ex);
        }
    }
}
