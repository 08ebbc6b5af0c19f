/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.testng.annotations.AfterClass;
import reactor.core.publisher.Flux;

public class FromFileTckTest extends AbstractStageTck<ByteBuffer> {

    private final Path folder = temporary();

    private static Path temporary() {
        try {
            return Files.createTempDirectory("fpipe");
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    @AfterClass
    public void clean() throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    @Override
    protected Flux<ByteBuffer> publisher(int n) {
        try {
            return Chunks.fromFile(Files.write(folder.resolve("of-" + n), new byte[n]), 1);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    @Override
    protected Flux<ByteBuffer> failed() {
        return null; // it fails under demand only
    }
}
