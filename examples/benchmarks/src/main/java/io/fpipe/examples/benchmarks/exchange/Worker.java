/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A process of a contestant. It answers each order with one line, or {@code error TEXT}, and ends with its input:
 * <ul>
 * <li>{@code serve TASK TRANSPORT}: {@code at ADDRESS}.</li>
 * <li>{@code connect TASK ADDRESS}: {@code connected}.</li>
 * <li>{@code calls SIZE COUNT IN_FLIGHT}, {@code streams NUMBER CHUNKS}, {@code there TASK}: {@code took NANOSECONDS P50
 * P99 P999 MAX ALLOCATED CPU HEAP THREAD}.</li>
 * </ul>
 */
final class Worker {

    private static final int BYTES = 400_000_000;
    private static final int INTEGERS = 1_000_000;

    private final String name;
    private @Nullable Contestant contestant;
    private @Nullable Object value;

    private Worker(String name) {
        this.name = name;
    }

    /** Orders are read by a thread of their own, so that the process ends with its input even when a run hangs. */
    public static void main(String[] args) throws InterruptedException {
        LinkedBlockingQueue<String> orders = new LinkedBlockingQueue<>();
        Thread reader = new Thread(
                () -> {
                    try (BufferedReader in =
                            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
                        for (String line = in.readLine(); line != null; line = in.readLine()) {
                            orders.add(line);
                        }
                    } catch (IOException e) {
                        System.err.println("orders cannot be read: " + e);
                    }
                    Runtime.getRuntime().halt(0);
                },
                "orders");
        reader.start();
        Worker worker = new Worker(args[0]);
        for (String order = orders.take(); ; order = orders.take()) {
            System.out.println(worker.answer(order.split(" ")));
        }
    }

    private String answer(String[] order) {
        try {
            return obey(order);
        } catch (Exception | LinkageError | OutOfMemoryError e) {
            e.printStackTrace();
            return "error " + e.toString().replace('\n', ' ');
        }
    }

    private String obey(String[] order) throws Exception {
        return switch (order[0]) {
            case "serve" -> "at " + contestant().serve(Task.valueOf(order[1]), order[2]);
            case "connect" -> connect(Task.valueOf(order[1]), order[2]);
            case "calls" -> calls(new Calls(number(order[1]), number(order[2]), number(order[3])));
            case "streams" -> streams(new Streams(number(order[1]), number(order[2])));
            case "there" -> there(Task.valueOf(order[1]));
            default -> throw new IllegalArgumentException("no such order: " + order[0]);
        };
    }

    private String connect(Task task, String address) throws Exception {
        contestant().connect(task, address);
        return "connected";
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }

    private Contestant contestant() {
        Contestant present = contestant;
        if (present == null) {
            present = Entrant.contestant(name);
            contestant = present;
        }
        return present;
    }

    private String calls(Calls calls) throws Exception {
        Meter meter = new Meter();
        long start = System.nanoTime();
        contestant().calls(calls);
        String thread = calls.await();
        long nanos = System.nanoTime() - start;
        long[] times = calls.times();
        Arrays.sort(times);
        int last = times.length - 1;
        long[] points = {times[last / 2], times[(int) (last * 0.99)], times[(int) (last * 0.999)], times[last]};
        return took(nanos, points, meter, thread);
    }

    private String streams(Streams streams) throws Exception {
        Meter meter = new Meter();
        long start = System.nanoTime();
        contestant().streams(streams);
        String thread = streams.await();
        return took(System.nanoTime() - start, new long[4], meter, thread);
    }

    private String there(Task task) throws Exception {
        Object object = value == null ? object(task) : value;
        value = object;
        Meter meter = new Meter();
        long start = System.nanoTime();
        Object back = contestant().there(task, object);
        long nanos = System.nanoTime() - start;
        if (back == object || !Objects.deepEquals(back, object)) {
            throw new IllegalStateException("the object came back different");
        }
        return took(nanos, new long[4], meter, "main");
    }

    private static Object object(Task task) {
        if (task != Task.BYTES) {
            List<Integer> integers = IntStream.range(0, INTEGERS).boxed().toList();
            return integers;
        }
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i ^ i >>> 8 ^ i >>> 16);
        }
        return bytes;
    }

    private static String took(long nanos, long[] points, Meter meter, String thread) {
        long allocated = meter.allocated();
        long cpu = meter.cpu();
        return "took " + nanos + " " + points[0] + " " + points[1] + " " + points[2] + " " + points[3] + " " + allocated
                + " " + cpu + " " + Meter.heap() + " " + thread.replace(' ', '_');
    }
}
