/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** Breaks rule 2.13 of Reactive Streams: throws at its caller. */
class BrokenSubscriber implements CoreSubscriber<ByteBuffer> {

    @Override
    public void onSubscribe(Subscription s) {
        s.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer buffer) {
        throw new IllegalStateException("I should not throw");
    }

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onComplete() {}
}
