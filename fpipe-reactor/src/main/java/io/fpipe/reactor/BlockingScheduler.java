/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Reactor's {@code boundedElastic}, without its interrupts: a cancel lets the call that is running finish. An interrupt
 * would close the channel of a file in the middle of a write, and tell of it by an error that nobody waits for.
 */
final class BlockingScheduler implements Scheduler {

    private final Scheduler threads = Schedulers.boundedElastic();

    /** Runs a task that may block: here, or in another thread if this one must not block. */
    static void run(Runnable task) {
        if (Schedulers.isInNonBlockingThread()) {
            Schedulers.boundedElastic().schedule(task);
        } else {
            task.run();
        }
    }

    @Override
    public Disposable schedule(Runnable task) {
        threads.schedule(task);
        return Disposables.never();
    }

    @Override
    public Worker createWorker() {
        Worker worker = threads.createWorker();
        AtomicBoolean disposed = new AtomicBoolean();
        return new Worker() {
            @Override
            public Disposable schedule(Runnable task) {
                worker.schedule(task);
                return Disposables.never();
            }

            @Override
            public void dispose() {
                if (disposed.compareAndSet(false, true)) {
                    worker.schedule(worker::dispose); // as its last task, so that it interrupts none
                }
            }

            @Override
            public boolean isDisposed() {
                return disposed.get();
            }
        };
    }
}
