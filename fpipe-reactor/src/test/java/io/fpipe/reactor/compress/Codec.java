/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.compress;

import io.fpipe.reactor.Stage;
import java.util.List;

/**
 * A codec as all of them are tested: its options are those they share.
 *
 * @param name the name
 * @param compressor makes the compressing stage
 * @param decompressor makes the decompressing stage
 * @param checked whether a checksum finds all damage
 * @param joins whether several compressed streams, one after the other, are one
 */
record Codec(String name, Compressor compressor, Decompressor decompressor, boolean checked, boolean joins) {

    interface Compressor {
        Stage with(FlushMode flush);
    }

    interface Decompressor {
        Stage with(long maxOutputBytes, TrailingData trailing);
    }

    static List<Codec> all() {
        return List.of(
                new Codec(
                        "zlib",
                        flush -> Zlib.compress(o -> o.flush(flush)),
                        (limit, trailing) ->
                                Zlib.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        true,
                        false),
                new Codec(
                        "gzip",
                        flush -> Gzip.compress(o -> o.flush(flush)),
                        (limit, trailing) ->
                                Gzip.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        true,
                        true),
                new Codec(
                        "deflate",
                        flush -> Deflate.compress(o -> o.flush(flush)),
                        (limit, trailing) ->
                                Deflate.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        false,
                        false),
                new Codec(
                        "LZ4",
                        flush -> Lz4.compress(o -> o.flush(flush)),
                        (limit, trailing) ->
                                Lz4.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        true,
                        true),
                new Codec(
                        "LZ4 with all checksums",
                        flush -> Lz4.compress(o -> o.flush(flush).blockChecksum(true)),
                        (limit, trailing) ->
                                Lz4.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        true,
                        true),
                new Codec(
                        "LZ4 without checksums",
                        flush -> Lz4.compress(o -> o.flush(flush).contentChecksum(false)),
                        (limit, trailing) ->
                                Lz4.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        false,
                        true),
                new Codec(
                        "zstd",
                        flush -> Zstd.compress(o -> o.flush(flush)),
                        (limit, trailing) ->
                                Zstd.decompress(o -> o.maxOutputBytes(limit).trailingData(trailing)),
                        true,
                        true),
                new Codec(
                        "zstd without checksum, in small chunks",
                        flush -> Zstd.compress(
                                o -> o.flush(flush).checksum(false).chunkSize(64)),
                        (limit, trailing) -> Zstd.decompress(o ->
                                o.maxOutputBytes(limit).trailingData(trailing).chunkSize(64)),
                        false,
                        true),
                new Codec(
                        "deflate in small chunks",
                        flush -> Deflate.compress(o -> o.flush(flush).chunkSize(64)),
                        (limit, trailing) -> Deflate.decompress(o ->
                                o.maxOutputBytes(limit).trailingData(trailing).chunkSize(64)),
                        false,
                        false));
    }

    Stage compress() {
        return compressor.with(FlushMode.NONE);
    }

    Stage decompress() {
        return decompress(1 << 20);
    }

    Stage decompress(long maxOutputBytes) {
        return decompressor.with(maxOutputBytes, TrailingData.ERROR);
    }

    Stage decompressIgnoringTrailing() {
        return decompressor.with(1 << 20, TrailingData.IGNORE);
    }

    @Override
    public String toString() {
        return name;
    }
}
