/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.compress.Lz4;
import io.fpipe.reactor.compress.Zlib;
import java.util.ArrayList;
import java.util.List;

/** All that is measured. */
final class Works {

    private static final List<String> DATA = List.of("integers", "text", "random");
    private static final List<Integer> SIZES = List.of(4, 64, 256);

    private Works() {}

    /** What is measured, in the order of the table; the shorter list has buffers of 64 KiB only. */
    static List<Cell> cells(boolean all) {
        List<Cell> cells = new ArrayList<>();
        for (String work : List.of("zlib compress", "zlib decompress", "lz4 compress", "lz4 decompress")) {
            for (String data : DATA) {
                for (int kib : SIZES) {
                    if (all || kib == 64) {
                        cells.add(new Cell(work, data, kib));
                    }
                }
            }
        }
        return cells;
    }

    /** Prepares one of them. */
    static Work of(Cell cell) {
        byte[] plain = Samples.of(cell.data());
        int size = cell.kib() << 10;
        return switch (cell.work()) {
            case "zlib compress" ->
                StageWork.there(Zlib.compress(), DeflateByHand.deflate(false), plain, size, Zlib.decompress());
            case "zlib decompress" ->
                StageWork.back(Zlib.decompress(), DeflateByHand.inflate(false), plain, size, Zlib.compress());
            case "lz4 compress" -> StageWork.there(Lz4.compress(), Lz4ByHand::compress, plain, size, Lz4.decompress());
            case "lz4 decompress" ->
                StageWork.back(Lz4.decompress(), Lz4ByHand::decompress, plain, size, Lz4.compress());
            default -> throw new IllegalArgumentException("there is no work " + cell.work());
        };
    }

    /**
     * A line of the table.
     *
     * @param work what is done
     * @param data to which bytes
     * @param kib in source buffers of so many KiB
     */
    record Cell(String work, String data, int kib) {
        @Override
        public String toString() {
            return work + ", " + data + ", " + kib + " KiB";
        }
    }
}
