/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.util.concurrent.Callable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Opens things on a thread that may block. */
final class Opening {

    private Opening() {}

    /**
     * Opens for each subscription. Not {@code subscribeOn}: its cancel would interrupt the thread in the middle of a
     * bind, and lose what was opened. What is opened after a cancel is disposed at once.
     */
    static <T extends Disposable> Mono<T> of(Class<T> type, Callable<? extends T> open) {
        return Mono.<T>create(sink -> Schedulers.boundedElastic().schedule(() -> {
                    try {
                        sink.success(open.call());
                    } catch (Exception ex) {
                        sink.error(ex);
                    }
                }))
                .doOnDiscard(type, Disposable::dispose);
    }
}
