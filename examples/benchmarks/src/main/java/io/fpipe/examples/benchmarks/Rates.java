/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Runs contestants in turn, round by round, and prints the medians and their ratio. */
public final class Rates {

    private static final int WARM_UP = 2;

    private Rates() {}

    /** Prints what it is measured on. */
    public static void printMachine() {
        System.out.printf(
                "%s %s, %d processors, Java %s (%s), heap %d MB%n",
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"),
                System.getProperty("java.vm.vendor"),
                Runtime.getRuntime().maxMemory() >> 20);
    }

    /** Runs both in turn, after two rounds that do not count; each returns the seconds that it took. */
    static void compare(String what, long count, long bytes, int rounds, Callable<Double> ours, Callable<Double> byHand)
            throws Exception {
        double[] a = new double[rounds];
        double[] b = new double[rounds];
        for (int i = -WARM_UP; i < rounds; i++) {
            double x = ours.call();
            double y = byHand.call();
            if (i >= 0) {
                a[i] = x;
                b[i] = y;
            }
        }
        double ratio = median(b) / median(a);
        System.out.println(what + ": fpipe " + rate(a, count, bytes) + ", by hand " + rate(b, count, bytes)
                + String.format(Locale.ROOT, ", ratio %.2f", ratio));
    }

    /** Runs one contestant, and prints its first round, too. */
    static void measure(String what, long count, int rounds, Callable<Double> ours) throws Exception {
        double[] a = new double[rounds];
        double cold = 0;
        for (int i = -WARM_UP; i < rounds; i++) {
            double x = ours.call();
            if (i == -WARM_UP) {
                cold = x;
            } else if (i >= 0) {
                a[i] = x;
            }
        }
        double median = median(a);
        System.out.printf(
                Locale.ROOT,
                "%s: fpipe %s; cold %.3f s, warm %.3f s (%.3f to %.3f)%n",
                what,
                rate(a, count, 0),
                cold,
                median,
                a[0],
                a[rounds - 1]);
    }

    private static String rate(double[] seconds, long count, long bytes) {
        double median = median(seconds);
        double fastest = seconds[0];
        double slowest = seconds[seconds.length - 1];
        String text = String.format(
                Locale.ROOT, "%,.0f/s (%,.0f to %,.0f)", count / median, count / slowest, count / fastest);
        return bytes == 0 ? text : text + String.format(Locale.ROOT, " %,.0f MB/s", bytes / median / 1e6);
    }

    /** The median; sorts. */
    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }
}
