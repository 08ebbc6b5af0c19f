/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.compress.Deflate;
import io.fpipe.reactor.compress.Gzip;
import io.fpipe.reactor.compress.Lz4;
import io.fpipe.reactor.compress.Shuffle;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.reactor.compress.Zstd;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.reactor.frame.Frames;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** All that is measured. */
final class Works {

    private static final List<String> DATA = List.of("integers", "text", "random");
    private static final List<Integer> SIZES = List.of(4, 64, 256);
    private static final String SMALL = "1,000 x 64 B";
    private static final String LARGE = "1,000 x 1 MiB";

    private Works() {}

    /** What is measured, in the order of the table; the shorter list has Zlib and Lz4 with buffers of 64 KiB only. */
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
        for (String work : List.of("gzip", "deflate", "zstd")) {
            cells.add(new Cell(work + " compress", "text", 64));
            cells.add(new Cell(work + " decompress", "text", 64));
        }
        cells.add(new Cell("zstd compress", "integers", 64));
        cells.add(new Cell("zstd decompress", "integers", 64));
        cells.add(new Cell("shuffle 4", "integers", 64));
        cells.add(new Cell("crc32c append", "random", 64));
        cells.add(new Cell("sha-256 tap", "random", 64));
        cells.add(new Cell("rechunk 48 KiB", "random", 4));
        cells.add(new Cell("rechunk 48 KiB", "random", 64));
        cells.add(new Cell("prepend 1", "random", 4));
        cells.add(new Cell("skip 1", "random", 4));
        cells.add(new Cell("length prefix encode", "random", 4));
        cells.add(new Cell("length prefix decode", "256 B", 64));
        cells.add(new Cell("length prefix decode", "8 KiB", 64));
        cells.add(new Cell("lines decode", "text", 64));
        cells.add(new Cell("cond", SMALL, 64));
        cells.add(new Cell("cond", LARGE, 64));
        return cells;
    }

    /** Prepares one of them. */
    static Work of(Cell cell) {
        int size = cell.kib() << 10;
        return switch (cell.work()) {
            case "cond" -> new CondWork(cell.data().equals(SMALL) ? 64 : 1 << 20, size);
            case "lines decode" ->
                new FramesWork(Frames.lines(), () -> new LineBasedFrameDecoder(1 << 20), Samples.of("text"), size);
            case "length prefix decode" ->
                new FramesWork(
                        Frames.lengthPrefix(4),
                        () -> new LengthFieldBasedFrameDecoder(1 << 20, 0, 4, 0, 4),
                        FramesWork.lengthPrefixed(
                                Samples.of("random"), cell.data().equals("256 B") ? 256 : 8 << 10),
                        size);
            case "gzip decompress",
                    "deflate decompress",
                    "zlib decompress",
                    "lz4 decompress",
                    "zstd decompress",
                    "skip 1" -> back(cell.work(), Samples.of(cell.data()), size);
            default -> there(cell.work(), Samples.of(cell.data()), size);
        };
    }

    private static StageWork there(String work, byte[] plain, int size) {
        Digests sha256 = Digests.digest("SHA-256");
        Frames frames = Frames.lengthPrefix(4);
        Stage tapped = Stage.of(message -> {
            Digests.Tapped tap = sha256.tap(message);
            return tap.bytes().concatWith(tap.digest().map(ByteBuffer::wrap));
        });
        return switch (work) {
            case "zlib compress" ->
                StageWork.there(Zlib.compress(), DeflateByHand.deflate(false), plain, size, Zlib.decompress());
            case "deflate compress" ->
                StageWork.there(Deflate.compress(), DeflateByHand.deflate(true), plain, size, Deflate.decompress());
            case "gzip compress" ->
                StageWork.there(Gzip.compress(), DeflateByHand::gzip, plain, size, Gzip.decompress());
            case "lz4 compress" -> StageWork.there(Lz4.compress(), Lz4ByHand::compress, plain, size, Lz4.decompress());
            case "zstd compress" ->
                StageWork.there(Zstd.compress(), ZstdByHand::compress, plain, size, Zstd.decompress());
            case "shuffle 4" ->
                StageWork.there(Shuffle.shuffle(4), SmallByHand::shuffle, plain, size, Shuffle.unshuffle(4));
            case "crc32c append" ->
                StageWork.there(
                        Digests.crc32c().append(),
                        SmallByHand::crc32c,
                        plain,
                        size,
                        Digests.crc32c().verify());
            case "sha-256 tap" -> StageWork.there(tapped, SmallByHand::sha256, plain, size, sha256.verify());
            case "rechunk 48 KiB" ->
                StageWork.there(Chunks.rechunk(SmallByHand.CHUNK), SmallByHand::rechunk, plain, size, Stage.identity());
            case "prepend 1" ->
                StageWork.there(Prefixes.prepend(1), SmallByHand::prepend, plain, size, Prefixes.skip(1));
            case "length prefix encode" ->
                StageWork.there(
                        Stage.of(frames::encodeWhole),
                        SmallByHand::prefixLengths,
                        plain,
                        size,
                        Stage.of(frames::decodeWhole));
            default -> throw new IllegalArgumentException("there is no work " + work);
        };
    }

    private static StageWork back(String work, byte[] plain, int size) {
        return switch (work) {
            case "zlib decompress" ->
                StageWork.back(Zlib.decompress(), DeflateByHand.inflate(false), plain, size, Zlib.compress());
            case "deflate decompress" ->
                StageWork.back(Deflate.decompress(), DeflateByHand.inflate(true), plain, size, Deflate.compress());
            case "gzip decompress" ->
                StageWork.back(Gzip.decompress(), DeflateByHand::gunzip, plain, size, Gzip.compress());
            case "lz4 decompress" ->
                StageWork.back(Lz4.decompress(), Lz4ByHand::decompress, plain, size, Lz4.compress());
            case "zstd decompress" ->
                StageWork.back(Zstd.decompress(), ZstdByHand::decompress, plain, size, Zstd.compress());
            case "skip 1" -> StageWork.back(Prefixes.skip(1), SmallByHand::skip, plain, size, Prefixes.prepend(1));
            default -> throw new IllegalArgumentException("there is no work " + work);
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
