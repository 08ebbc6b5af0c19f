/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** Passes all signals on; subclasses break one of them. */
class Meddler implements Subscriber<ByteBuffer>, Subscription {

    final Subscriber<? super ByteBuffer> actual;
    Subscription s;

    Meddler(Subscriber<? super ByteBuffer> actual) {
        this.actual = actual;
    }

    static Stage stage(Function<Subscriber<? super ByteBuffer>, Meddler> factory) {
        return Stage.of(bytes -> (Publisher<ByteBuffer>) actual -> bytes.subscribe(factory.apply(actual)));
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        s = subscription;
        actual.onSubscribe(this);
    }

    @Override
    public void onNext(ByteBuffer buffer) {
        actual.onNext(buffer);
    }

    @Override
    public void onError(Throwable ex) {
        actual.onError(ex);
    }

    @Override
    public void onComplete() {
        actual.onComplete();
    }

    @Override
    public void request(long n) {
        s.request(n);
    }

    @Override
    public void cancel() {
        s.cancel();
    }
}
