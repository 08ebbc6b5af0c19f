/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.Test;
import reactor.core.publisher.Flux;

/** Runs the Reactive Streams TCK over a publisher that a subclass makes. */
@Test
public abstract class AbstractStageTck<T> extends PublisherVerification<T> {

    private static final int MOST_ELEMENTS = 1000;

    protected AbstractStageTck() {
        super(new TestEnvironment(300, 5, 5), 50);
    }

    /** A publisher of exactly n elements. */
    protected abstract Flux<T> publisher(int n);

    /** The publisher under test on a source that fails. */
    protected abstract Flux<T> failed();

    @Override
    public Publisher<T> createPublisher(long n) {
        return publisher((int) n);
    }

    @Override
    public Publisher<T> createFailedPublisher() {
        return failed();
    }

    @Override
    public long maxElementsFromPublisher() {
        return MOST_ELEMENTS;
    }
}
