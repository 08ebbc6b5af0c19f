/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What a process uses. */
final class Meter {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final long allocated = allocatedNow();
    private final long cpu = SYSTEM.getProcessCpuTime();

    /** The bytes on the heap that the threads which live now have allocated, since this was made. */
    long allocated() {
        return Math.max(0, allocatedNow() - allocated);
    }

    /** The nanoseconds of all threads since this was made. */
    long cpu() {
        return SYSTEM.getProcessCpuTime() - cpu;
    }

    private static long allocatedNow() {
        long sum = 0;
        for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    /** The bytes on the heap after a collection. */
    static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
