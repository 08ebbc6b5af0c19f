/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import java.util.ArrayList;
import java.util.List;

/**
 * Something that all entrants are measured with.
 *
 * @param part what it belongs to: calls, streams, integers or bytes
 * @param task what the servers do
 * @param where "process": tcp within a process, "processes": tcp between two, "inproc"
 * @param order for the client; for calls without the number of calls, which is found out
 * @param size the bytes of a call, or the integers or bytes of what is sent as one
 * @param inFlight how many at once
 */
record Row(String part, Task task, String where, String order, long size, int inFlight) {

    private static final int[] SIZES = {64, 4 << 10, 64 << 10};
    private static final int[] IN_FLIGHT = {1, 16, 256};
    private static final int[] STREAMS = {1, 16};

    /** All rows; each stream has so many bytes. */
    static List<Row> all(long streamBytes) {
        List<Row> rows = new ArrayList<>();
        rows.add(calls("process", 64, 1));
        rows.add(calls("process", 64, 256));
        for (int inFlight : IN_FLIGHT) {
            for (int size : SIZES) {
                rows.add(calls("processes", size, inFlight));
            }
        }
        for (int streams : STREAMS) {
            int chunks = (int) (streamBytes / Streams.CHUNK);
            long bytes = (long) streams * chunks * Streams.CHUNK;
            rows.add(
                    new Row("streams", Task.STREAMS, "processes", "streams " + streams + " " + chunks, bytes, streams));
        }
        for (Task task : List.of(Task.ZLIB, Task.LZ4)) {
            for (String where : List.of("process", "processes")) {
                rows.add(new Row("integers", task, where, "there " + task, 0, 1));
            }
        }
        for (String where : List.of("inproc", "process", "processes")) {
            rows.add(new Row("bytes", Task.BYTES, where, "there " + Task.BYTES, 400_000_000, 1));
        }
        return rows;
    }

    private static Row calls(String where, int size, int inFlight) {
        Task task = inFlight == 1 ? Task.CALL : Task.CALLS;
        return new Row("calls", task, where, "calls " + size + " %d " + inFlight, size, inFlight);
    }

    boolean isCalls() {
        return part.equals("calls");
    }

    String title() {
        String place = switch (where) {
            case "process" -> "tcp within a process";
            case "processes" -> "tcp between two processes";
            default -> "inproc";
        };
        String what = switch (task) {
            case CALL, CALLS -> "calls of " + size + " bytes, " + inFlight + " in flight";
            case STREAMS ->
                inFlight + (inFlight == 1 ? " stream of " : " streams of ") + Math.round(size / 1e6 / inFlight)
                        + " MB there and back";
            case ZLIB -> "1,000,000 integers, zlib level 1";
            case LZ4 -> "1,000,000 integers, LZ4";
            case BYTES -> "400 MB there and back as one object";
        };
        return what + ", " + place;
    }
}
